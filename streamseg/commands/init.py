"""`streamseg init`: writes a YAML to start from."""

from pathlib import Path

import click

from streamseg.commands.grouped_help import ExamplesCommand
from streamseg.errors import ConfigError
from streamseg.template import commented_yaml, shipped, shipped_names

_EXAMPLES = (
    ("streamseg init", "streamseg.yaml, with every key"),
    ("streamseg init --like rtsp gate.yaml", "a short file for one use"),
    ("streamseg init - | less", "read it without writing it"),
)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("file", default="streamseg.yaml", required=False)
@click.option("--like", type=click.Choice(shipped_names()), help="start from a shipped example instead of every key")
@click.option("--force", is_flag=True, help="replace FILE if it exists")
def init(file: str, like: str | None, force: bool) -> None:
    """Write a commented YAML to FILE (default: streamseg.yaml; - prints it).

    It holds every key with its default, range and purpose, and one stream that runs as it is.
    """
    text = shipped(like) if like else commented_yaml()
    if file == "-":
        click.echo(text, nl=False)
        return
    try:
        with Path(file).open("w" if force else "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError as error:
        raise ConfigError(f"{file}: exists already; give another name, or --force to replace it") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from error
    click.echo(f"wrote {file}; next: streamseg check {file}, streamseg run --config {file}")
