"""Flags that show the annotated stream elsewhere while a command runs."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from streamseg.commands.grouped_help import GroupedOption

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FLAGS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "--push",
        {
            "metavar": "URL",
            "multiple": True,
            "callback": lambda _context, _option, urls: list(urls) or None,
            "help": "send each stream to rtsp://HOST/{stream} or rtmp://HOST/live/{stream}; may be repeated",
        },
    ),
    ("--hls", {"is_flag": True, "help": "HTTP Live Streaming in DIR/<stream>/hls/live.m3u8"}),
)


def broadcast_flags(command: _Command) -> _Command:
    """Add --push and --hls to a command."""
    for name, settings in reversed(_FLAGS):
        command = click.option(name, cls=GroupedOption, group="Broadcast", **settings)(command)
    return command
