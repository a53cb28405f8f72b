"""The streams of a run: which begins when, which worker takes it up, how it ends. Knows the crew, never a process."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence

from streamseg.capture.status import SourceStatus
from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError
from streamseg.job import DRAINING
from streamseg.records import StreamInfo
from streamseg.runtime.briefing import NetworkFacts, open_order
from streamseg.runtime.checkpoints import Checkpoints
from streamseg.runtime.contract import Contract
from streamseg.runtime.crew import Crew, Member
from streamseg.runtime.links import Ringer
from streamseg.runtime.messages import (
    Captured,
    Change,
    Closed,
    End,
    Failed,
    Forget,
    Held,
    Map,
    Opened,
    Pause,
    SourceIs,
    Stop,
    StreamReport,
    decode_info,
)
from streamseg.runtime.placement import Placement, WorkerPlan
from streamseg.runtime.readers import Readers, reader_of
from streamseg.runtime.roster import Roster
from streamseg.runtime.stream_run import StreamRun

log = logging.getLogger(__name__)


class Dispatch:
    """Opens streams, hands their memory to the workers that serve them, and ends them.

    Args:
        config: the whole configuration.
        streams: named and checked.
        placement: who lives with whom.
        crew: the workers.
        ringer: connected to those that are ready.
        version: of streamseg, for checkpoints.
        hire: starts one more worker.

    Attributes:
        roster: the streams.
        checkpoints: of them.
        network: what the network is, once it is loaded.
    """

    def __init__(
        self,
        config: Config,
        streams: Sequence[StreamConfig],
        placement: Placement,
        crew: Crew,
        ringer: Ringer,
        *,
        version: str,
        hire: Callable[[WorkerPlan], None],
    ):
        self._config, self._crew, self._ringer = config, crew, ringer
        self._readers = Readers(config, placement, crew, hire)
        self.checkpoints = Checkpoints(config, version, crew)
        self.roster = Roster(config, placement, streams)
        self.network: NetworkFacts | None = None
        self._contract = Contract()
        self._drain_until_s: float | None = None

    @property
    def draining(self) -> bool:
        """Whether the run is ending."""
        return self._drain_until_s is not None

    @property
    def active(self) -> list[StreamRun]:
        """Streams that have begun and not ended."""
        return [run for run in self.roster.runs if run.phase not in ("waiting", "over")]

    @property
    def over(self) -> bool:
        """Whether all have ended, and no others can come."""
        holds = self._config.web.enabled and self._config.web.hold and self._drain_until_s is None
        return not holds and all(run.phase == "over" for run in self.roster.runs)

    def remove(self, run: StreamRun) -> None:
        """No further frames; what is in flight is finished, and then the stream forgotten."""
        run.removed = True
        if run.phase not in ("closing", "over"):
            run.stopped = True
            self.stop(run)

    def pause(self, run: StreamRun, *, on: bool) -> None:
        """Hand out no frames of it for now, or go on."""
        run.paused = on
        if run.phase in ("open", "running"):
            reader = self._crew.members[reader_of(run).name]
            if reader.ready:
                reader.tell(Pause(run.number, on))

    def change(self, run: StreamRun, stream: StreamConfig) -> None:
        """From the next frame on each stage goes by another configuration."""
        run.stream = stream
        if run.phase in ("open", "running", "closing"):
            for plan in self._present(run):
                member = self._crew.members[plan.name]
                if member.ready:
                    member.tell(Change(run.number, stream.model_dump_json().encode()))

    def network_is(self, network: NetworkFacts) -> None:
        """The network is loaded; streams may begin."""
        self.network = network

    def enlist(self, member: Member) -> None:
        """A worker is ready: it takes up the streams that it serves."""
        for run in self.active:
            self._enlist(member, run)

    def hear(self, report: StreamReport) -> None:
        """A worker tells something of a stream."""
        run = self.roster.get(report.stream)
        if run is None:
            return
        match report:
            case Opened(_, info):
                self._opened(run, decode_info(info))
            case SourceIs(_, state, reason, reconnects):
                run.source_is(SourceStatus(state, reason, reconnects))
            case Captured(_, error):
                self._captured(run, error)
            case Held():
                self.checkpoints.held(run)
            case Failed(_, seq, station, error, fatal):
                run.note_failure(seq, station, error)
                if fatal:
                    self.give_up(run, error)
            case Closed(_, station, error):
                run.unclosed.discard(station)
                if error:
                    self.give_up(run, error)

    def _opened(self, run: StreamRun, info: StreamInfo) -> None:
        """Capture knows its stream: frames need a segment, unless there is one for their size."""
        assert self.network is not None
        if run.phase == "closing" or (run.epochs and info.size_hw == run.size_hw):
            return
        first, run.size_hw = run.info is None, info.size_hw
        run.info = run.info or info
        try:
            number = run.new_epoch(self.network.view_hw)
        except ConfigError as error:
            self.give_up(run, str(error))
            return
        run.phase = "running"
        for plan in run.workers:
            member = self._crew.members[plan.name]
            if first and "capture" not in plan.stages:
                self._enlist(member, run)
            elif member.ready:
                self._map(member, run, number)

    def _captured(self, run: StreamRun, error: str | None = None) -> None:
        """Capture has ended: what is in flight drains, and the sinks close."""
        if error:
            run.fail(error)
        if run.phase in ("open", "running"):
            run.phase = "closing"
            if run.info is not None:
                run.unclosed = {s for p in self._present(run) for s in p.stages if s.startswith("sink:")}
                self._tell(run, End(run.number))

    def give_up(self, run: StreamRun, error: str) -> None:
        """The stream cannot go on: no further frames; those in flight are finished."""
        run.fail(error)
        self.stop(run)

    def stop(self, run: StreamRun) -> None:
        """No further frames."""
        self.checkpoints.ends(run)
        if run.phase == "waiting":
            run.phase = "over"
        elif run.phase in ("open", "running"):
            reader = self._crew.members[reader_of(run).name]
            if reader.ready:
                reader.tell(Stop(run.number))
            else:
                self._captured(run)

    def sweep(self, run: StreamRun) -> None:
        """Count what is done with, and tell capture of free slots."""
        for bell in run.sweep():
            self._ringer.ring(reader_of(run).name, bell)

    def tick(self) -> None:
        """Look after every stream; several times a second."""
        if self.network is not None and self._drain_until_s is None:
            self._start_waiting()
        for run in self.active:
            for plan in run.workers:
                if plan.name in self._crew.gone:
                    run.stand_in(plan.stages)
            run.count_drops()
            self.sweep(run)
        self._contract.hold(self.active)
        for run in self.active:
            if run.hopeless and not run.error:
                self.give_up(run, run.hopeless)
            if run.phase == "closing" and not run.unclosed and not run.in_flight:
                self._tell(run, Forget(run.number))
                run.finish()
                self.checkpoints.over(run)
        self.checkpoints.tick(self.active)
        self.roster.forget_removed()
        if self._drain_until_s is not None and time.monotonic() > self._drain_until_s:
            self._abandon()

    def drain(self) -> None:
        """No stream goes on; all are over in runtime.drain_s, one way or the other."""
        if self._drain_until_s is None:
            log.warning(DRAINING)
            self._drain_until_s = time.monotonic() + self._config.runtime.drain_s
            for run in self.roster.runs:
                if run.phase not in ("closing", "over"):  # a stream that has come to its own end is done, not stopped
                    run.stopped = True
                    self.stop(run)

    def died(self, plan: WorkerPlan) -> None:
        """A worker is gone; a successor takes up its streams, but reads none that were to stop."""
        for run in self.active:
            if plan in run.workers:
                run.account.restarted()
                if "capture" in plan.stages:
                    run.source_died()
                    self.checkpoints.source_died(run)
                if "capture" in plan.stages and (run.stopped or run.error):
                    self._captured(run)

    def bereaved(self, plan: WorkerPlan, error: str) -> None:
        """A worker is gone for good: its streams fail, others go on; all fail if no network was ever loaded."""
        for run in self.roster.runs:
            if run.phase == "waiting" and self.network is None and "inference" in plan.stages:
                run.fail(error)
                run.phase = "over"
            elif run.phase not in ("waiting", "over") and plan in run.workers:
                run.fail(error)
                run.stand_in(plan.stages)
                run.unclosed -= set(plan.stages)
                if "capture" in plan.stages:
                    self._captured(run)
                elif not plan.stages[0].startswith("sink:"):
                    self.stop(run)

    def _abandon(self) -> None:
        for run in self.active:
            run.fail(f"not drained within {self._config.runtime.drain_s:g} s: {run.in_flight} frames were in flight")
            run.finish()

    def _start_waiting(self) -> None:
        """Begin streams whose turn it is: live ones at once, as many files at a time as there may be."""
        files = sum(not run.live for run in self.active)
        for run in self.roster.runs:
            if run.phase != "waiting" or (not run.live and files >= self._config.jobs):
                continue
            reader = self._readers.free(self.active)
            if reader is None:
                return
            if not self.checkpoints.begin(run, self._readers.placement.serving(run.number, reader.name)):
                continue
            gone = [plan.name for plan in run.workers if plan.name in self._crew.gone]
            if gone:
                run.fail(f"worker {gone[0]} was given up")
                run.finish()
                continue
            files += not run.live
            self._enlist(reader, run)

    def _enlist(self, member: Member, run: StreamRun) -> None:
        """Have a worker take up a stream, if it serves it and can do so now."""
        captures = "capture" in member.plan.stages
        if member.plan not in run.workers or not member.ready or not (captures or run.info):
            return
        assert self.network is not None
        order = open_order(run, self.network, self._readers.placement, reads=captures and run.phase != "closing")
        member.tell(order, [run.ledger_fd])
        for number in run.epochs:
            self._map(member, run, number)
        if run.phase == "closing":
            member.tell(End(run.number))

    @staticmethod
    def _map(member: Member, run: StreamRun, number: int) -> None:
        epoch = run.epochs[number]
        member.tell(Map(run.number, number, epoch.segment.layout), [epoch.fd])

    def _present(self, run: StreamRun) -> Iterator[WorkerPlan]:
        return (plan for plan in run.workers if plan.name not in self._crew.gone)

    def _tell(self, run: StreamRun, order: End | Forget) -> None:
        for plan in self._present(run):
            if self._crew.members[plan.name].ready:
                self._crew.members[plan.name].tell(order)
