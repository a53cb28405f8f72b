"""A stream as a worker sees it: its segments, its ledger, and the records of the frames in them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from streamseg.capture.reach import Hosts
from streamseg.config import StreamConfig
from streamseg.records import Cutout, Extraction, Frame, Instances, Sample, StreamInfo, Track
from streamseg.runtime.ledger import Ledger
from streamseg.runtime.packing import pack, unpack
from streamseg.runtime.slots import SlotTable
from streamseg.runtime.store import Area, Segment
from streamseg.runtime.visits import Result


@dataclass(frozen=True, slots=True)
class Harvest:
    """What tracking makes of a frame: an Extraction without its frame."""

    tracks: tuple[Track, ...]
    cutouts: tuple[Cutout, ...] = ()
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """A frame in the store: its stream's segment, slot and generation, and its seq."""

    stream: "Hosted"
    epoch: int
    segment: Segment
    slot: int
    generation: int
    seq: int

    @property
    def table(self) -> SlotTable:
        """The slot table that the frame stands in."""
        return self.segment.table

    @property
    def look(self) -> int:
        """The frame's number among those that the network is to look at, from 1; 0: it is none of them."""
        return int(self.table.note[self.stream.column("preprocess"), self.slot])

    @property
    def was_looked_at(self) -> bool:
        """Whether the network looked at the frame."""
        return bool(self.table.result.item(self.stream.column("inference"), self.slot) == Result.WRITTEN)

    @property
    def network(self) -> int:
        """Which network that was (see messages.Begin); 0 where none did."""
        return int(self.table.note[self.stream.column("inference"), self.slot]) if self.was_looked_at else 0

    def frame(self) -> Frame:
        """The frame, as views of the slot."""
        return unpack(self.segment.area(self.slot, Area.FRAME), Frame)

    def sample(self) -> Sample:
        """The network's view of it."""
        return unpack(self.segment.area(self.slot, Area.SAMPLE), Sample)

    def instances(self) -> Instances:
        """What the network found in it."""
        return unpack(self.segment.area(self.slot, Area.INSTANCES), Instances)

    def extraction(self) -> Extraction:
        """All that is known of it."""
        harvest = unpack(self.segment.area(self.slot, Area.RESULT), Harvest)
        known = harvest.tracks, harvest.cutouts, harvest.degraded, self.sample().fit, self.was_looked_at
        return Extraction(self.frame(), *known)

    def put(self, area: Area, record: Sample | Instances | Harvest) -> None:
        """Write a stage's record; RecordTooBig if it does not fit."""
        pack(record, self.segment.area(self.slot, area))


@dataclass(slots=True, eq=False)
class Hosted:
    """A stream that a worker has taken up.

    stations: names of the table's columns. view_hw, labels, motion: the network's. neighbours: for each of the worker's
    stages, whom to ring. paused: capture is to wait. hosts: which ones its source may name.
    segments: by epoch, oldest first.
    """

    number: int
    name: str
    config: StreamConfig
    live: bool
    stations: tuple[str, ...]
    neighbours: dict[str, tuple[str, ...]]
    ledger: Ledger
    view_hw: tuple[int, int]
    labels: tuple[str, ...]
    motion: bool
    info: StreamInfo | None = None
    paused: bool = False
    hosts: Hosts | None = None
    segments: dict[int, Segment] = field(default_factory=dict)

    def waiting(self, station: int) -> Iterator[Ticket]:
        """Frames that a station still has to let go, by rising seq, ready for it or not."""
        self._forget_drained()
        for epoch, segment in list(self.segments.items()):
            table = segment.table
            for slot in table.waiting(station):
                yield Ticket(self, epoch, segment, int(slot), int(table.generation[slot]), int(table.seq[slot]))

    def _forget_drained(self) -> None:
        """Capture writes only to the newest epoch; an older one that has drained gives its memory back."""
        for epoch in sorted(self.segments)[:-1]:
            if self.segments[epoch].table.in_flight == 0:
                del self.segments[epoch]

    def column(self, stage: str) -> int:
        """The column of a station in the table, and its writer's number in the ledger."""
        return self.stations.index(stage)
