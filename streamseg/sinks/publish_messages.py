"""What is published: MessagePack maps with a type and a version. docs/metadata.md is for those who read them."""

from typing import Any

import msgspec

VERSION = 1


class _Message(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    """What every message says.

    version: of this format. run: another one whenever the stream begins anew. number: counts the messages of a topic
    in a run from 0, so that a subscriber sees what it missed.
    """

    version: int = VERSION
    stream: str
    run: str
    number: int


class ObjectsMessage(_Message, frozen=True, tag="objects", kw_only=True):
    """The objects of a frame: the keys of a line of objects.jsonl. time is ISO 8601 UTC or nil; pts in seconds."""

    seq: int
    pts: float
    time: str | None
    objects: list[dict[str, Any]]


class EventMessage(_Message, frozen=True, tag="event", kw_only=True):
    """An event: the keys of a line of events.jsonl, and an id that is the same if it is told again."""

    id: str
    seq: int
    pts: float
    time: str | None
    event: str
    track: int
    label: str
    box: list[float]
    zone: str | None
    line: str | None
    direction: str | None
    seconds: float | None
