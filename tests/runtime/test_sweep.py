"""The supervisor counts while workers write: a frame may come and go between any two of its reads."""

import sys
import threading
from contextlib import contextmanager

import pytest

from streamseg.config import Config, StreamConfig
from streamseg.runtime.placement import place
from streamseg.runtime.store import Segment
from streamseg.runtime.stream_run import StreamRun
from streamseg.runtime.visits import Result, Stamp

FRAMES = 3000


@pytest.fixture(autouse=True)
def frequent_switches():
    """Threads change over at nearly every bytecode, as processes may at every instruction."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def make_run():
    config = Config.model_validate({"runtime": {"slots": 3}})
    placement = place(config, 1)
    run = StreamRun(StreamConfig(name="a", source="synthetic://street"), config, 0, placement)
    run.begin(list(placement.serving(0, "capture-0")))
    run.size_hw = 36, 64
    run.new_epoch((32, 64))
    return run


@contextmanager
def workers(run):
    """All stations, in one thread that sees every frame through at once."""
    epoch = run.epochs[1]
    table = Segment(epoch.fd, epoch.segment.layout).table

    over = threading.Event()

    def work():
        seq = 0
        while seq < FRAMES and not over.is_set():
            slot = table.claim()
            if slot is None:
                continue
            table.publish(slot, Stamp(seq, seq * 40, 1))
            for station in range(len(table.upstream)):
                table.begin(slot, station, 1)
                table.finish(slot, station, Result.WRITTEN, now_ns=2)
                table.let_go(slot, station)
            seq += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        over.set()
        thread.join()


def test_every_frame_is_counted_once_however_fast_it_comes_and_goes():
    run = make_run()
    with workers(run) as thread:
        while thread.is_alive():
            for _ in run.sweep():
                pass
    run.finish()
    totals = run.account.totals()
    assert totals.closes
    assert (totals.captured, totals.emitted, totals.in_flight) == (FRAMES, FRAMES, 0)
    assert all(sink.written == FRAMES for sink in totals.sinks.values()) and totals.sinks
