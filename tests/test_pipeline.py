"""The five stages in one process: order, accounts, and what a failing stage costs."""

import logging
from collections import Counter
from collections.abc import Iterator

import pytest

from streamseg.errors import SinkError, SourceError
from streamseg.pipeline import FAILURES_IN_A_ROW, Pipeline
from streamseg.preprocess import FitView
from streamseg.records import Extraction, Flow, Frame, Instances, Sample, StreamInfo
from streamseg.stages import Network, Sink, Source
from tests.blobs import BlobNetwork, FrameSource, FrameTracker, frames


class ListSink:
    """Keeps what it gets; lets every third frame pass, and fails where it is told to."""

    def __init__(self, name: str = "list", *, durable: int = -1, fails_at: int | None = None):
        self.name = name
        self.durable = durable
        self.fails_at = fails_at
        self.got: list[int] = []
        self.closed = 0

    def open(self, info: StreamInfo) -> int:
        return self.durable

    def write(self, extraction: Extraction) -> bool:
        if extraction.frame.seq == self.fails_at:
            raise SinkError("disk: full")
        self.got.append(extraction.frame.seq)
        return extraction.frame.seq % 3 != 2

    def close(self) -> None:
        self.closed += 1


class FailingNetwork(BlobNetwork):
    """Fails on the calls that the test names."""

    def __init__(self, failing: set[int]):
        super().__init__()
        self.failing = failing
        self.calls = 0

    def __call__(self, samples: list[Sample]) -> list[Instances]:
        self.calls += 1
        if self.calls - 1 in self.failing:
            raise RuntimeError("out of memory")
        return super().__call__(samples)


class BrokenSource(FrameSource):
    """Breaks after its frames."""

    def __iter__(self) -> Iterator[Frame]:
        yield from super().__iter__()
        raise SourceError("camera: gone")


def _pipeline(source: Source, *, network: Network | None = None, sinks: list[Sink] | None = None) -> Pipeline:
    network = network or BlobNetwork()
    return Pipeline(source, FitView(network.view_hw), network, FrameTracker(), sinks or [])


def test_every_frame_comes_out_once_and_in_order() -> None:
    source, sinks = FrameSource(frames(12)), [ListSink("first"), ListSink("second")]
    pipeline = _pipeline(source, sinks=sinks)
    extractions = list(pipeline)

    assert [e.frame.seq for e in extractions] == list(range(12))
    assert {tuple(track.label for track in e.tracks) for e in extractions} == {("disc", "square")}
    moved = extractions[11].tracks[0].box[0] - extractions[0].tracks[0].box[0]
    assert moved == pytest.approx(11, abs=1.5)
    assert all(sink.got == list(range(12)) and sink.closed == 1 for sink in sinks)
    assert source.closed

    totals = pipeline.account.totals()
    assert totals.closes
    assert (totals.captured, totals.emitted, totals.in_flight, totals.objects) == (12, 12, 0, 2)
    assert {(sink.written, sink.skipped) for sink in totals.sinks.values()} == {(8, 4)}
    assert set(totals.latency_ms) >= {"total", "capture", "preprocess", "inference", "tracking", "sinks"}


def test_frames_that_the_source_lost_are_captured_and_dropped() -> None:
    pipeline = _pipeline(FrameSource(frames(3), {"stale": 4, "corrupt": 1}))
    assert len(list(pipeline)) == 3
    totals = pipeline.account.totals()
    assert (totals.captured, totals.emitted, totals.dropped) == (8, 3, {"stale": 4, "corrupt": 1})
    assert totals.closes


def test_a_failed_frame_is_counted_and_the_stream_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    sink = ListSink()
    pipeline = _pipeline(FrameSource(frames(6)), network=FailingNetwork({1, 4}), sinks=[sink])
    with caplog.at_level(logging.DEBUG, "streamseg.pipeline"):
        assert [e.frame.seq for e in pipeline] == [0, 2, 3, 5]
    assert sink.got == [0, 2, 3, 5]
    totals = pipeline.account.totals()
    assert (totals.failed, totals.emitted, totals.captured) == ({"inference": 2}, 4, 6)
    assert totals.closes
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warnings[0] == "stream=test seq=1 failed=inference error=RuntimeError('out of memory')"
    assert [r.exc_info is not None for r in caplog.records if r.levelno == logging.DEBUG] == [True, True]


def test_failures_in_a_row_give_the_stream_up() -> None:
    failing = set(range(3, 3 + FAILURES_IN_A_ROW))
    pipeline = _pipeline(FrameSource(frames(20)), network=FailingNetwork(failing))
    with pytest.raises(RuntimeError, match="out of memory") as caught:
        list(pipeline)
    assert caught.value.__notes__ == ["inference failed, the last of 10 failures in a row"]
    totals = pipeline.account.totals()
    assert (totals.failed, totals.emitted) == ({"inference": FAILURES_IN_A_ROW}, 3)
    assert totals.closes


def test_a_frame_that_succeeds_ends_the_row() -> None:
    failing = set(range(30)) - {9, 19}
    pipeline = _pipeline(FrameSource(frames(29)), network=FailingNetwork(failing))
    assert [e.frame.seq for e in pipeline] == [9, 19]


def test_a_failing_sink_ends_the_stream_and_all_are_closed() -> None:
    source, sinks = FrameSource(frames(6)), [ListSink("good"), ListSink("bad", fails_at=2)]
    pipeline = _pipeline(source, sinks=sinks)
    with pytest.raises(SinkError, match="disk: full"):
        list(pipeline)
    totals = pipeline.account.totals()
    assert (totals.captured, totals.emitted, totals.failed) == (3, 2, {"sink:bad": 1})
    assert totals.closes
    assert [sink.closed for sink in sinks] == [1, 1]
    assert source.closed


def test_a_broken_source_ends_the_stream_after_its_last_frame() -> None:
    sink = ListSink()
    pipeline = _pipeline(BrokenSource(frames(4), {"corrupt": 1}), sinks=[sink])
    with pytest.raises(SourceError, match="camera: gone"):
        list(pipeline)
    totals = pipeline.account.totals()
    assert (totals.emitted, totals.dropped, totals.closes) == (4, {"corrupt": 1}, True)
    assert sink.closed == 1


def test_a_sink_gets_nothing_that_it_holds_already() -> None:
    resumed, fresh = ListSink("resumed", durable=3), ListSink("fresh")
    assert len(list(_pipeline(FrameSource(frames(6)), sinks=[resumed, fresh]))) == 6
    assert resumed.got == [4, 5]
    assert fresh.got == list(range(6))


def test_stop_finishes_the_frame_in_flight() -> None:
    source, sink = FrameSource(frames(50)), ListSink()
    pipeline = _pipeline(source, sinks=[sink])
    for extraction in pipeline:
        if extraction.frame.seq == 4:
            pipeline.stop()
    totals = pipeline.account.totals()
    assert sink.got == list(range(5))
    assert (totals.captured, totals.emitted, totals.in_flight) == (5, 5, 0)
    assert (sink.closed, source.closed) == (1, True)


def test_closing_the_generator_closes_the_stages() -> None:
    source, sink = FrameSource(frames(50)), ListSink()
    pipeline = _pipeline(source, sinks=[sink])
    extractions = iter(pipeline)
    next(extractions)
    extractions.close()
    assert (sink.closed, source.closed) == (1, True)
    assert pipeline.account.totals().closes


@pytest.mark.parametrize("count", [1, 7])
def test_the_network_sees_every_frame_once(count: int) -> None:
    network = FailingNetwork(set())
    seen = Counter(e.frame.seq for e in _pipeline(FrameSource(frames(count)), network=network))
    assert set(seen.values()) == {1}
    assert network.calls == count


def test_samples_without_a_view_are_not_for_the_network() -> None:
    network, view, given = FailingNetwork(set()), FitView((96, 128)), []

    class Tracker(FrameTracker):
        def update(self, frame: Frame, instances: Instances | None, flow: Flow | None = None) -> Extraction:
            given.append(instances is not None)
            return super().update(frame, instances or Instances.none())

    def sparse(frame: Frame) -> Sample:
        return view.without_view(frame) if frame.seq % 3 else view(frame)

    extractions = list(Pipeline(FrameSource(frames(7)), sparse, network, Tracker()))
    assert given == [True, False, False, True, False, False, True] and network.calls == 3
    assert [extraction.fit for extraction in extractions] == [extractions[0].fit] * 7
