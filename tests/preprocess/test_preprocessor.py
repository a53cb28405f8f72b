import numpy as np

from streamseg.config import ModelConfig, StreamConfig
from streamseg.pixels import planes_from_rgb
from streamseg.preprocess import Preprocessor
from streamseg.records import Color, Frame

VIEW = 64, 96


def frame(seq, *, box=False):
    rgb = np.full((64, 96, 3), 90, np.uint8)
    if box:
        rgb[16:48, 32:64] = 220
    return Frame("s", seq, seq * 40_000_000, planes_from_rgb(rgb, Color()), Color())


def make(*, motion, state=None):
    return Preprocessor.of(StreamConfig(source="x"), ModelConfig(view=VIEW), VIEW, motion=motion, state=state)


def test_a_network_that_takes_no_motion_gets_none():
    preprocessor = make(motion=False)
    assert preprocessor(frame(0)).motion is None
    assert preprocessor.state is None


def test_motion_comes_with_the_view_that_it_was_seen_in():
    preprocessor = make(motion=True)
    for seq in range(20):
        assert not preprocessor(frame(seq)).motion.any()
    sample = preprocessor(frame(20, box=True))
    assert sample.view.shape == (64, 96, 3)
    assert sample.motion[5:11, 9:15].min() > 200


def test_a_successor_sees_the_same():
    first = make(motion=True)
    for seq in range(20):
        first(frame(seq))
    second = make(motion=True, state=first.state)
    assert np.array_equal(first(frame(20, box=True)).motion, second(frame(20, box=True)).motion)


def test_frames_that_are_not_for_the_network_have_no_view_and_teach_nothing():
    model = ModelConfig(view=VIEW, detect_every=3)
    sparse = Preprocessor.of(StreamConfig(source="x"), model, VIEW, motion=True)
    wanted = make(motion=True)
    for seq in range(60):
        sample = sparse(frame(seq, box=seq % 3 != 0))
        assert sample.has_view == (seq % 3 == 0)
        assert sample.fit == wanted(frame(seq)).fit
    assert sparse.state.background.pts_ns == 57 * 40_000_000
    assert not sparse(frame(60)).motion.any(), "what was shown between was not seen"


def test_frames_for_the_network_are_numbered_and_the_others_tell_what_moved():
    model = ModelConfig(view=(192, 288), detect_every=2)
    sparse = Preprocessor.of(StreamConfig(source="x"), model, (192, 288), motion=False)
    samples = [sparse(large(seq)) for seq in range(6)]
    assert [sample.look for sample in samples] == [1, 0, 2, 0, 3, 0]
    assert [sample.flow.since for sample in samples if sample.flow] == [0, 2, 4]
    every = Preprocessor.of(StreamConfig(source="x"), ModelConfig(view=(192, 288)), (192, 288), motion=False)
    assert [every(large(seq)).look for seq in range(3)] == [1, 2, 3]


def large(seq):
    rgb = np.random.default_rng(0).integers(0, 255, (192, 288, 3), dtype=np.uint8)
    return Frame("s", seq, seq * 40_000_000, planes_from_rgb(np.roll(rgb, seq, 1), Color()), Color())
