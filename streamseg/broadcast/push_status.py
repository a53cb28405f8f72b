"""How a push gets on, as it is told to others."""

from typing import Literal

import msgspec

PushState = Literal["waiting", "connecting", "streaming", "backing-off", "ended"]
PUSH_STATES: tuple[PushState, ...] = ("waiting", "connecting", "streaming", "backing-off", "ended")


class PushStatus(msgspec.Struct, frozen=True):
    """How a push gets on.

    url: without its password. reason: why it backs off. reconnects: connections after the first one. sent, dropped:
    pictures since it began; dropped ones came while the server was away or slow.
    """

    stream: str
    url: str
    state: PushState
    reason: str | None
    reconnects: int
    sent: int
    dropped: int
