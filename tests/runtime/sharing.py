"""Streams that share a machine, on a clock of its own: what each leaves out, and what comes of it."""

import heapq
from dataclasses import dataclass, field

from streamseg.runtime.governor import Governor
from streamseg.shedding import Shed

MS = 1_000_000
_CORES, _PERIOD_NS, _SLOTS = 2, 40 * MS, 8
DECODE_NS, LOOK_NS, REST_NS = 3 * MS, 25 * MS, 4 * MS
"""What a frame costs to decode, to look at with the network, and otherwise."""


@dataclass
class Machine:
    """Two cores, frames in the order of their arrival; streams of 25 frames a second.

    A frame is dropped where its stream has eight in flight. levels: of each stream, ten times a second.
    """

    streams: int
    contract_ns: int
    now_ns: int = 10**12
    governors: list[Governor] = field(default_factory=list)
    levels: list[list[Shed]] = field(default_factory=list)
    latencies_ns: list[int] = field(default_factory=list)
    busy_ns: int = 0
    looked: int = 0
    _free: list[int] = field(default_factory=lambda: [0] * _CORES)
    _ends: list[tuple[int, int, int]] = field(default_factory=list)
    _in_flight: list[list[int]] = field(default_factory=list)
    _sent: list[int] = field(default_factory=list)

    def __post_init__(self):
        self.governors = [Governor(self.contract_ns) for _ in range(self.streams)]
        self._in_flight, self._sent = [[] for _ in range(self.streams)], [0] * self.streams

    def run(self, seconds: float, take_turns) -> None:
        """Go on; take_turns: what changes the levels."""
        self.busy_ns = self.looked = 0
        self.latencies_ns.clear()
        for _ in range(round(seconds * 1e9) // (10 * MS)):
            self.now_ns += 10 * MS
            for stream in range(self.streams):
                if (self.now_ns // (10 * MS) + stream) % (_PERIOD_NS // (10 * MS)) == 0:
                    self._arrives(stream)
            self._comes_out()
            if self.now_ns % (100 * MS) == 0:
                waits = [self.now_ns - min(ages) if ages else 0 for ages in self._in_flight]
                take_turns(dict(zip(self.governors, waits, strict=True)), self.now_ns)
                self.levels.append([governor.level for governor in self.governors])

    @property
    def p95_ns(self) -> int:
        """Of the latencies of the frames of the last run."""
        return sorted(self.latencies_ns)[int(0.95 * len(self.latencies_ns))]

    def _arrives(self, stream: int) -> None:
        level, count = self.governors[stream].level, self._sent[stream]
        self._sent[stream] += 1
        if (level == Shed.ALL_BUT_KEY and count % 50) or (level == Shed.NON_REFERENCE and count % 2):
            return
        left_out = level < Shed.ALL_BUT_KEY and count % level.keeps_every
        if left_out or len(self._in_flight[stream]) >= _SLOTS:
            self._work(DECODE_NS)
            return
        looks = (count // (1 if level == Shed.ALL_BUT_KEY else level.keeps_every)) % level.detects_every == 0
        self.looked += looks
        self._in_flight[stream].append(self.now_ns)
        heapq.heappush(self._ends, (self._work(DECODE_NS + REST_NS + looks * LOOK_NS), stream, self.now_ns))

    def _work(self, cost_ns: int) -> int:
        """When it is done."""
        end_ns = max(heapq.heappop(self._free), self.now_ns) + cost_ns
        heapq.heappush(self._free, end_ns)
        self.busy_ns += cost_ns
        return end_ns

    def _comes_out(self) -> None:
        while self._ends and self._ends[0][0] <= self.now_ns:
            end_ns, stream, arrived_ns = heapq.heappop(self._ends)
            self._in_flight[stream].remove(arrived_ns)
            self.latencies_ns.append(end_ns - arrived_ns)
            self.governors[stream].observe(end_ns - arrived_ns, end_ns)
