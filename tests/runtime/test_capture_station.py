"""Capture on a real segment, by a source that drops: every drop is counted once, wherever a forerunner died."""

import os
import threading
from fractions import Fraction

import numpy as np
import pytest

from streamseg.capture.status import SourceStatus
from streamseg.config import CaptureConfig, StreamConfig
from streamseg.records import Frame, Planes
from streamseg.runtime import capture_station, source_reader
from streamseg.runtime.capture_station import HUNG, CaptureStation
from streamseg.runtime.hosted import Hosted
from streamseg.runtime.ledger import Ledger
from streamseg.runtime.messages import Captured, SourceIs
from streamseg.runtime.slots import SlotTable
from streamseg.runtime.source_reader import capture_state
from streamseg.runtime.store import Layout, Segment, make_memory, make_segment
from streamseg.testing import ListSource
from tests.runtime.belfry import until

SIZE, VIEW, COUNT = (36, 64), (32, 64), 6
LOSSES = {0: 1, 3: 2, 4: 1}
"""By frame: how many could not be decoded just before it."""


class Leaky(ListSource):
    """Drops on its way to some frames, and counts anew from where it was opened."""

    def __iter__(self):
        for frame in super().__iter__():
            if frame.seq in LOSSES:
                self.dropped["undecodable"] = self.dropped.get("undecodable", 0) + LOSSES[frame.seq]
            yield frame


def frames():
    half = tuple(side // 2 for side in SIZE)
    planes = Planes(np.zeros(SIZE, np.uint8), np.zeros(half, np.uint8), np.zeros(half, np.uint8))
    return [Frame("s", seq, seq * 40_000_000, planes) for seq in range(COUNT)]


@pytest.fixture
def stream():
    layout = Layout.of(SIZE, VIEW, slots=COUNT, upstream=(-1,))
    fds = make_segment("s", layout), make_memory("l", Ledger.size(2))
    ledger, config = Ledger(fds[1], 2), StreamConfig(source="x", name="s")
    hosted = Hosted(0, "s", config, False, ("sink:x",), {}, ledger, VIEW, ("person",), False)
    hosted.segments[1] = Segment(fds[0], layout)
    hosted.segments[1].table.set_active([0])
    yield hosted
    for fd in fds:
        os.close(fd)


def read_to_the_end(stream):
    """One capture process's life; the error it ended with."""
    reports = []
    station = CaptureStation(CaptureConfig(), report=reports.append, published=lambda *_: None)
    station.open(stream)
    return until(lambda: [report for report in reports if isinstance(report, Captured)])[0].error


@pytest.mark.parametrize("seq", range(COUNT))
@pytest.mark.parametrize("died", ["before", "after"])
def test_what_was_dropped_is_counted_once(stream, monkeypatch, seq, died):
    monkeypatch.setattr(source_reader, "open_source", lambda *_, **__: Leaky(frames(), fps=Fraction(25)))
    publish, armed = SlotTable.publish, [True]

    def deadly(table, slot, stamp):
        if armed and stamp.seq == seq and died == "before":
            raise ArithmeticError(armed.pop())
        publish(table, slot, stamp)
        if armed and stamp.seq == seq:
            raise ArithmeticError(armed.pop())

    monkeypatch.setattr(SlotTable, "publish", deadly)
    assert read_to_the_end(stream) is not None
    assert read_to_the_end(stream) is None
    assert sorted(stream.segments[1].table.seq.tolist()) == list(range(COUNT))
    assert capture_state(stream.ledger, 1).dropped == {"undecodable": sum(LOSSES.values())}


class Watched(ListSource):
    """Waits for a word before each frame; what it is doing is set from outside."""

    status = SourceStatus("connecting")
    word = threading.Semaphore(0)

    def __iter__(self):
        for frame in super().__iter__():
            self.word.acquire()
            yield frame


def test_what_a_source_does_is_reported_when_it_changes(stream, monkeypatch):
    source = Watched(frames(), fps=Fraction(25))
    monkeypatch.setattr(source_reader, "open_source", lambda *_, **__: source)
    reports = []
    CaptureStation(CaptureConfig(), report=reports.append, published=lambda *_: None).open(stream)
    seen = [
        SourceStatus("connecting", "no answer"),
        SourceStatus("streaming"),
        SourceStatus("backing-off", "the stream ended"),
        SourceStatus("streaming", reconnects=1),
    ]
    for status in seen:
        source.status = status
        wanted = SourceIs(0, status.state, status.reason, status.reconnects)
        until(lambda wanted=wanted: reports and reports[-1] == wanted)
    told = [report for report in reports if isinstance(report, SourceIs)]
    assert len(told) - len(seen) in (0, 1)  # the first state may have been seen
    for _ in range(COUNT):
        source.word.release()


def test_a_source_that_hangs_ends_the_process(stream, monkeypatch):
    source = Watched(frames(), fps=Fraction(25))
    monkeypatch.setattr(source_reader, "open_source", lambda *_, **__: source)
    ended = []

    def end(status):
        ended.append(status)
        source.status = SourceStatus()

    monkeypatch.setattr(capture_station.os, "_exit", end)
    CaptureStation(CaptureConfig(), report=lambda _: None, published=lambda *_: None).open(stream)
    source.status = SourceStatus("connecting", hung=True)
    until(lambda: ended)
    assert ended == [HUNG]
    for _ in range(COUNT):
        source.word.release()
