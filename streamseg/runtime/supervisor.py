"""The supervisor: the command's own process. One thread, one loop: bells, reports, deaths, and a tick.

Bells say that frames may be done with, reports come from the workers, a tick looks after the rest. It never waits for a
worker: whoever is dead or stuck is replaced, and the tables tell a successor what to do.
"""

import logging
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import zmq

from streamseg import errors
from streamseg.capture import is_live
from streamseg.config import Config, StreamConfig
from streamseg.runtime.admission import Admission
from streamseg.runtime.briefing import NetworkFacts
from streamseg.runtime.broadcast_desk import BroadcastDesk
from streamseg.runtime.controls import CheckStreams, Controls
from streamseg.runtime.crew import SUPERVISOR, Crew, Member, hear
from streamseg.runtime.dispatch import Dispatch
from streamseg.runtime.front_door import FrontDoor
from streamseg.runtime.links import BellBox, Ringer
from streamseg.runtime.messages import (
    KEEPER,
    Ask,
    AtWork,
    Begin,
    Broadcasting,
    Log,
    Prepared,
    Ready,
    Refused,
    Report,
    Serving,
)
from streamseg.runtime.placement import WorkerPlan, place
from streamseg.runtime.stall import StallWatch
from streamseg.runtime.stream_run import StreamRun
from streamseg.runtime.swap import NetworkSwap
from streamseg.sinks.retention import Retention
from streamseg.summary import StreamResult

log = logging.getLogger(__name__)

_TICK_S = 0.1
_GOODBYE_S = 2.0
_BELLS_MAX = 4096


class Supervisor:
    """A run from its first worker to its last.

    Args:
        config: the whole configuration; the output folder is prepared.
        streams: named and checked.
        version: of streamseg, for the records.
        check: is told streams and the network's class names (see Controls) before any of them begins.
        file: the YAML that the configuration is of; None: there is none.
    """

    def __init__(
        self,
        config: Config,
        streams: Sequence[StreamConfig],
        *,
        version: str,
        check: CheckStreams,
        file: Path | None = None,
    ):
        self._config, self._check = config, check
        live = sum(is_live(stream.source) for stream in streams)
        placement = place(config, max(1, live + min(config.jobs, len(streams) - live)))
        self._plans = placement.workers()
        self._folder = Path(tempfile.mkdtemp(prefix="streamseg-"))
        self._box = BellBox(f"ipc://{self._folder / SUPERVISOR}", hwm=_BELLS_MAX)
        self._ringer = Ringer(hwm=_BELLS_MAX)
        self._poller = zmq.Poller()
        self._poller.register(self._box.socket, zmq.POLLIN)
        level = logging.getLogger("streamseg").getEffectiveLevel()
        begin = Begin("", (), config.model_dump_json().encode(), version, "", level)
        self._crew = Crew(self._folder, begin, self._box.endpoint)
        self._dispatch = Dispatch(
            config, streams, placement, self._crew, self._ringer, version=version, hire=self._start
        )
        self._door = FrontDoor(config) if config.web.enabled else None
        self._broadcast = BroadcastDesk(config)
        self._swap = NetworkSwap(config, self._dispatch, self._crew)
        self._crew.networks_are(begin.config, self._swap.first_networks)
        self._controls = Controls(
            self._dispatch,
            self._crew,
            self._swap,
            self._broadcast,
            check=check,
            admission=Admission(config.web),
            version=version,
            file=file,
        )
        self._stalls = StallWatch(config.runtime.stall_s, config.runtime.start_s)

    @property
    def runs(self) -> list[StreamRun]:
        """The streams, by their order of coming: a list that changes as they come and go."""
        return self._dispatch.roster.runs

    def results(self) -> dict[str, StreamResult]:
        """How each stream went, by name."""
        return self._dispatch.roster.results()

    def run(self, drains: Callable[[], bool], tick: Callable[[], None]) -> None:
        """Work until every stream is over; close() must follow, whatever happens.

        Args:
            drains: asked several times a second: are frames in flight to be finished, and no others begun?
            tick: called as often.

        Raises:
            ConfigError, ModelError: a worker cannot begin, or a stream asks for what the network does not know.
        """
        for plan in self._plans:
            self._start(plan)
        if self._door is not None:
            self._start(self._door.plan)
        if Retention.asked_for(self._config.output):
            self._start(WorkerPlan("keeper-0", (KEEPER,)))
        due_s = 0.0
        while not self._dispatch.over:
            self._listen(max(0.0, due_s - time.monotonic()))
            if time.monotonic() >= due_s:
                due_s = time.monotonic() + _TICK_S
                if drains():
                    self._dispatch.drain()
                self._dispatch.tick()
                self._broadcast.tick(self.runs, self._crew, self._start)
                self._end_stuck()
                tick()
        self._dispatch.checkpoints.end(self.runs)

    def close(self) -> None:
        """End all workers and leave nothing behind."""
        if self._door is not None:
            self._door.close()
        self._crew.dismiss(_GOODBYE_S)
        self._ringer.close(0)
        self._box.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self, timeout_s: float) -> None:
        """Wait for bells and reports, and do what they ask for."""
        ready = dict(self._poller.poll(round(timeout_s * 1000)))
        for number in {bell.stream for bell in self._box.wait(0)}:
            run = self._dispatch.roster.get(number)
            if run is not None:
                self._dispatch.sweep(run)
        for member in self._crew.present():
            if member.line.fileno() in ready:
                self._hear(member)

    def _start(self, plan: WorkerPlan) -> None:
        member = self._crew.start(plan)
        self._poller.register(member.line.fileno(), zmq.POLLIN)
        if self._door is not None and plan is self._door.plan:
            member.tell(self._door.order())

    def _hear(self, member: Member) -> None:
        reports = hear(member)
        for report in reports or ():
            self._answer(member, report)
        if reports is None:
            self._replace(member)

    def _answer(self, member: Member, report: Report) -> None:
        match report:
            case Log(name, level, text):
                logging.getLogger(name).log(level, "%s", text)
            case Refused(kind, error):
                raise getattr(errors, kind, errors.ConfigError)(error)
            case Ready():
                self._is_ready(member, report)
            case Ask():
                member.tell(self._controls.answer(report))
            case Prepared():
                self._swap.hear(member, report)
            case AtWork():
                member.works = True
            case Broadcasting(pushes):
                member.works = True
                self._broadcast.pushes = pushes
            case Serving(port):
                member.works = True
                if self._door is not None:
                    self._door.opened(port)
            case _:
                self._dispatch.hear(report)

    def _is_ready(self, member: Member, ready: Ready) -> None:
        if ready.view_hw is not None:
            log.info("network=%r", ready.network)
            self._check_streams(ready.labels)
            facts = NetworkFacts(ready.view_hw, ready.labels, ready.motion, ready.network)
            self._dispatch.network_is(facts)
        self._crew.is_ready(member, ready.bells)
        self._ringer.connect(member.name, ready.bells)
        self._dispatch.enlist(member)

    def _check_streams(self, labels: Sequence[str]) -> None:
        """What the run was begun with must fit the network; a stream that came or was changed since fails alone."""
        self._check((), labels)
        for run in self.runs:
            try:
                self._check((run.stream,), labels)
            except errors.ConfigError as error:
                if not run.controlled:
                    raise
                self._dispatch.give_up(run, str(error))

    def _replace(self, member: Member) -> None:
        """A worker is gone: start a successor, or do without."""
        self._poller.unregister(member.line.fileno())
        status = self._crew.bury(member)
        self._ringer.disconnect(member.name)
        runtime = self._config.runtime
        deaths = self._crew.deaths(member, runtime.restarts_s)
        log.warning("worker=%s died status=%d deaths=%d", member.name, status, deaths)
        self._dispatch.died(member.plan)
        self._swap.died(member)
        if deaths <= runtime.restarts:
            self._start(member.plan)
            return
        self._crew.gone.add(member.name)
        within = f"within {runtime.restarts_s:g} s"
        self._dispatch.bereaved(member.plan, f"worker {member.name} died {deaths} times {within}; it is given up")

    def _end_stuck(self) -> None:
        for member in self._stalls.stuck(self._crew.present(), self._dispatch.active):
            log.warning("worker=%s killed: no progress", member.name)
            member.process.send_signal(signal.SIGKILL)
