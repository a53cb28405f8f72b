"""The map: the five stages on one stream, in this process, one frame at a time. Read this first.

    source ----> preprocess ----> network ----> tracker ----> sinks
    capture/     preprocess/      inference/    tracking/     sinks/
         Frame           Sample        Instances     Extraction

`streamseg.open` iterates a Pipeline without sinks, `streamseg.run` drives one per stream. `records` has what flows,
`stages` the contracts, `accounts` what is counted.
"""

import logging
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from threading import Event

from streamseg.accounts import Account
from streamseg.records import Extraction, Frame, Instances, Sample, StreamInfo
from streamseg.stages import Network, Preprocess, Sink, Source, Tracker

log = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 10
"""A stream is given up when this many frames in a row have failed."""


@dataclass(slots=True)
class Pipeline:
    """One stream's five stages. Iterating opens them, yields each frame that every sink has let go, and closes them.

    A frame on which a stage fails is counted, and the stream goes on with the next one. A stream ends early, with the
    error as it was raised, when its source breaks, when a sink fails, or after FAILURES_IN_A_ROW frames. A sample
    without a view is not for the network, which is None where no sample has one.
    """

    source: Source
    preprocess: Preprocess
    network: Network | None
    tracker: Tracker
    sinks: Sequence[Sink] = ()
    account: Account = field(default_factory=Account)
    info: StreamInfo | None = field(default=None, init=False)
    _stopping: Event = field(default_factory=Event, init=False)

    def __iter__(self) -> Generator[Extraction, None, None]:
        """Run the stream from its begin to its end; closing the generator closes the stages."""
        failures = 0
        with ExitStack() as opened:
            opened.callback(self.source.close)
            self.info = self.source.open()
            durable = [_open(sink, self.info, opened) for sink in self.sinks]
            self.account.begin()
            opened.callback(self.account.end)
            for frame in self._capture():
                try:
                    extraction = self._extract(frame)
                    self._deliver(extraction, durable)
                except _StageFailed as failure:
                    failures += 1
                    self._give_up(frame, failure, failures)
                else:
                    failures = 0
                    yield extraction

    def stop(self) -> None:
        """From any thread: capture ends, the frame in flight is finished, the stages are closed."""
        self._stopping.set()
        self.source.close()

    @property
    def stopping(self) -> bool:
        """Whether stop() was called."""
        return self._stopping.is_set()

    def _capture(self) -> Iterator[Frame]:
        """Stage one: what the source hands out, until it ends or is stopped."""
        asked_ns = time.monotonic_ns()
        try:
            for frame in self.source:
                self.account.captured(frame)
                self.account.spent("capture", time.monotonic_ns() - asked_ns)
                yield frame
                if self.stopping:
                    return
                self.account.lost_by_source(self.source.dropped)
                asked_ns = time.monotonic_ns()
        finally:
            self.account.lost_by_source(self.source.dropped)

    def _extract(self, frame: Frame) -> Extraction:
        """Stages two to four: what the project is about."""
        with self._stage("preprocess"):
            sample = self.preprocess(frame)
        instances = self._look(sample)
        with self._stage("tracking"):
            return replace(self.tracker.update(frame, instances, sample.flow), fit=sample.fit)

    def _look(self, sample: Sample) -> Instances | None:
        if not sample.has_view:
            return None
        assert self.network is not None, "there is something to look at"
        with self._stage("inference"):
            [instances] = self.network([sample])
        return instances

    def _deliver(self, extraction: Extraction, durable: list[int]) -> None:
        """Stage five: every sink gets the frame once; one that holds it from before, by its last seq, does not."""
        with self._stage("sinks"):
            for sink, last_seq in zip(self.sinks, durable, strict=True):
                if extraction.frame.seq > last_seq:
                    with self._stage(f"sink:{sink.name}"):
                        self.account.sink(sink.name, written=sink.write(extraction))
        self.account.emitted(extraction)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Count the time that a stage spends on a frame, and put its name to what it raises."""
        began_ns = time.monotonic_ns()
        try:
            yield
        except _StageFailed:
            raise
        except Exception as error:
            raise _StageFailed(name) from error
        self.account.spent(name, time.monotonic_ns() - began_ns)

    def _give_up(self, frame: Frame, failure: "_StageFailed", in_a_row: int) -> None:
        """Give up the frame; and the stream, by raising the stage's own error, where it makes no sense to go on."""
        error = failure.__cause__
        assert error is not None
        self.account.failed(frame.seq, failure.stage)
        log.warning("stream=%s seq=%d failed=%s error=%r", frame.stream, frame.seq, failure.stage, error)
        log.debug("stream=%s seq=%d", frame.stream, frame.seq, exc_info=error)
        if in_a_row >= FAILURES_IN_A_ROW:
            error.add_note(f"{failure.stage} failed, the last of {in_a_row} failures in a row")
        elif not failure.stage.startswith("sink:"):
            return
        raise error from None


class _StageFailed(Exception):
    """A stage raised on one frame; its error is the cause."""

    def __init__(self, stage: str):
        self.stage = stage


def _open(sink: Sink, info: StreamInfo, opened: ExitStack) -> int:
    """Open a sink, to be closed with the others; the last seq that it holds from before, or -1."""
    last_seq = sink.open(info)
    opened.callback(sink.close)
    return last_seq
