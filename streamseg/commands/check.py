"""`streamseg check`: every error of a YAML at once, or what it would run."""

import click

from streamseg.capture.redact import redact
from streamseg.capture.spec import kind_of
from streamseg.commands.grouped_help import ExamplesCommand
from streamseg.config import Config
from streamseg.config_file import load
from streamseg.errors import ConfigError

_EXAMPLES = (
    ("streamseg check streamseg.yaml", "one file"),
    ("streamseg check day.yaml night.yaml && echo fine", "several; the exit status is 2 when any has an error"),
)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def check(files: tuple[str, ...]) -> None:
    """Report every error of every FILE: the key, the value, what is allowed.

    No source is opened. A function that best_shot.scorer names is imported, not called.
    """
    problems = []
    for file in files:
        try:
            click.echo(f"{file}: ok, {_summary(load(file), file)}")
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))


def _scorer_problems(path: str | None, file: str) -> list[str]:
    if path is None:
        return []
    from streamseg.tracking.scorer import Scorer  # with it comes all of tracking

    try:
        Scorer(path)
    except ConfigError as error:
        return [f"{file}: {error}"]
    return []


def _summary(config: Config, file: str) -> str:
    rows, problems = [], _scorer_problems(config.best_shot.scorer, file)
    for i, stream in enumerate(config.streams):
        try:
            rows.append(f"  {stream.name or '(named after its source)'}: {stream.source} ({kind_of(stream.source)})")
        except ConfigError as error:
            problems.append(f"{file}: streams[{i}].source: {error}")
    if problems:
        raise ConfigError("\n".join(problems))
    if not rows:
        return "no streams (give SOURCEs to streamseg run)"
    count = f"{len(rows)} stream{'s' * (len(rows) != 1)}"
    return redact("\n".join([f"{count} to {config.output.dir}", *rows]))
