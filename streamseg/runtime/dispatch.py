"""The streams of a run: which begins when, which worker takes it up, how it ends. Knows the crew, never a process."""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError
from streamseg.job import DRAINING
from streamseg.records import StreamInfo
from streamseg.runtime.crew import SUPERVISOR, Crew, Member
from streamseg.runtime.links import Ringer
from streamseg.runtime.messages import End, Forget, Map, Open, Stop, encode_info
from streamseg.runtime.placement import Placement, WorkerPlan
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
    """

    def __init__(
        self, config: Config, streams: Sequence[StreamConfig], placement: Placement, crew: Crew, ringer: Ringer
    ):
        self.runs = [StreamRun(stream, config, i, placement) for i, stream in enumerate(streams)]
        self._config, self._placement, self._crew, self._ringer = config, placement, crew, ringer
        self._network: tuple[tuple[int, int], tuple[str, ...], bool] | None = None
        self._drain_until_s: float | None = None

    @property
    def active(self) -> list[StreamRun]:
        """Streams that have begun and not ended."""
        return [run for run in self.runs if run.phase not in ("waiting", "over")]

    @property
    def over(self) -> bool:
        """Whether all have ended."""
        return all(run.phase == "over" for run in self.runs)

    def network_is(self, view_hw: tuple[int, int], labels: tuple[str, ...], *, motion: bool) -> None:
        """The network is loaded; streams may begin."""
        self._network = view_hw, labels, motion

    def enlist(self, member: Member) -> None:
        """A worker is ready: it takes up the streams that it serves."""
        for run in self.active:
            self._enlist(member, run)

    def opened(self, run: StreamRun, info: StreamInfo) -> None:
        """Capture knows its stream: frames need a segment, unless there is one for their size."""
        assert self._network is not None
        if run.phase == "closing" or (run.epochs and info.size_hw == run.size_hw):
            return
        first, run.size_hw = run.info is None, info.size_hw
        run.info = run.info or info
        try:
            number = run.new_epoch(self._network[0])
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

    def captured(self, run: StreamRun, error: str | None = None) -> None:
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
        if run.phase == "waiting":
            run.phase = "over"
        elif run.phase in ("open", "running"):
            reader = self._crew.members[_reader(run).name]
            if reader.ready:
                reader.tell(Stop(run.number))
            else:
                self.captured(run)

    def sweep(self, run: StreamRun) -> None:
        """Count what is done with, and tell capture of free slots."""
        for bell in run.sweep():
            self._ringer.ring(_reader(run).name, bell)

    def tick(self) -> None:
        """Look after every stream; several times a second."""
        if self._network is not None and self._drain_until_s is None:
            self._start_waiting()
        for run in self.active:
            for plan in run.workers:
                if plan.name in self._crew.gone:
                    run.stand_in(plan.stages)
            run.count_drops()
            self.sweep(run)
            if run.hopeless and not run.error:
                self.give_up(run, run.hopeless)
            if run.phase == "closing" and not run.unclosed and not run.in_flight:
                self._tell(run, Forget(run.number))
                run.finish()
        if self._drain_until_s is not None and time.monotonic() > self._drain_until_s:
            self._abandon()

    def drain(self) -> None:
        """No stream goes on; all are over in runtime.drain_s, one way or the other."""
        if self._drain_until_s is None:
            log.warning(DRAINING)
            self._drain_until_s = time.monotonic() + self._config.runtime.drain_s
            for run in self.runs:
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
                if "capture" in plan.stages and (run.stopped or run.error):
                    self.captured(run)

    def bereaved(self, plan: WorkerPlan, error: str) -> None:
        """A worker is gone for good: its streams fail, others go on; all fail if no network was ever loaded."""
        for run in self.runs:
            if run.phase == "waiting" and self._network is None and "inference" in plan.stages:
                run.fail(error)
                run.phase = "over"
            elif run.phase not in ("waiting", "over") and plan in run.workers:
                run.fail(error)
                run.stand_in(plan.stages)
                run.unclosed -= set(plan.stages)
                if "capture" in plan.stages:
                    self.captured(run)
                elif not plan.stages[0].startswith("sink:"):
                    self.stop(run)

    def _abandon(self) -> None:
        for run in self.active:
            run.fail(f"not drained within {self._config.runtime.drain_s:g} s: {run.in_flight} frames were in flight")
            run.finish()

    def _start_waiting(self) -> None:
        """Begin streams whose turn it is: live ones at once, as many files at a time as there may be."""
        files = sum(not run.live for run in self.active)
        for run in self.runs:
            if run.phase != "waiting" or (not run.live and files >= self._config.jobs):
                continue
            reader = self._free_reader()
            if reader is None:
                return
            run.begin(self._placement.serving(run.number, reader.name))
            gone = [plan.name for plan in run.workers if plan.name in self._crew.gone]
            if gone:
                run.fail(f"worker {gone[0]} was given up")
                run.finish()
                continue
            files += not run.live
            self._enlist(reader, run)

    def _free_reader(self) -> Member | None:
        """The capture worker that reads the fewest streams, if it may read one more."""
        reading = Counter(_reader(run).name for run in self.active)
        readers = [self._crew.members[plan.name] for plan in self._placement.groups[0]]
        able = [member for member in readers if member.ready and member.name not in self._crew.gone]
        free = min(able, key=lambda member: reading[member.name], default=None)
        return free if free and reading[free.name] < self._config.runtime.streams_per_capture else None

    def _enlist(self, member: Member, run: StreamRun) -> None:
        """Have a worker take up a stream, if it serves it and can do so now."""
        captures = "capture" in member.plan.stages
        if member.plan not in run.workers or not member.ready or not (captures or run.info):
            return
        assert self._network is not None
        view_hw, labels, motion = self._network
        order = Open(
            stream=run.number,
            name=run.name,
            config=run.stream.model_dump_json().encode(),
            live=run.live,
            stations=self._placement.stations,
            view_hw=view_hw,
            labels=labels,
            motion=motion,
            neighbours=self._neighbours(run),
            epochs=len(run.epochs),
            info=encode_info(run.info) if run.info else None,
            reads=captures and run.phase != "closing",
        )
        member.tell(order, [run.ledger_fd])
        for number in run.epochs:
            self._map(member, run, number)
        if run.phase == "closing":
            member.tell(End(run.number))

    @staticmethod
    def _map(member: Member, run: StreamRun, number: int) -> None:
        epoch = run.epochs[number]
        member.tell(Map(run.number, number, epoch.segment.layout), [epoch.fd])

    def _neighbours(self, run: StreamRun) -> dict[str, tuple[str, ...]]:
        """For each stage, the workers of the stages that come next; after the last ones the supervisor."""
        host = {stage: plan.name for plan in run.workers for stage in plan.stages}
        after: dict[str, tuple[str, ...]] = {}
        for index, stage in enumerate(("capture", *self._placement.stations), -1):
            below = (i for i, above in enumerate(self._placement.upstream) if above == index)
            after[stage] = tuple(sorted({host[self._placement.stations[i]] for i in below})) or (SUPERVISOR,)
        return after

    def _present(self, run: StreamRun) -> Iterator[WorkerPlan]:
        return (plan for plan in run.workers if plan.name not in self._crew.gone)

    def _tell(self, run: StreamRun, order: End | Forget) -> None:
        for plan in self._present(run):
            if self._crew.members[plan.name].ready:
                self._crew.members[plan.name].tell(order)


def _reader(run: StreamRun) -> WorkerPlan:
    return next(plan for plan in run.workers if "capture" in plan.stages)
