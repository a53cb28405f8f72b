"""Takes the checkpoints of a run, and goes on with those of an earlier one. Recorded streams only.

A checkpoint is taken while nothing is in flight: capture holds, what it has begun is finished, all is stored, capture
goes on. Until then nobody waits for anybody, as a stream's workers may die in between.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from streamseg.config import Config
from streamseg.errors import StreamsegError, told
from streamseg.runtime.checkpoint import RELEASE, Checkpoint, file_of, settings_of
from streamseg.runtime.crew import Crew
from streamseg.runtime.messages import Hold
from streamseg.runtime.placement import WorkerPlan
from streamseg.runtime.readers import reader_of
from streamseg.runtime.stream_run import StreamRun
from streamseg.sinks.outdir import CHECKPOINT, claim_stream, remove_stream

log = logging.getLogger(__name__)

_NOT_REOPENED = ("sink:clips", "sink:clean_plate")
"""What ends with its stream for good: an ended stream that has such results is begun anew."""


@dataclass(slots=True)
class _Clock:
    """Of one stream: when its last checkpoint was taken, or tried; whether capture was told to hold, and holds."""

    last_s: float = field(default_factory=time.monotonic)
    asked: bool = False
    held: bool = False
    ended: bool = False


class Checkpoints:
    """Keeps the checkpoints of a run's streams.

    Args:
        config: runtime.checkpoint_s, output.dir and output.resume matter here.
        version: of streamseg.
        crew: the workers.
    """

    def __init__(self, config: Config, version: str, crew: Crew):
        self._config, self._version, self._crew = config, version, crew
        self._every_s = config.runtime.checkpoint_s
        self._clocks: dict[int, _Clock] = {}

    def begin(self, run: StreamRun, workers: list[WorkerPlan]) -> bool:
        """Begin a stream, where an earlier run left it if one did; False if it is over at once."""
        try:
            found = self._find(run)
        except StreamsegError as error:
            run.fail(told(error))
            run.phase = "over"
            return False
        if found is not None:
            run.account.go_on(found.counts)
            if found.ended == "done":
                run.phase = "over"
                return False
        run.begin(workers)
        if found is not None:
            run.go_on_with(found.states)
            log.info("stream=%s goes on after frame %d", run.name, found.states["capture"].seq)
        return True

    def _find(self, run: StreamRun) -> Checkpoint | None:
        """Where an earlier run left a stream; without such a place all of it is begun anew.

        Raises:
            ConfigError, SinkError: what is there cannot be gone on with.
        """
        if run.live or not self._config.output.resume:
            return None
        folder = self._config.output.dir / run.name
        found = Checkpoint.read(folder)
        if found is not None:
            found.check(self._version, self._settings(run), file_of(run.stream.source), name=run.name)
        if found is None or (found.ended in ("stopped", "failed") and found.states.keys() & set(_NOT_REOPENED)):
            remove_stream(folder)
            log.info("stream=%s begins anew", run.name)
            return None
        return found

    def tick(self, runs: Iterable[StreamRun]) -> None:
        """Take those that are due; several times a second, after what is done with was counted."""
        for run in runs:
            if run.live or not self._every_s or not run.epochs:
                continue
            clock = self._clocks.setdefault(run.number, _Clock())
            if run.phase != "running" or run.stopped or run.error:
                self.ends(run)
            elif clock.held and not run.in_flight:
                self._take(run)
                clock.last_s, clock.asked, clock.held = time.monotonic(), False, False
                self._hold(run, on=False)
            elif not clock.asked and time.monotonic() - clock.last_s >= self._every_s:
                clock.asked = self._hold(run, on=True)

    def held(self, run: StreamRun) -> None:
        """Capture says that it holds."""
        clock = self._clocks.get(run.number)
        if clock is not None:
            clock.held = clock.asked

    def ends(self, run: StreamRun) -> None:
        """If sinks are about to be closed before the stream's own end, say so before they are."""
        clock = self._clocks.get(run.number)
        if clock is None or clock.ended or not (run.stopped or run.error):
            return
        clock.ended = True
        try:
            found = Checkpoint.read(self._config.output.dir / run.name)
        except StreamsegError as error:
            log.warning("stream=%s no checkpoint: %s", run.name, error)
            return
        if found is None:
            return
        noted = self._write(run, msgspec.structs.replace(found, ended="failed" if run.error else "stopped"))
        if not noted and found.states.keys() & set(_NOT_REOPENED):
            # without the note a further run would go on with it
            (self._config.output.dir / run.name / CHECKPOINT).unlink(missing_ok=True)

    def source_died(self, run: StreamRun) -> None:
        """Whoever was to hold is gone; its successor knows of nothing."""
        clock = self._clocks.get(run.number)
        if clock is not None:
            clock.asked = clock.held = False

    def over(self, run: StreamRun) -> None:
        """A stream is over: one that is done need not be done again, should others need a further run."""
        if self._clocks.pop(run.number, None) is not None and run.state == "done":
            self._write(run, Checkpoint(*self._heading(run), run.account.counts(), {}, "done"))

    def end(self, runs: Iterable[StreamRun]) -> None:
        """The run is over: where all is done, nothing is left to go on with."""
        recorded = [run for run in runs if not run.live]
        if all(run.state == "done" for run in recorded):
            for run in recorded:
                (self._config.output.dir / run.name / CHECKPOINT).unlink(missing_ok=True)

    def _hold(self, run: StreamRun, *, on: bool) -> bool:
        """Have capture hold, or go on; False if there is nobody to tell."""
        reader = self._crew.members[reader_of(run).name]
        if reader.ready:
            reader.tell(Hold(run.number, on))
        return reader.ready

    def _take(self, run: StreamRun) -> None:
        began_s = time.monotonic()
        checkpoint = Checkpoint(*self._heading(run), run.account.counts(), run.states())
        self._write(run, checkpoint)
        log.debug("stream=%s checkpoint took_ms=%.1f", run.name, 1e3 * (time.monotonic() - began_s))

    def _heading(self, run: StreamRun) -> tuple[int, str, dict[str, str], tuple[int, int] | None]:
        return RELEASE, self._version, self._settings(run), file_of(run.stream.source)

    def _settings(self, run: StreamRun) -> dict[str, str]:
        return settings_of(self._config, run.stream)

    def _write(self, run: StreamRun, checkpoint: Checkpoint) -> bool:
        """Whether it could be written; one that could not is told, and nothing else: the stream goes on."""
        try:
            checkpoint.write(claim_stream(self._config.output.dir / run.name))
        except StreamsegError as error:
            log.warning("stream=%s no checkpoint: %s", run.name, error)
            return False
        return True
