"""`streamseg bench`: how fast this machine does the job on a clip, and where the time goes."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streamseg import logs
from streamseg.commands.grouped_help import ExamplesCommand
from streamseg.commands.told_files import require_folders, write_text
from streamseg.config import Config
from streamseg.config_file import load
from streamseg.errors import ConfigError

if TYPE_CHECKING:
    from streamseg.bench.session import Outcome

_EXAMPLES = (
    ("streamseg bench", "this machine, on the built-in street in 1080p"),
    ("streamseg bench gate.mp4 --seconds 60 --rounds 3", "your clip, a minute of it, the median of three"),
    ("streamseg bench gate.mp4 --config configs/files.yaml", "the job as your YAML has it"),
    ("streamseg bench --json bench.json --picture bench.svg", "the figures for a program, and drawn"),
)
_WIDTH = 110
"""Columns of the tables where no terminal says how many there are."""


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("video", metavar="[VIDEO]", required=False)
@click.option(
    "--seconds", type=click.FloatRange(1, 3600), default=20.0, show_default=True,
    help="media time to measure over; VIDEO is repeated, or cut off",
)  # fmt: skip
@click.option("--rounds", type=click.IntRange(1, 99), default=1, show_default=True, help="print the median of N rounds")
@click.option("--config", "file", metavar="FILE", help="YAML of the job; its streams are not used")
@click.option("--json", "json_file", metavar="FILE", type=click.Path(path_type=Path), help="write the figures here too")
@click.option("--picture", metavar="FILE.svg", type=click.Path(path_type=Path), help="draw where the time goes")
def bench(
    video: str | None, seconds: float, rounds: int, file: str | None, json_file: Path | None, picture: Path | None
) -> int:
    """Measure how fast this machine is: decoding alone, then the whole job without and with the annotated video.

    VIDEO is a file; without one it is the built-in street, rendered and encoded first. The job is that of `streamseg
    run`, as processes, as fast as they go, into a temporary folder (TMPDIR) that is removed; nothing is sent anywhere.
    For each stage it tells how long it was busy with a frame, how long frames waited for it, and how long capture was
    blocked. A busy machine gives figures that are too low; docs/speed.md says how to read them.
    """
    if picture is not None and picture.suffix.lower() != ".svg":
        raise ConfigError(f"--picture {picture}: drawings are SVG; give a name that ends in .svg")
    require_folders(json_file, picture)
    config = load(file) if file else Config()
    logs.configure(0)
    from streamseg.bench.clip import STREET
    from streamseg.bench.session import run

    outcome = run(config, video or STREET, seconds=seconds, rounds=rounds, bar=_bar)
    _print(outcome)
    if json_file:
        write_text(json_file, json.dumps(outcome.as_json(), indent=2) + "\n")
    if picture:
        from streamseg.bench.picture import draw

        write_text(picture, draw(outcome))
    return 0


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import Progress

    # drawn seldom: what draws it takes part in what is measured
    with Progress(console=Console(stderr=True), transient=True, refresh_per_second=2) as progress:
        yield partial(progress.advance, progress.add_task(what, total=total))


def _print(outcome: "Outcome") -> None:
    from rich.console import Console

    from streamseg.bench.report import STAGES_NOTE, head, rates, stages

    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH)
    for line in head(outcome):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    jobs = [job for job, cost in outcome.jobs.items() if cost.stages]
    for table in [rates(outcome), *(stages(outcome, job) for job in jobs)]:
        console.print()
        console.print(table)
    one_process = "stages are told apart only where they are processes: runtime.single_process is on"
    console.print(STAGES_NOTE if jobs else one_process, style="dim", highlight=False)
