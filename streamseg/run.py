"""A whole job: the streams of a Config as processes (see runtime/), or each a Pipeline in a thread of this one."""

import logging
import os
import signal
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Literal, Self

from rich.console import Console

from streamseg import __version__, progress, summary
from streamseg.accounts import Account
from streamseg.broadcast.check import check_broadcast
from streamseg.capture import expand, open_source
from streamseg.capture.redact import redact
from streamseg.capture.status import SourceStatus, status_of
from streamseg.config import Config, StreamConfig
from streamseg.config_output import OutputConfig
from streamseg.errors import ConfigError, SinkError, SourceError, told
from streamseg.inference import load_network
from streamseg.job import DRAINING, JobStream
from streamseg.pipeline import Pipeline
from streamseg.preprocess import Preprocessor
from streamseg.provenance import model_sha256
from streamseg.sinks import build_sinks, check_delivery, prepare_output
from streamseg.stages import Network, Sink
from streamseg.summary import RunResult, State, StreamResult
from streamseg.tracking import ObjectTracker
from streamseg.tracking.scorer import Scorer

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.1


def run(config: Config, *, json_summary: Path | None = None, verbose: bool = False, file: Path | None = None) -> int:
    """Do the job, print its summary as a table, and return the exit status.

    0 all done; 1 some stream failed; 130 interrupted after a clean drain. json_summary gets a copy of summary.json;
    file is the YAML that config was read from, where changes of a run that is served can be saved.

    Raises:
        ConfigError: before anything starts: sources, classes or the place of results cannot be used.
        ModelError: before any stream starts: the network cannot be loaded.
        SinkError: in the end: the summary cannot be written.
    """
    if json_summary and not json_summary.parent.is_dir():
        raise ConfigError(f"--json-summary {json_summary}: no such folder; it must exist")
    result = execute(config, verbose=verbose, file=file)
    if json_summary:
        summary.write(result, json_summary)
    console = Console()
    console.print(summary.table(result))
    console.print(f"results in {config.output.dir}", markup=False, highlight=False, soft_wrap=True)
    return result.exit_status


def execute(
    config: Config, *, network: Network | None = None, verbose: bool = False, file: Path | None = None
) -> RunResult:
    """Do the job and write summary.json; network stands in for the one that config.model names.

    In the main thread the first SIGINT or SIGTERM drains: capture stops, frames in flight are finished, sinks are
    closed. The second ends the process at once.
    """
    began_s = time.monotonic()
    streams = expand(config.streams)
    if not streams and not (config.web.enabled and config.web.hold):
        raise ConfigError("streams: none; give a source, such as a file, a folder that holds some, or a URL")
    check_delivery(config)
    check_broadcast(config, streams)
    _prepare(config.output)
    in_threads = network is not None or config.runtime.single_process
    if in_threads and config.output.resume:
        raise ConfigError("output.resume: cannot be done with runtime.single_process; leave one of them out")
    if in_threads and config.web.enabled:
        raise ConfigError("web.enabled: cannot be served with runtime.single_process; leave one of them out")
    if in_threads and config.is_broadcast:
        raise ConfigError("broadcast: cannot be done with runtime.single_process; leave one of them out")
    with Signals() as signals:
        if in_threads:
            results = _in_threads(streams, config, network, signals, verbose=verbose)
        else:
            results = _in_processes(streams, config, signals, verbose=verbose, file=file)
    result = RunResult(time.monotonic() - began_s, results)
    summary.write(result, config.output.dir / "summary.json")
    return result


def _in_threads(
    streams: list[StreamConfig], config: Config, network: Network | None, signals: "Signals", *, verbose: bool
) -> dict[str, StreamResult]:
    """All stages in this process, a thread for each stream."""
    weights = model_sha256(config.model) if network is None else None
    jobs = [StreamJob(stream, config, weights) for stream in streams]
    try:
        if config.best_shot.scorer is not None:
            Scorer(config.best_shot.scorer)  # an error before anything starts
        network = network or load_network(config.model)
        check_classes(streams, config, network.labels)
        shown = progress.display(jobs, Console(stderr=True), verbose=verbose)
        _run_all(jobs, network, signals, shown=shown)
    except KeyboardInterrupt:
        log.warning("interrupted before a stream began")
    return {job.name: job.result() for job in jobs}


def _in_processes(
    streams: list[StreamConfig], config: Config, signals: "Signals", *, verbose: bool, file: Path | None
) -> dict[str, StreamResult]:
    """The stages as processes, this one their supervisor."""
    from streamseg.runtime.supervisor import Supervisor

    def check(some: Sequence[StreamConfig], labels: Sequence[str] | None) -> None:
        if labels is not None:
            check_classes(some, config, labels)
        every = {stream.name: stream for stream in (*(run.stream for run in supervisor.runs), *some)}
        check_broadcast(config, every.values())

    supervisor = Supervisor(config, streams, version=__version__, check=check, file=file)
    try:
        with progress.display(supervisor.runs, Console(stderr=True), verbose=verbose) as shown:
            signals.streaming = True
            supervisor.run(lambda: signals.asked, shown.update)
    finally:
        supervisor.close()
    return supervisor.results()


def build(
    stream: StreamConfig,
    config: Config,
    network: Network,
    *,
    sinks: Sequence[Sink] = (),
    account: Account | None = None,
) -> Pipeline:
    """One stream's five stages, as the configuration has them."""
    tracker = ObjectTracker.of(stream, config, network.labels)
    preprocess = Preprocessor.of(stream, config.model, network.view_hw, motion=network.takes_motion)
    return Pipeline(open_source(stream, config.capture), preprocess, network, tracker, sinks, account or Account())


def check_classes(streams: Sequence[StreamConfig], config: Config, labels: Sequence[str]) -> None:
    """ConfigError if a stream, or a section, asks for classes that the network does not know."""
    asked = [(f"classes of stream {stream.name}", config.classes_of(stream)) for stream in streams]
    asked += [("best_shot.classes", config.best_shot.classes), ("clean_plate.classes", config.clean_plate.classes)]
    for whose, classes in [*asked, ("video.privacy_classes", config.video.privacy_classes)]:
        unknown = [name for name in classes or () if name not in labels]
        if unknown:
            raise ConfigError(
                f"{whose}: {', '.join(unknown)}: model {config.model.name} does not know them; "
                f"allowed are {', '.join(labels)}"
            )


@dataclass(slots=True, eq=False)
class StreamJob(JobStream):
    """One stream of the job: run() takes a thread for as long as the stream lasts, all else is for other threads.

    model_sha256: of the network's weights; None where no file holds them.
    """

    model_sha256: str | None = None
    state: Literal["waiting", "running"] | State = field(default="waiting", init=False)
    error: str | None = field(default=None, init=False)
    _pipeline: Pipeline | None = field(default=None, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)

    @property
    def frames(self) -> int | None:
        """How many frames the stream will have, about; None where nobody can tell."""
        return self.frames_of(self._pipeline.info if self._pipeline else None)

    @property
    def source(self) -> SourceStatus:
        """What its source is doing."""
        return status_of(self._pipeline.source) if self._pipeline else SourceStatus()

    def run(self, network: Network) -> None:
        """Run the stream to its end, and keep how it ended; raises nothing."""
        self.state = "running"
        try:
            sinks = build_sinks(self.config, self.stream, version=__version__, model_sha256=self.model_sha256)
            self._pipeline = build(self.stream, self.config, network, sinks=sinks, account=self.account)
            if not self._stopping.is_set():
                deque(self._pipeline, maxlen=0)
        except Exception as error:
            self._ended_by(error)
        else:
            self.state = "stopped" if self._stopping.is_set() else "done"

    def stop(self) -> None:
        """Drain: no further frames, those in flight are finished."""
        self._stopping.set()
        if self._pipeline:
            self._pipeline.stop()

    def result(self) -> StreamResult:
        """How the stream went; one that never began was stopped."""
        state: State = "stopped" if self.state == "waiting" or self.state == "running" else self.state
        return StreamResult(
            redact(self.stream.source), state, self.error, self.account.totals(), self.source.reconnects
        )

    def _ended_by(self, error: Exception) -> None:
        if isinstance(error, SourceError) and self._stopping.is_set():
            self.state = "stopped"  # closed under its reader, a source may break
            return
        self.error, self.state = redact(told(error)), "failed"
        log.error("stream=%s state=failed error=%s", self.name, self.error)
        log.debug("stream=%s", self.name, exc_info=error)


class Signals:
    """SIGINT, SIGTERM and SIGHUP while a job runs: the first asks to drain, the second ends the process at once.

    Before streaming there is nothing to drain: KeyboardInterrupt. Outside the main thread: no effect.
    """

    def __init__(self) -> None:
        self.asked = False
        self.streaming = False
        self._before: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            numbers = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
            self._before = {number: signal.signal(number, self._handle) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGHUP:
            _leave_terminal()
        if self.asked:
            Console(stderr=True).show_cursor()
            os._exit(130)
        self.asked = True
        if not self.streaming:
            raise KeyboardInterrupt


def _leave_terminal() -> None:
    """The terminal is closed, or about to be: what is written to it must not end a job that drains."""
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123  # no path of the user's
        for number in (1, 2):
            if stat.S_ISCHR(os.fstat(number).st_mode):  # isatty() says no once the terminal is gone
                os.dup2(nothing.fileno(), number)


def _run_all(jobs: Sequence[StreamJob], network: Network, signals: Signals, *, shown: progress.Display) -> None:
    """Live streams all at once, the others so many at a time; every stream has ended when this returns."""
    live = [job for job in jobs if job.live]
    at_a_time = jobs[0].config.jobs
    draining = False
    with shown, ThreadPoolExecutor(len(live) or 1, "live") as lives, ThreadPoolExecutor(at_a_time, "file") as files:
        signals.streaming = True
        pending = {(lives if job.live else files).submit(job.run, network) for job in jobs}
        while pending:
            pending = wait(pending, _LOOK_EVERY_S).not_done
            shown.update()
            if signals.asked and not draining:
                draining = True
                log.warning(DRAINING)
                for job in jobs:
                    job.stop()


def _prepare(output: OutputConfig) -> None:
    """prepare_output, where an output that cannot be used is bad usage: nothing has begun."""
    try:
        prepare_output(output)
    except SinkError as error:
        raise ConfigError(f"--out {error}") from error
