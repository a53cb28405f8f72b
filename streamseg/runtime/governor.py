"""Holds a live stream to its latency contract: leaves out more while frames come out late, less when they do not."""

import math
from collections import deque
from dataclasses import dataclass

from streamseg.shedding import Shed

_WINDOW_NS = 1_000_000_000
_LEAST_FRAMES, _OLDEST_NS = 3, 10_000_000_000
"""So many frames are looked at, even if it takes longer than the window to see them: key frames alone are rare."""
_SHARE = 0.9
_TOO_LATE, _EARLY = 0.7, 0.35
_UP_NS = 300_000_000
_DOWN_NS = 2_000_000_000
_UNSURE = 4
"""How much longer it must be calm where frames come out neither late nor early."""
_DOWN_MOST_NS = 60_000_000_000
_RELAPSE_NS = 5_000_000_000


@dataclass(slots=True)
class _Change:
    """When the level changed last, and how long it must be calm before it may fall."""

    at_ns: int = 0
    fell: bool = False
    calm_ns: int = _DOWN_NS


class Governor:
    """Chooses how much one stream leaves out.

    One level more whenever the ninetieth percentile of the last second's latencies is beyond 0.7 of the contract, at
    most every 0.3 s. One less after two seconds below 0.35 of it, or eight below 0.7; each time that this proves too
    early, the wait doubles, up to a minute.

    Args:
        contract_ns: longest time from arrival to the last sink.
    """

    def __init__(self, contract_ns: int):
        self.level = Shed.NOTHING
        self._contract_ns = contract_ns
        self._seen: deque[tuple[int, int]] = deque()
        self._change = _Change()

    def observe(self, latency_ns: int, now_ns: int) -> None:
        """A frame came out so late."""
        self._seen.append((now_ns, latency_ns))

    def look(self, oldest_ns: int, now_ns: int) -> Shed:
        """The level to go by now; oldest_ns: how long the oldest frame in flight has been there, 0 for none."""
        while self._seen and self._seen[0][0] < now_ns - self._memory_ns:
            self._seen.popleft()
        late_ns = self._late_ns(oldest_ns)
        if late_ns is None:
            return self.level
        since_ns = now_ns - self._change.at_ns
        if late_ns > _TOO_LATE * self._contract_ns and since_ns >= _UP_NS and self.level < Shed.ALL_BUT_KEY:
            self._rise(now_ns, since_ns)
        elif late_ns <= _TOO_LATE * self._contract_ns and since_ns >= self._calm_ns(late_ns) and self.level:
            self.level = Shed(self.level - 1)
            self._change = _Change(now_ns, fell=True, calm_ns=self._change.calm_ns)
            self._seen.clear()
        return self.level

    @property
    def _memory_ns(self) -> int:
        return _WINDOW_NS if len(self._seen) > _LEAST_FRAMES else _OLDEST_NS

    def _calm_ns(self, late_ns: int) -> int:
        """How long it must have been like this before less is left out."""
        return self._change.calm_ns * (1 if late_ns < _EARLY * self._contract_ns else _UNSURE)

    def _late_ns(self, oldest_ns: int) -> int | None:
        """How late frames come out; None where there are too few to tell."""
        latencies = sorted(latency_ns for _, latency_ns in self._seen)
        told_ns = latencies[math.ceil(_SHARE * len(latencies)) - 1] if len(latencies) >= _LEAST_FRAMES else None
        if oldest_ns > self._contract_ns:
            return max(oldest_ns, told_ns or 0)
        return told_ns

    def _rise(self, now_ns: int, since_ns: int) -> None:
        relapse = self._change.fell and since_ns < _RELAPSE_NS
        calm_ns = min(2 * self._change.calm_ns, _DOWN_MOST_NS) if relapse else self._change.calm_ns
        if not self._change.fell and since_ns > _DOWN_MOST_NS:
            calm_ns = _DOWN_NS
        self.level = Shed(self.level + 1)
        self._change = _Change(now_ns, calm_ns=calm_ns)
        self._seen.clear()
