"""Flags that send metadata elsewhere while a command runs."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from streamseg.commands.flag_types import Broker
from streamseg.commands.grouped_help import GroupedOption

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FLAGS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "--publish",
        {"metavar": "ENDPOINT", "help": "objects and events by ZeroMQ at tcp://127.0.0.1:5556 or ipc:///path"},
    ),
    ("--mqtt", {"metavar": Broker.name, "type": Broker(), "help": "events to this MQTT broker, at least once"}),
    ("--webhook", {"metavar": "URL", "help": "POST events to URL, signed by the key in $STREAMSEG_WEBHOOK_KEY"}),
)


def delivery_flags(command: _Command) -> _Command:
    """Add --publish, --mqtt and --webhook to a command."""
    for name, settings in reversed(_FLAGS):
        command = click.option(name, cls=GroupedOption, group="Metadata", **settings)(command)
    return command
