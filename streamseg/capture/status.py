"""What a source is doing, for those who watch."""

from dataclasses import dataclass
from typing import Literal

SourceState = Literal["connecting", "streaming", "stalled", "backing-off", "failed", "ended"]


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One moment of a source.

    state: stalled means connected, but silent; backing-off: waiting before the next try to connect; a recorded source
    is always streaming. reason: why it is not, in one line without credentials. reconnects: times that a lost stream
    came back. hung: a call that should have ended long ago by its own timeout has not; only the end of the process
    helps.
    """

    state: SourceState = "streaming"
    reason: str | None = None
    reconnects: int = 0
    hung: bool = False


def status_of(source: object) -> SourceStatus:
    """What a source says of itself; those that have nothing to say are streaming."""
    status: SourceStatus = getattr(source, "status", SourceStatus())
    return status
