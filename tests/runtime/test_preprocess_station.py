"""What preprocess learns of a stream outlives it: a death at either side of the commit changes nothing."""

import os

import numpy as np
import pytest

from streamseg.config import ModelConfig, StreamConfig
from streamseg.preprocess import Preprocessor
from streamseg.records import Frame, Planes, Sample
from streamseg.runtime.hosted import Hosted
from streamseg.runtime.ledger import Ledger
from streamseg.runtime.packing import pack, unpack
from streamseg.runtime.preprocess_station import PreprocessStation
from streamseg.runtime.store import Area, Layout, Segment, make_memory, make_segment
from streamseg.runtime.visits import Stamp

SIZE, VIEW, FRAMES = (64, 96), (64, 96), 24


class Host:
    def ring(self, ticket, stage):
        pass

    def report(self, message):
        raise AssertionError(message)


class Killed(BaseException):
    """What no station catches."""


@pytest.fixture
def stream():
    layout = Layout.of(SIZE, VIEW, slots=1, upstream=(-1,))
    fds = make_segment("s", layout), make_memory("l", Ledger.size(2))
    hosted = Hosted(
        0, "s", StreamConfig(source="x"), False, ("preprocess",), {}, Ledger(fds[1], 2), VIEW, ("person",), True
    )
    hosted.segments[1] = Segment(fds[0], layout)
    hosted.segments[1].table.set_active([0])
    yield hosted
    for fd in fds:
        os.close(fd)


def frame(seq):
    luma = np.random.default_rng(seq).normal(100, 3, SIZE).clip(0, 255).astype(np.uint8)
    luma[16:48, 4 * seq % 80 : 4 * seq % 80 + 16] = 220
    grey = np.full((32, 48), 128, np.uint8)
    return Frame("s", seq, seq * 40_000_000, Planes(luma, grey, grey))


def station_of(stream, every=1):
    station = PreprocessStation(Host(), ModelConfig(view=VIEW, detect_every=every))
    station.open(stream)
    return station


def samples_of(stream, *, die, every=1):
    """Each frame's sample and note; die(seq, station) may have it killed at a frame: another takes its place."""
    table, station = stream.segments[1].table, station_of(stream, every)
    for seq in range(FRAMES):
        pack(frame(seq), stream.segments[1].area(0, Area.FRAME))
        table.publish(0, Stamp(seq, seq, 0))
        die(seq, station)
        try:
            assert station.step()
        except Killed:
            station = station_of(stream, every)
            assert station.step()
        assert not list(stream.waiting(0)), "it was let go"
        yield unpack(stream.segments[1].area(0, Area.SAMPLE), Sample), int(table.note[0, 0])
        table.free(0)


def before_the_commit(seq, station):
    if seq % 5 == 3:
        ledger = station.streams[0].ledger

        def killed(*_):
            ledger.commit = type(ledger).commit.__get__(ledger)
            raise Killed

        ledger.commit = killed


def after_the_commit(seq, station):
    if seq % 5 == 3:

        def killed(*_, **__):
            raise Killed

        station._let_go = killed


@pytest.mark.parametrize("die", [before_the_commit, after_the_commit])
def test_a_death_changes_no_motion_map(stream, die):
    undisturbed = Preprocessor.of(StreamConfig(source="x"), ModelConfig(view=VIEW), VIEW, motion=True)
    wanted = [undisturbed(frame(seq)).motion for seq in range(FRAMES)]
    assert any(motion.any() for motion in wanted)
    assert all(map(np.array_equal, [sample.motion.copy() for sample, _ in samples_of(stream, die=die)], wanted))


@pytest.mark.parametrize("die", [before_the_commit, after_the_commit])
@pytest.mark.parametrize("every", [1, 3, "auto"])
def test_a_death_changes_nothing_of_which_frames_are_looked_at(stream, die, every):
    model = ModelConfig(view=VIEW, detect_every=every)
    undisturbed = Preprocessor.of(StreamConfig(source="x"), model, VIEW, motion=True)
    wanted = [undisturbed(frame(seq)).look for seq in range(FRAMES)]
    assert max(wanted) == sum(map(bool, wanted)), "they are numbered"
    assert [note for _, note in samples_of(stream, die=die, every=every)] == wanted
