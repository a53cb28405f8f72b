"""Stations on real segments, with a host that only listens: order, batches, the newest frame, blame."""

import os
from contextlib import ExitStack

import numpy as np
import pytest

from streamseg.config import ModelConfig, StreamConfig
from streamseg.config_runtime import RuntimeConfig
from streamseg.records import Frame, Instances, Planes
from streamseg.runtime.hosted import Hosted
from streamseg.runtime.inference_station import InferenceStation
from streamseg.runtime.ledger import Ledger
from streamseg.runtime.packing import pack
from streamseg.runtime.preprocess_station import PreprocessStation
from streamseg.runtime.store import Area, Layout, Segment, make_memory, make_segment
from streamseg.runtime.visits import Result, Stamp

STATIONS, UPSTREAM = ("preprocess", "inference"), (-1, 0)
SIZE, VIEW = (36, 64), (32, 64)


class Host:
    """Keeps what it is told."""

    def __init__(self):
        self.rung, self.failed = [], []

    def ring(self, ticket, stage):
        self.rung.append((ticket.stream.name, ticket.seq, stage))

    def report(self, message):
        self.failed.append((message.seq, message.station, message.error))


class Network:
    """Keeps the sizes of its batches; fails on views that begin with a poisoned pixel."""

    labels, view_hw = ("person",), VIEW

    def __init__(self):
        self.batches = []

    def __call__(self, samples):
        self.batches.append(len(samples))
        if any(sample.view.max() > 250 for sample in samples):
            raise ArithmeticError("no such luck")
        return [Instances.none() for _ in samples]

    def describe(self):
        return "for tests"


@pytest.fixture
def hosted():
    """Makes streams of four slots; all memory is given back in the end."""
    with ExitStack() as opened:

        def make(number, *, live=False):
            layout = Layout.of(SIZE, VIEW, slots=4, upstream=UPSTREAM)
            fds = make_segment("s", layout), make_memory("l", Ledger.size(3))
            for fd in fds:
                opened.callback(os.close, fd)
            ledger, name = Ledger(fds[1], 3), f"s{number}"
            config = StreamConfig(source="x")
            stream = Hosted(number, name, config, live, STATIONS, {}, ledger, VIEW, ("person",), False)
            stream.segments[1] = Segment(fds[0], layout)
            stream.segments[1].table.set_active([0, 1])
            return stream

        yield make


def feed(stream, count, luma=100):
    """Publish and preprocess frames of one brightness."""
    segment = stream.segments[1]
    half = tuple(side // 2 for side in SIZE)
    planes = Planes(np.full(SIZE, luma, np.uint8), np.full(half, 128, np.uint8), np.full(half, 128, np.uint8))
    last = segment.table.last()
    for seq in range(last.seq + 1 if last else 0, (last.seq + 1 if last else 0) + count):
        slot = segment.table.claim()
        pack(Frame(stream.name, seq, 0, planes), segment.area(slot, Area.FRAME))
        segment.table.publish(slot, Stamp(seq, 0, 0))
    station = PreprocessStation(Host(), ModelConfig())
    station.open(stream)
    while station.step():
        pass


def outcomes(stream, column=1):
    """What inference made of the stream's frames, by seq."""
    table = stream.segments[1].table
    done = [
        int(slot) for slot in np.flatnonzero(table.generation) if table.done[column, slot] == table.generation[slot]
    ]
    return {int(table.seq[slot]): Result(int(table.result[column, slot])) for slot in done}


def inference(*streams, **runtime):
    host, network = Host(), Network()
    station = InferenceStation(host, network, RuntimeConfig.model_validate(runtime))
    for stream in streams:
        station.open(stream)
    return station, host, network


def test_files_take_turns_a_frame_at_a_time(hosted):
    a, b = hosted(0), hosted(1)
    feed(a, 2)
    feed(b, 2)
    station, host, network = inference(a, b)
    while station.step():
        pass
    assert [(name, seq) for name, seq, _ in host.rung] == [("s0", 0), ("s1", 0), ("s0", 1), ("s1", 1)]
    assert network.batches == [1, 1, 1, 1]


def test_live_goes_first_and_only_its_newest_frame(hosted):
    file, live = hosted(0), hosted(1, live=True)
    feed(file, 1)
    feed(live, 3)
    station, host, _ = inference(file, live)
    station.step()
    assert outcomes(live) == {0: Result.STALE, 1: Result.STALE, 2: Result.WRITTEN} and outcomes(file) == {}
    station.step()
    assert outcomes(file) == {0: Result.WRITTEN}
    assert ("s1", 0, "inference") in host.rung


def test_a_full_batch_goes_at_once_and_a_part_of_one_waits_a_moment(hosted):
    streams = [hosted(number) for number in range(3)]
    for stream in streams[:2]:
        feed(stream, 1)
    station, _, network = inference(*streams, batch=3, batch_wait_ms=1000)
    assert not station.step() and station.impatient
    feed(streams[2], 1)
    assert station.step() and not station.impatient
    assert network.batches == [3]


def test_a_batch_that_is_late_goes_as_it_is(hosted):
    streams = [hosted(number) for number in range(3)]
    feed(streams[0], 1)
    station, _, network = inference(*streams, batch=3, batch_wait_ms=0)
    assert station.step() and network.batches == [1]


def test_one_bad_frame_fails_alone(hosted):
    good, bad = hosted(0), hosted(1)
    feed(good, 1)
    feed(bad, 1, luma=255)
    station, host, network = inference(good, bad, batch=2)
    station.step()
    assert network.batches == [2, 1, 1]
    assert outcomes(good) == {0: Result.WRITTEN} and outcomes(bad) == {0: Result.FAILED}
    assert host.failed == [(0, "inference", "ArithmeticError: no such luck")]


@pytest.mark.parametrize("suspected", [0, 1])
def test_a_frame_that_was_in_dead_hands_is_tried_alone(hosted, suspected):
    a, b = hosted(0), hosted(1)
    feed(a, 1)
    feed(b, 1)
    (a, b)[suspected].segments[1].table.begin(0, 1, 0)  # its worker died after this
    station, _, network = inference(a, b, batch=2, batch_wait_ms=0)
    while station.step():
        pass
    assert network.batches == [1, 1]


def test_what_was_lost_before_is_passed_on(hosted):
    stream = hosted(0)
    feed(stream, 1)
    table = stream.segments[1].table
    table.result[0, 0] = Result.FAILED
    station, host, network = inference(stream)
    assert not station.step()
    assert outcomes(stream) == {0: Result.PASSED} and network.batches == [] and host.rung


def test_a_stream_is_looked_at_again_only_when_its_table_has_changed(hosted, monkeypatch):
    stream, looks = hosted(0), []
    feed(stream, 1)
    station, _, network = inference(stream)
    waiting = Hosted.waiting
    monkeypatch.setattr(Hosted, "waiting", lambda own, column: looks.append(own.name) or waiting(own, column))
    assert [station.step() for _ in range(5)] == [True, False, False, False, False]
    assert len(looks) == 2
    feed(stream, 1)
    looks.clear()  # those of preprocess
    assert [station.step() for _ in range(3)] == [True, False, False]
    assert len(looks) == 2 and len(network.batches) == 2
