"""The slot table: where every frame of a stream is, who has let it go, what became of it. The truth of the runtime.

A slot holds one frame at a time; each frame in it is a new generation (u32, from 1; it would wrap after four thousand
million frames in one slot). Stations (preprocess, inference, tracking, each sink) are the columns. The table lives in
shared memory without any lock: every field has one writer, and the field that makes a change visible is written last.

    field                                    writer       written
    seq, pts_ns, arrived_ns, exact, readers  capture      before generation
    late_ns, spent_ns, blocked_ns,           capture      before generation
    published_ns
    generation                               capture      last: the frame is there
    given, tries                             station      before it works on the frame: tries, then given
    result, note, begun_ns, ended_ns         station      before done
    done                                     station      last: it has let the frame go
    struck                                   supervisor   for stations without a living process
    freed                                    supervisor   when the frame is accounted for: capture may write again
    active                                   supervisor   the stations that frames to come must pass
    shed                                     supervisor   how much is left out (Shed); others may read it late

A frame's set of readers is fixed when capture publishes it: a station that joins begins with the next frame, and one
that leaves is struck from the frames that wait for it. A slot is free when all its readers have let go or are struck,
and the supervisor has counted its frame: exactly once, since only the supervisor writes freed, and it outlives all.

Stores of one process are seen by others in the order they were made on x86-64, and after a bell (a system call on both
sides) anywhere. Capture may publish between any two loads: what is asked of the whole table is asked of one copy of the
generations, loaded first.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streamseg.runtime.visits import LOST, POISON_TRIES, Result, Stamp, Visit
from streamseg.shedding import Shed

STATIONS_MAX = 16

_PER_SLOT = [
    ("seq", np.int64),
    ("pts_ns", np.int64),
    ("arrived_ns", np.int64),
    ("late_ns", np.int64),
    ("spent_ns", np.int64),
    ("blocked_ns", np.int64),
    ("published_ns", np.int64),
    ("generation", np.uint32),
    ("freed", np.uint32),
    ("readers", np.uint32),
    ("exact", np.bool_),
]
_PER_STATION = [
    ("begun_ns", np.int64),
    ("ended_ns", np.int64),
    ("given", np.uint32),
    ("done", np.uint32),
    ("struck", np.uint32),
    ("tries", np.uint32),
    ("result", np.uint32),
    ("note", np.uint32),
]


class SlotTable:
    """A view of a table in a writable buffer that all processes share; zeros are an empty table.

    Args:
        buffer: at least SlotTable.size(slots, len(upstream)) bytes.
        slots: how many frames it holds.
        upstream: for each station the one whose result it works on; -1: the frame itself.
    """

    def __init__(self, buffer: memoryview, slots: int, upstream: Sequence[int]):
        if not 0 < len(upstream) <= STATIONS_MAX:
            raise ValueError(f"stations {len(upstream)}: must be 1 to {STATIONS_MAX}")
        self.slots, self.upstream = slots, tuple(upstream)
        at = 8
        self._active = np.frombuffer(buffer, np.uint32, 1, 0)
        self._shed = np.frombuffer(buffer, np.uint32, 1, 4)
        for name, kind in _PER_SLOT:
            setattr(self, name, np.frombuffer(buffer, kind, slots, at))
            at += _padded(slots * np.dtype(kind).itemsize)
        for name, kind in _PER_STATION:
            count = slots * len(upstream)
            setattr(self, name, np.frombuffer(buffer, kind, count, at).reshape(len(upstream), slots))
            at += _padded(count * np.dtype(kind).itemsize)

    seq: npt.NDArray[np.int64]
    pts_ns: npt.NDArray[np.int64]
    arrived_ns: npt.NDArray[np.int64]
    late_ns: npt.NDArray[np.int64]
    spent_ns: npt.NDArray[np.int64]
    blocked_ns: npt.NDArray[np.int64]
    published_ns: npt.NDArray[np.int64]
    generation: npt.NDArray[np.uint32]
    freed: npt.NDArray[np.uint32]
    readers: npt.NDArray[np.uint32]
    exact: npt.NDArray[np.bool_]
    begun_ns: npt.NDArray[np.int64]
    ended_ns: npt.NDArray[np.int64]
    given: npt.NDArray[np.uint32]
    done: npt.NDArray[np.uint32]
    struck: npt.NDArray[np.uint32]
    tries: npt.NDArray[np.uint32]
    result: npt.NDArray[np.uint32]
    note: npt.NDArray[np.uint32]

    @staticmethod
    def size(slots: int, stations: int) -> int:
        """Bytes of a table."""
        per_slot = sum(_padded(slots * np.dtype(kind).itemsize) for _, kind in _PER_SLOT)
        per_station = sum(_padded(slots * stations * np.dtype(kind).itemsize) for _, kind in _PER_STATION)
        return 8 + per_slot + per_station

    # capture

    def claim(self) -> int | None:
        """A free slot to write the next frame into, or None; the frame is not there before publish()."""
        free = np.flatnonzero(self.freed == self.generation)
        return int(free[0]) if len(free) else None

    def publish(self, slot: int, stamp: Stamp) -> int:
        """The frame in a claimed slot is whole: give it to its readers. Returns its generation."""
        for name in Stamp.__slots__:
            getattr(self, name)[slot] = getattr(stamp, name)
        self.readers[slot] = self._active[0]
        generation = int(self.generation[slot]) + 1
        self.generation[slot] = generation
        return generation

    def last(self) -> Stamp | None:
        """The newest frame ever published here: where a successor of capture goes on."""
        used = np.flatnonzero(self.generation)
        if not len(used):
            return None
        slot = used[np.argmax(self.seq[used])]
        return self.stamp(int(slot))

    def stamp(self, slot: int) -> Stamp:
        """What capture told of a slot's frame."""
        return Stamp(**{name: getattr(self, name)[slot].item() for name in Stamp.__slots__})

    # stations

    @property
    def pulse(self) -> bytes:
        """Another one whenever a frame has come, or a station has let one go; a tenth of the work of looking."""
        return self.generation.tobytes() + self.done.tobytes()

    def waiting(self, station: int) -> npt.NDArray[np.intp]:
        """Slots whose frame this station still has to let go, by rising seq, ready for it or not."""
        generation = self.generation.copy()
        mine = (generation != self.freed) & (self.done[station] != generation) & (self.struck[station] != generation)
        mine &= (self.readers >> np.uint32(station)) & np.uint32(1) > 0
        slots = np.flatnonzero(mine)
        return slots[np.argsort(self.seq[slots])]

    def ready(self, slot: int, station: int) -> bool:
        """Whether what the station works on is there."""
        above = self.upstream[station]
        return above < 0 or bool(self.done[above, slot] == self.generation[slot])

    def lost(self, slot: int, station: int) -> bool:
        """Whether the frame had failed or was dropped before it came to this station."""
        above = self.upstream[station]
        while above >= 0:
            # as a plain number: NumPy's own take a hundred times as long to be compared with a member of an Enum
            if self.result.item(above, slot) in LOST:
                return True
            above = self.upstream[above]
        return False

    def begin(self, slot: int, station: int, now_ns: int) -> bool:
        """Before work on a frame; False if it was given to this station too often: it is poison."""
        generation = self.generation[slot]
        tries = int(self.tries[station, slot]) + 1 if self.given[station, slot] == generation else 1
        if tries > POISON_TRIES:
            return False
        self.begun_ns[station, slot] = now_ns
        self.tries[station, slot] = tries
        self.given[station, slot] = generation
        return True

    def owed(self, station: int) -> bool:
        """Whether the station has work to do: a frame that is ready for it."""
        return any(self.ready(slot, station) for slot in map(int, self.waiting(station)))

    def finish(self, slot: int, station: int, result: Result, *, now_ns: int, note: int = 0) -> None:
        """After work on a frame, before let_go(): what came out."""
        if self.given[station, slot] != self.generation[slot]:
            self.begun_ns[station, slot] = now_ns
        self.ended_ns[station, slot] = now_ns
        self.result[station, slot] = result
        self.note[station, slot] = note

    def let_go(self, slot: int, station: int) -> None:
        """The station will not touch this frame again."""
        self.done[station, slot] = self.generation[slot]

    @property
    def shed(self) -> Shed:
        """How much the stream leaves out now."""
        return Shed(int(self._shed[0]))

    # supervisor

    def set_shed(self, level: Shed) -> None:
        """Leave out so much from now on."""
        self._shed[0] = level

    def oldest_ns(self) -> int | None:
        """When the oldest frame in flight should have arrived (monotonic); None where there is none."""
        generation = self.generation.copy()
        flying = np.flatnonzero(generation != self.freed)
        return int((self.arrived_ns[flying] - self.late_ns[flying]).min()) if len(flying) else None

    def set_active(self, stations: Sequence[int]) -> None:
        """Frames to come must pass these stations."""
        self._active[0] = sum(1 << station for station in stations)

    def strike(self, station: int) -> None:
        """No frame waits for this station any more; its process must be gone."""
        self._active[0] &= np.uint32(~(1 << station) & 0xFFFFFFFF)
        self.struck[station] = self.generation

    def retirable(self) -> list[int]:
        """Slots whose frame all readers have let go and nobody has counted yet, by rising seq."""
        generation = self.generation.copy()
        bits = np.uint32(1) << np.arange(len(self.upstream), dtype=np.uint32)
        mine = (self.readers & bits[:, None]) > 0
        open_ = mine & (self.done != generation) & (self.struck != generation)
        slots = np.flatnonzero((generation != self.freed) & ~open_.any(0))
        return [int(slot) for slot in slots[np.argsort(self.seq[slots])]]

    def visits(self, slot: int) -> list[Visit]:
        """What the stations told of a slot's frame, in their order; those that were struck first have told nothing."""
        told = np.flatnonzero(self.done[:, slot] == self.generation[slot])
        return [
            Visit(
                int(station),
                Result(int(self.result[station, slot])),
                int(self.begun_ns[station, slot]),
                int(self.ended_ns[station, slot]),
                int(self.note[station, slot]),
            )
            for station in told
        ]

    def free(self, slot: int) -> None:
        """The slot's frame is accounted for; capture may write the next one."""
        self.freed[slot] = self.generation[slot]

    @property
    def in_flight(self) -> int:
        """Frames published and not yet counted."""
        return int(np.count_nonzero(self.generation != self.freed))


def _padded(size: int) -> int:
    return -(-size // 8) * 8
