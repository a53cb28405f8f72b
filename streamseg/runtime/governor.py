"""Holds a live stream to its latency contract: leaves out more while frames come out late, less when they do not."""

import math
from collections import deque
from dataclasses import dataclass

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

    One level more whenever the ninetieth percentile of the last second's latencies is beyond 0.8 of the contract, by
    frames that arrived since the level changed last; two more if it is beyond four times as much. One less after two
    seconds below 0.4 of it, or eight below 0.8; each time that this proves too early, the wait doubles, up to a minute.

    Where frames are too late even with all left out, the contract is beyond the machine: then no more is left out than
    brings them to within a quarter of the best that was seen on the way.

    Args:
        contract_ns: longest time from arrival to the last sink.
    """

    def __init__(self, contract_ns: int):
        self.level = Shed.NOTHING
        self._contract_ns = contract_ns
        self._seen: deque[tuple[int, int]] = deque()
        self._change = _Change()
        self._late_at: dict[Shed, int] = {}
        """How late frames were at each level of this rise."""
        self._best_ns = 0
        """How late frames are at best, where that is too late; else 0."""
        self.late_ns = 0
        """How late frames were when it last looked."""

    def observe(self, latency_ns: int, now_ns: int) -> None:
        """A frame came out so late."""
        if now_ns - latency_ns >= self._change.at_ns:
            self._seen.append((now_ns, latency_ns))

    def look(self, oldest_ns: int, now_ns: int) -> Shed:
        """The level to go by now; oldest_ns: how long the oldest frame in flight has been there, 0 for none."""
        while self._seen and self._seen[0][0] < now_ns - self._memory_ns:
            self._seen.popleft()
        self._change.at_ns = self._change.at_ns or now_ns + _SETTLING_NS
        told_ns = self._told_ns()
        since_ns = now_ns - self._change.at_ns
        stuck = self._contract_ns < oldest_ns <= since_ns
        late_ns = max(oldest_ns, told_ns or 0) if stuck else told_ns
        if late_ns is None:
            return self.level
        self.late_ns = late_ns
        if late_ns * _MARGIN < self._best_ns:
            self._best_ns = 0  # what is best has changed
        bearable_ns = max(_TOO_LATE * self._contract_ns, _MARGIN * self._best_ns)
        sure = since_ns >= _UP_NS and (stuck or len(self._seen) >= _MANY_FRAMES or since_ns >= _WINDOW_NS)
        if late_ns > bearable_ns and sure:
            self._late_at[self.level] = late_ns
            if self.level < Shed.ALL_BUT_KEY:
                self._rise(now_ns, since_ns, steps=2 if late_ns > _FAR * bearable_ns else 1)
            else:
                self._settle(now_ns)
        elif late_ns <= bearable_ns and since_ns >= self._calm_ns(late_ns) and self.level:
            self._fall(now_ns, Shed(self.level - 1))
        return self.level

    @property
    def _memory_ns(self) -> int:
        return _WINDOW_NS if len(self._seen) > _LEAST_FRAMES else _OLDEST_NS

    def _calm_ns(self, late_ns: int) -> int:
        """How long it must have been like this before less is left out."""
        return self._change.calm_ns * (1 if self._best_ns or late_ns < _EARLY * self._contract_ns else _UNSURE)

    def _told_ns(self) -> int | None:
        """How late frames come out; None where there are too few to tell."""
        latencies = sorted(latency_ns for _, latency_ns in self._seen)
        return latencies[math.ceil(_SHARE * len(latencies)) - 1] if len(latencies) >= _LEAST_FRAMES else None

    def _settle(self, now_ns: int) -> None:
        """All is left out, and it is not enough: go back to where frames were hardly later."""
        self._best_ns = min(self._late_at.values())
        enough = min(level for level, late_ns in self._late_at.items() if late_ns <= _MARGIN * self._best_ns)
        if enough < self.level:
            self._fall(now_ns, enough)

    def _fall(self, now_ns: int, level: Shed) -> None:
        self.level = level
        self._change = _Change(now_ns, fell=True, calm_ns=self._change.calm_ns)
        self._seen.clear()
        self._late_at.clear()

    def _rise(self, now_ns: int, since_ns: int, *, steps: int) -> None:
        relapse = self._change.fell and since_ns < _RELAPSE_NS
        calm_ns = min(2 * self._change.calm_ns, _DOWN_MOST_NS) if relapse else self._change.calm_ns
        if not self._change.fell and since_ns > _DOWN_MOST_NS:
            calm_ns = _DOWN_NS
        self.level = Shed(min(self.level + steps, Shed.ALL_BUT_KEY))
        self._change = _Change(now_ns, calm_ns=calm_ns)
        self._seen.clear()
