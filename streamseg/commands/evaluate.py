"""`streamseg evaluate`: how well a network does on data sets of stills, and on clips with their truth beside them."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streamseg.commands.corruption_types import Kinds, Strengths
from streamseg.commands.flag_types import DetectEvery
from streamseg.commands.grouped_help import ExamplesCommand
from streamseg.commands.told_files import require_folders, write_text
from streamseg.config_file import parse

if TYPE_CHECKING:
    from streamseg.evaluation.session import Outcome
    from streamseg.evaluation.tables import Figures

_EXAMPLES = (
    ("streamseg evaluate coco_full-val.zip penn_fudan-val.zip", "the shipped network on two data sets"),
    ("streamseg evaluate mine.zip --model runs/mine/weights.safetensors --report mine.html", "your own, with pictures"),
    ("streamseg evaluate people.zip --corruptions=fog,h264 --strengths 1,3,5", "how much fog and compression cost"),
    ("streamseg evaluate gate.mp4", "a clip; gate.masks.jsonl or gate.gt.txt lies beside it"),
)
_WIDTH = 100
"""Columns of a table where no terminal says how many there are."""


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", "name", metavar="NAME|FILE", default="s", show_default=True)
@click.option("--runner", type=click.Choice(["auto", "torch", "openvino", "onnx"]), default="auto", show_default=True)
@click.option("--device", metavar="auto|cpu|cuda|cuda:N", default="auto", show_default=True)
@click.option("--precision", type=click.Choice(["auto", "full", "int8"]), default="auto", show_default=True)
@click.option("--side", type=int, default=416, show_default=True, help="side of the square view of stills, px")
@click.option("--score", type=click.FloatRange(0, 1), help="leave out weaker objects; default: of stills rank them all")
@click.option(
    "--detect-every", metavar=DetectEvery.name, type=DetectEvery(),
    help="of clips the network looks at one frame of N, or at those that need it",
)  # fmt: skip
@click.option(
    "--corruptions", metavar="[=a,b]", type=Kinds(), is_flag=False, flag_value="all",
    help="spoil the stills, too: all kinds, those unlike training (=unseen), or those named",
)  # fmt: skip
@click.option("--strengths", metavar="1,3", type=Strengths(), help="of corruptions, 1 to 5; default: all five")
@click.option("--json", "json_file", metavar="FILE", type=click.Path(path_type=Path), help="write the scores here too")
@click.option("--report", "report_file", metavar="FILE", type=click.Path(path_type=Path), help="a page with pictures")
def evaluate(
    data: tuple[Path, ...], corruptions: list[str] | None, strengths: list[int] | None,
    json_file: Path | None, report_file: Path | None, **model: Any,
) -> int:  # fmt: skip
    """Score a network on DATA.

    Zips or folders with annotations.json: mask and box AP (COCO) and boundary AP per category; categories that a data
    set does not annotate completely are left out, as an unmarked object there is no mistake. --corruptions tells how
    much of it noise, blur, weather and compression leave.

    Clips, followed as `streamseg run` does: NAME.masks.jsonl beside one gives J and boundary F of the object that fits
    best, and precision, recall and F of all; NAME.gt.txt (MOTChallenge) gives HOTA, IDF1 and MOTA.
    """
    paths = list(dict.fromkeys(data))
    clips = [path for path in paths if _is_clip(path)]
    stills = [path for path in paths if path not in clips]
    spoilt = _spoilt(stills, corruptions, strengths)
    require_folders(json_file, report_file)
    outcome = _run(stills, clips, model, frames=report_file is not None, **spoilt)
    _print(outcome)
    if json_file:
        write_text(json_file, json.dumps(outcome.as_json(), indent=2) + "\n")
    if report_file:
        from streamseg.evaluation.report import page

        write_text(report_file, page(outcome))
    return 0


def _is_clip(path: Path) -> bool:
    from streamseg.capture.listing import VIDEO_SUFFIXES
    from streamseg.evaluation.clips import beside

    return path.suffix.lower() in VIDEO_SUFFIXES or any(truth.exists() for truth in beside(path))


def _spoilt(
    stills: Sequence[Path], corruptions: list[str] | None, strengths: list[int] | None
) -> dict[str, Sequence[Any]]:
    if strengths and not corruptions:
        raise click.UsageError("--strengths says how strong --corruptions are; give both")
    if not corruptions:
        return {}
    if not stills:
        raise click.UsageError("--corruptions spoils stills, and there are none in DATA")
    from streamseg.evaluation.corruptions import STRENGTHS

    return {"kinds": corruptions, "strengths": strengths or STRENGTHS}


def _run(stills: Sequence[Path], clips: Sequence[Path], model: dict[str, Any], **task: Any) -> "Outcome":
    from rich.markup import escape
    from rich.progress import Progress

    from streamseg.evaluation.session import Task, run
    from streamseg.evaluation.stills import LOWEST_SCORE

    side = model.pop("side")
    chosen = {key: value for key, value in model.items() if value is not None}
    for_stills = parse({"model": {"score": LOWEST_SCORE} | chosen | {"view": (side, side)}}, "evaluate").model
    for_clips = parse({"model": chosen}, "evaluate").model
    with Progress(transient=True) as progress:

        def bar(what: str, total: int | None) -> Callable[[], None]:
            return partial(progress.advance, progress.add_task(escape(what), total=total))

        return run(Task(stills, clips, for_stills, for_clips, for_clips.score, **task), bar)


def _print(outcome: "Outcome") -> None:
    from streamseg.evaluation.tables import corruption_table, identities_table, outlines_table, stills_table

    tables = [
        (outcome.stills_network, stills_table(outcome.stills)),
        (outcome.clips_network, outlines_table(outcome.clips)),
        (outcome.clips_network, identities_table(outcome.clips)),
    ]
    for part in outcome.stills:
        if part.robustness:
            tables += [("", corruption_table(part.name, part.robustness, figure)) for figure in ("ap50", "ap")]
    for network, table in tables:
        if table.rows:
            _print_table(table, table.title or network)


def _print_table(figures: "Figures", title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for place, heading in enumerate(figures.headings):
        # headings of two words on two lines: ten figures fit into 100 columns
        table.add_column(heading.replace(" AP", "\nAP"), justify="right" if place else "left", no_wrap=place > 0)
    for row in figures.rows:
        table.add_row(*map(escape, row), style=None if any(row[1:]) else "bold")
    console.print(f"\n[bold]{escape(title)}[/bold]", highlight=False)
    console.print(table, f"[dim]{escape(figures.note)}[/dim]" if figures.note else "", highlight=False)
