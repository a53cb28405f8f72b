"""One stream as the supervisor sees it: its memory, its accounts, and how far its life has come."""

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from streamseg.capture import redact
from streamseg.capture.reach import Hosts
from streamseg.capture.status import SourceStatus
from streamseg.job import JobStream
from streamseg.pipeline import FAILURES_IN_A_ROW
from streamseg.records import StreamInfo
from streamseg.runtime.bells import Bell
from streamseg.runtime.governor import Governor
from streamseg.runtime.ledger import Committed, Ledger
from streamseg.runtime.metrics import StageTimes
from streamseg.runtime.placement import Placement, WorkerPlan
from streamseg.runtime.slots import SlotTable
from streamseg.runtime.source_reader import capture_state
from streamseg.runtime.store import Layout, Segment, make_memory, make_segment
from streamseg.runtime.visits import PLAIN, Result
from streamseg.shedding import Shed
from streamseg.summary import State, StreamResult

log = logging.getLogger(__name__)

_FAILED = (Result.FAILED, Result.POISON)


@dataclass(slots=True)
class Epoch:
    """A segment, its descriptor, and for each slot the newest generation that the accounts know."""

    fd: int
    segment: Segment
    known: list[int]


@dataclass(slots=True, eq=False)
class StreamRun(JobStream):
    """A stream from its configuration to its result.

    paused: capture hands out no frames. removed: nobody asks for it once it is over. controlled: it was added, or its
    configuration changed, while the run lasts. hosts: which ones its source may name; None: any.
    phase: waiting for its turn; open: capture was told to open it; running: frames flow; closing: capture has ended,
    what is in flight drains, sinks close; over. Everything here belongs to the supervisor's one thread.
    """

    number: int
    placement: Placement
    times: StageTimes = field(default_factory=StageTimes)
    phase: Literal["waiting", "open", "running", "closing", "over"] = "waiting"
    error: str | None = None
    stopped: bool = False
    paused: bool = False
    removed: bool = False
    controlled: bool = False
    hosts: Hosts | None = None
    info: StreamInfo | None = None
    size_hw: tuple[int, int] = (0, 0)
    workers: list[WorkerPlan] = field(default_factory=list)
    unclosed: set[str] = field(default_factory=set)
    struck: set[int] = field(default_factory=set)
    """Columns of sinks that are given up: frames to come need not pass them."""
    epochs: dict[int, Epoch] = field(default_factory=dict)
    ledger_fd: int = -1
    _ledger: Ledger | None = None
    _source: SourceStatus = field(default_factory=SourceStatus)
    _reconnects_before: int = 0
    governor: Governor | None = None
    """Of a live stream with a latency contract, once it has begun."""
    _told_shed: Shed = Shed.NOTHING
    _failures: int = 0
    _last_failure: str = ""

    @property
    def state(self) -> Literal["waiting", "running"] | State:
        """What the progress display says."""
        if self.phase == "over":
            return "failed" if self.error else "stopped" if self.stopped else "done"
        return "waiting" if self.phase == "waiting" else "running"

    @property
    def frames(self) -> int | None:
        """How many frames the stream will have, about; None where nobody can tell."""
        return self.frames_of(self.info)

    @property
    def source(self) -> SourceStatus:
        """What its source is doing."""
        return self._source

    def source_is(self, status: SourceStatus) -> None:
        """Capture tells what its source is doing; its reconnects count on over the deaths of its processes."""
        self._source = replace(status, reconnects=self._reconnects_before + status.reconnects)

    def source_died(self) -> None:
        """Its process is gone."""
        self._reconnects_before = self._source.reconnects
        self._source = SourceStatus("connecting", "the process that read it died", self._reconnects_before)

    def begin(self, workers: list[WorkerPlan]) -> None:
        """Its turn has come: these workers serve it."""
        self.phase, self.workers = "open", workers
        if self.live and self.config.runtime.max_latency_ms is not None:
            self.governor = Governor(round(self.config.runtime.max_latency_ms * 1e6))
        writers = len(self._writers)
        self.ledger_fd = make_memory(f"{self.name}-ledger", Ledger.size(writers))
        self._ledger = Ledger(self.ledger_fd, writers)
        self.account.begin()

    def states(self) -> dict[str, Committed]:
        """What every writer of the ledger has committed, by name."""
        assert self._ledger is not None, "the stream has begun"
        told = {name: self._ledger.committed(writer) for writer, name in enumerate(self._writers)}
        return {name: committed for name, committed in told.items() if committed is not None}

    def go_on_with(self, states: Mapping[str, Committed]) -> None:
        """Put states into the ledger that its writers are to go on with; after begin(), before anybody is told."""
        assert self._ledger is not None, "the stream has begun"
        for writer, name in enumerate(self._writers):
            if name in states:
                self._ledger.commit(writer, states[name].seq, states[name].state)

    @property
    def _writers(self) -> tuple[str, ...]:
        """Who writes into the ledger, by their numbers there."""
        return (*self.placement.stations, "capture")

    def new_epoch(self, view_hw: tuple[int, int]) -> int:
        """Make a segment for frames of size_hw; ConfigError if there is no memory for it."""
        placement, slots = self.placement, self.config.runtime.slots
        layout = Layout.of(self.size_hw, view_hw, slots=slots, upstream=placement.upstream)
        fd = make_segment(self.name, layout)
        number = max(self.epochs, default=0) + 1
        segment = Segment(fd, layout)
        segment.table.set_active([i for i in range(len(placement.stations)) if i not in self.struck])
        self.epochs[number] = Epoch(fd, segment, [0] * slots)
        return number

    def sweep(self) -> Iterator[Bell]:
        """Count what has come and what is done with; a bell for each slot that became free."""
        for number, epoch in list(self.epochs.items()):
            table = epoch.segment.table
            done = table.retirable()  # first: a frame may come and go while arrivals are counted
            self._count_arrivals(epoch)
            for slot in done:
                self._retire(epoch, slot)
                table.free(slot)
                yield Bell(self.number, number, slot, int(table.generation[slot]))
            if number < max(self.epochs) and table.in_flight == 0:
                os.close(self.epochs.pop(number).fd)

    @property
    def shed(self) -> Shed:
        """How much it leaves out now."""
        return self.governor.level if self.governor is not None else Shed.NOTHING

    def oldest_ns(self, now_ns: int) -> int:
        """How long its oldest frame in flight has been there; 0 for none."""
        arrivals = (epoch.segment.table.oldest_ns() for epoch in self.epochs.values())
        return max((now_ns - arrived for arrived in arrivals if arrived is not None), default=0)

    def follow_governor(self) -> None:
        """Tell the stations how much is left out now."""
        if self.governor is None:
            return
        level = self.governor.level
        for epoch in self.epochs.values():
            epoch.segment.table.set_shed(level)
        if level != self._told_shed:
            self._told_shed = level
            log.info("stream=%s shed=%s late_ms=%.0f", self.name, level.name.lower(), self.governor.late_ns / 1e6)

    def count_drops(self) -> None:
        """Take over what capture has dropped before it came to a slot."""
        if self._ledger is not None:
            self.account.lost_by_source(capture_state(self._ledger, len(self.placement.stations)).dropped)

    def fail(self, error: str) -> None:
        """The stream cannot go on; the first reason stands."""
        if self.error is None:
            self.error = redact(error)
            log.error("stream=%s state=failed error=%s", self.name, self.error)

    def note_failure(self, seq: int, station: str, error: str) -> None:
        """A frame failed, says a worker."""
        self._last_failure = f"{error}; {station} failed, the last of {FAILURES_IN_A_ROW} failures in a row"
        log.warning("stream=%s seq=%d failed=%s error=%s", self.name, seq, station, error)

    @property
    def hopeless(self) -> str | None:
        """Why the stream makes no sense any more, if too many frames failed in a row."""
        return self._last_failure if self._failures >= FAILURES_IN_A_ROW else None

    def stand_in(self, stages: Sequence[str]) -> None:
        """For stages that have no worker any more: a sink is struck from the readers, others fail every frame."""
        for stage in stages:
            if stage != "capture":
                column = self.placement.stations.index(stage)
                for epoch in self.epochs.values():
                    if stage.startswith("sink:"):
                        epoch.segment.table.strike(column)
                        self.struck.add(column)
                    else:
                        _fail_waiting(epoch.segment.table, column)

    @property
    def in_flight(self) -> int:
        """Frames that are not accounted for yet."""
        return sum(epoch.segment.table.in_flight for epoch in self.epochs.values())

    @property
    def slots(self) -> int:
        """How many frames it can have in flight now."""
        return sum(epoch.segment.table.slots for epoch in self.epochs.values())

    def waiting(self) -> dict[str, int]:
        """How many frames each station has still to let go."""
        tables = [epoch.segment.table for epoch in self.epochs.values()]
        stations = self.placement.stations
        return {name: sum(len(table.waiting(i)) for table in tables) for i, name in enumerate(stations)}

    def finish(self) -> None:
        """All is accounted for, or never will be: give the memory back."""
        self.count_drops()
        for _ in self.sweep():
            pass
        self.phase = "over"
        self.account.end()
        for epoch in self.epochs.values():
            os.close(epoch.fd)
        if self.ledger_fd >= 0:
            os.close(self.ledger_fd)
        self.epochs.clear()
        self.ledger_fd, self._ledger = -1, None

    def result(self) -> StreamResult:
        """How the stream went; one that never began was stopped."""
        state: State = "stopped" if self.state == "waiting" or self.state == "running" else self.state
        source, totals = redact(self.stream.source), self.account.totals()
        return StreamResult(source, state, self.error, totals, self.source.reconnects, self.times.stages)

    def _count_arrivals(self, epoch: Epoch) -> None:
        table = epoch.segment.table
        for slot, generation in enumerate(table.generation.tolist()):
            if generation != epoch.known[slot]:
                epoch.known[slot] = generation
                self.account.arrived(int(table.seq[slot]), int(table.arrived_ns[slot]))

    def _retire(self, epoch: Epoch, slot: int) -> None:
        """Give a frame its one fate."""
        table = epoch.segment.table
        stations, stamp, visits = self.placement.stations, table.stamp(slot), table.visits(slot)
        self.times.frame(self.account, stamp, [(stations[visit.station], visit) for visit in visits])
        for visit in visits:
            station = stations[visit.station]
            if station.startswith("sink:") and visit.result in (Result.WRITTEN, Result.SKIPPED):
                self.account.sink(station.removeprefix("sink:"), written=visit.result == Result.WRITTEN)
        failed = next((visit for visit in visits if visit.result in _FAILED), None)
        if failed is not None:
            self._failures += 1
            self.account.failed(stamp.seq, "poison" if failed.result == Result.POISON else stations[failed.station])
        elif any(visit.result == Result.STALE for visit in visits):
            self.account.dropped(stamp.seq, "stale")
        else:
            self._failures = 0
            ended_ns = max(visit.ended_ns for visit in visits)
            note = sum(visit.note for visit in visits if stations[visit.station] == "tracking")
            degraded = ["detection"] if any(visit.result == Result.NOT_RUN for visit in visits) else []
            degraded += ["matte"] if note & PLAIN else []
            self.account.retired(stamp.seq, ended_ns, objects=note & ~PLAIN, degraded=degraded)
            if self.governor is not None:
                self.governor.observe(ended_ns - stamp.arrived_ns + stamp.late_ns, time.monotonic_ns())


def _fail_waiting(table: SlotTable, column: int) -> None:
    for slot in map(int, table.waiting(column)):
        if table.ready(slot, column):
            result = Result.PASSED if table.lost(slot, column) else Result.FAILED
            table.finish(slot, column, result, now_ns=time.monotonic_ns())
            table.let_go(slot, column)
