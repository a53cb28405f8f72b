"""Holds the live streams of a run to their latency contracts, together: they share one machine."""

import math
import time
from collections.abc import Mapping, Sequence

from streamseg.runtime.governor import Governor
from streamseg.runtime.stream_run import StreamRun

_CALM_NS, _CALM_MOST_NS = 2_000_000_000, 60_000_000_000
_RELAPSE_NS = 5_000_000_000


class Contract:
    """Lets streams change what they leave out, a few at a time.

    Each is late because of all: if all left out more at once, that would be far too much, and far too little when all
    came back. So a quarter of them leave out more, those that leave out least, or an eighth of them less, those that
    leave out most; then all look anew. Only where most are far too late, all leave out more.

    Less is left out after two seconds in which frames came out early. Where that proves too early within five seconds,
    the wait doubles, up to a minute; each time that it holds, the wait is half as long.
    """

    def __init__(self) -> None:
        self._calm_ns = _CALM_NS
        self._changed_ns = 0
        self._fell = False

    def hold(self, runs: Sequence[StreamRun]) -> None:
        """Look at how late each stream is, and change what they leave out; several times a second."""
        now_ns = time.monotonic_ns()
        self.look({run.governor: run.oldest_ns(now_ns) for run in runs if run.governor is not None}, now_ns)
        for run in runs:
            run.follow_governor()

    def look(self, oldest_ns: Mapping[Governor, int], now_ns: int) -> None:
        """The same for governors; oldest_ns: how long the oldest frame in flight of each has been there, 0 for none."""
        wanted = {governor: governor.wants(oldest, now_ns, self._calm_ns) for governor, oldest in oldest_ns.items()}
        rise = sorted((g for g, level in wanted.items() if level > g.level), key=lambda g: g.level)
        fall = sorted((g for g, level in wanted.items() if level < g.level), key=lambda g: -g.level)
        far = sum(wanted[governor] - governor.level > 1 for governor in rise)
        quarter, eighth = math.ceil(len(wanted) / 4), math.ceil(len(wanted) / 8)
        turn = (rise if 2 * far > len(wanted) else rise[:quarter]) or fall[:eighth]
        if not turn:
            return
        for governor in wanted:
            if governor in turn:
                governor.go_to(wanted[governor], now_ns)
            else:
                governor.begin_anew(now_ns)
        self._changed(now_ns, fell=not rise)

    def _changed(self, now_ns: int, *, fell: bool) -> None:
        """Learn from a change when the next one may be."""
        since_ns = now_ns - self._changed_ns
        if fell:
            self._calm_ns = max(self._calm_ns // 2, _CALM_NS) if self._fell else self._calm_ns
        elif self._fell and since_ns < _RELAPSE_NS:
            self._calm_ns = min(2 * self._calm_ns, _CALM_MOST_NS)
        elif since_ns > _CALM_MOST_NS:
            self._calm_ns = _CALM_NS
        self._changed_ns, self._fell = now_ns, fell
