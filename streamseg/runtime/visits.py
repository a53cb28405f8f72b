"""What is told of a frame in a slot: by capture as it publishes it (Stamp), by each station that it visits (Visit)."""

from dataclasses import dataclass
from enum import IntEnum

POISON_TRIES = 2
"""A frame that was given so often to a station without coming back is poison."""
PLAIN = 1 << 31
"""In the note of tracking: cut-outs of the frame have plain mattes, for want of time."""


class Result(IntEnum):
    """What a station made of a frame."""

    NONE = 0
    WRITTEN = 1
    """Done; for a sink: it took the frame."""
    SKIPPED = 2
    """A sink let the frame pass, and counts it."""
    FAILED = 3
    POISON = 4
    """It killed the station's process POISON_TRIES times."""
    STALE = 5
    """A newer frame of a live stream was there."""
    PASSED = 6
    """Not looked at: it had failed or was dropped before."""
    NOT_RUN = 7
    """The network did not look at it, for want of time; tracks are moved along."""
    BETWEEN = 8
    """The network was not to look at it (model.detect_every); tracks are moved along."""


LOST = (Result.FAILED, Result.POISON, Result.STALE)
"""Results that end a frame: later stations only pass it on."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What capture tells of a frame when it publishes it; see records.Place.

    late_ns: see Frame; spent_ns: how long the source took for it; blocked_ns: how long it waited for a slot;
    published_ns: monotonic.
    """

    seq: int
    pts_ns: int
    arrived_ns: int
    exact: bool = True
    late_ns: int = 0
    spent_ns: int = 0
    blocked_ns: int = 0
    published_ns: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """What a station told of a frame: its result, a note (a number of its own), when it worked on it (monotonic)."""

    station: int
    result: Result
    begun_ns: int
    ended_ns: int
    note: int
