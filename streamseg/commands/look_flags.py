"""Flags that say what pictures look like, the same for every command that makes some."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from streamseg.commands.flag_types import Names
from streamseg.commands.grouped_help import GroupedOption

DRAWN = ("masks", "outlines", "labels", "trails")
_PRIVACY = ("blur", "pixelate", "fill")
_Command = TypeVar("_Command", bound=Callable[..., Any])


class Drawn(click.ParamType[list[str]]):
    """What is drawn on the annotated video, names with commas between, or none."""

    name = f"{','.join(DRAWN)}|none"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        names = [] if str(value) == "none" else [name.strip() for name in str(value).split(",")]
        unknown = [name for name in names if name not in DRAWN]
        if unknown:
            self.fail(
                f"{unknown[0]!r} is not drawn; allowed are {', '.join(DRAWN)}, with commas between, or none", param, ctx
            )
        return names


def look_flags(command: _Command) -> _Command:
    """Add --draw, --privacy, --privacy-classes and --clean-plate to a command."""
    flags = (
        (["--draw"], {"type": Drawn(), "metavar": Drawn.name, "help": "what the annotated video shows; default: all"}),
        (
            ["--privacy"],
            {"type": click.Choice(_PRIVACY), "metavar": "|".join(_PRIVACY), "help": "make objects unrecognisable"},
        ),
        (
            ["--privacy-classes"],
            {"type": Names(), "metavar": "a,b", "help": "only these; default: all that are tracked"},
        ),
        (["--clean-plate"], {"is_flag": True, "help": "the scene without its moving objects, as video and image"}),
    )
    for names, settings in reversed(flags):
        command = click.option(*names, cls=GroupedOption, group="Looks", **settings)(command)
    return command
