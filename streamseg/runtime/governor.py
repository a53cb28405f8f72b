"""Says how much a live stream is to leave out: more while frames come out late, less when they do not."""

import math
from collections import deque

from streamseg.shedding import Shed

_WINDOW_NS = 1_000_000_000
_LEAST_FRAMES, _OLDEST_NS = 3, 10_000_000_000
"""So many frames are looked at, even if it takes longer than the window to see them: key frames alone are rare."""
_MANY_FRAMES = 10
"""Enough not to be misled by a single late one, however soon they are seen."""
_SHARE = 0.9
_TOO_LATE, _EARLY = 0.8, 0.4
_FAR = 4
_MARGIN = 1.25
"""Where the contract cannot be met, so much later than at best is as good."""
_SETTLING_NS = 2_000_000_000
"""At its begin a stream has everything to do at once: all that it shows is new."""
_UP_NS = 300_000_000
_UNSURE = 4
"""How much longer it must be calm where frames come out neither late nor early."""


class Governor:
    """Chooses how much one stream leaves out; when it may, contract.py says.

    One level more where the ninetieth percentile of the last second's latencies is beyond 0.8 of the contract, by
    frames that arrived since the last change; two more if it is beyond four times as much. One less after a while below
    0.4 of it, or four times as long below 0.8.

    Where frames are too late even with all left out, the contract is beyond the machine: then no more is left out than
    brings them to within a quarter of the best that was seen on the way.

    Args:
        contract_ns: longest time from arrival to the last sink.
    """

    def __init__(self, contract_ns: int):
        self.level = Shed.NOTHING
        self._contract_ns = contract_ns
        self._seen: deque[tuple[int, int]] = deque()
        self._changed_ns = 0
        """When its level, or that of another stream, changed last."""
        self._late_at: dict[Shed, int] = {}
        """How late frames were at each level of this rise."""
        self._best_ns = 0
        """How late frames are at best, where that is too late; else 0."""
        self.late_ns = 0
        """How late frames were when it last looked."""

    def observe(self, latency_ns: int, now_ns: int) -> None:
        """A frame came out so late."""
        if now_ns - latency_ns >= self._changed_ns:
            self._seen.append((now_ns, latency_ns))

    def wants(self, oldest_ns: int, now_ns: int, calm_ns: int) -> Shed:
        """The level that it should go to now.

        Args:
            oldest_ns: how long the oldest frame in flight has been there, 0 for none.
            now_ns: monotonic.
            calm_ns: how long frames must have come out early before less is left out.
        """
        while self._seen and self._seen[0][0] < now_ns - self._memory_ns:
            self._seen.popleft()
        self._changed_ns = self._changed_ns or now_ns + _SETTLING_NS
        told_ns, since_ns = self._told_ns(), now_ns - self._changed_ns
        stuck = self._contract_ns < oldest_ns <= since_ns
        late_ns = max(oldest_ns, told_ns or 0) if stuck else told_ns
        if late_ns is None:
            return self.level
        self.late_ns = late_ns
        if late_ns * _MARGIN < self._best_ns:
            self._best_ns = 0  # what is best has changed
        bearable_ns = max(_TOO_LATE * self._contract_ns, _MARGIN * self._best_ns)
        if late_ns > bearable_ns:
            sure = since_ns >= _UP_NS and (stuck or len(self._seen) >= _MANY_FRAMES or since_ns >= _WINDOW_NS)
            return self._more(late_ns, far=late_ns > _FAR * bearable_ns) if sure else self.level
        early = self._best_ns or late_ns < _EARLY * self._contract_ns
        calm = since_ns >= calm_ns * (1 if early else _UNSURE)
        return Shed(self.level - 1) if self.level and calm else self.level

    def go_to(self, level: Shed, now_ns: int) -> None:
        """Leave out as much from now on."""
        if level < self.level:
            self._late_at.clear()
        self.level = level
        self.begin_anew(now_ns)

    def begin_anew(self, now_ns: int) -> None:
        """Only frames that arrive from now on tell how late they are: this stream, or another, has changed."""
        if self._changed_ns < now_ns:
            self._changed_ns = now_ns
            self._seen.clear()

    @property
    def _memory_ns(self) -> int:
        return _WINDOW_NS if len(self._seen) > _LEAST_FRAMES else _OLDEST_NS

    def _told_ns(self) -> int | None:
        """How late frames come out; None where there are too few to tell."""
        latencies = sorted(latency_ns for _, latency_ns in self._seen)
        return latencies[math.ceil(_SHARE * len(latencies)) - 1] if len(latencies) >= _LEAST_FRAMES else None

    def _more(self, late_ns: int, *, far: bool) -> Shed:
        """What to leave out where frames are too late.

        If all is left out already, and it is not enough: the least with which they were hardly later.
        """
        self._late_at[self.level] = late_ns
        if self.level < Shed.ALL_BUT_KEY:
            return Shed(min(self.level + (2 if far else 1), Shed.ALL_BUT_KEY))
        self._best_ns = min(self._late_at.values())
        return min(level for level, late_ns in self._late_at.items() if late_ns <= _MARGIN * self._best_ns)
