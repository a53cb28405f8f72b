import msgspec
import numpy as np
import pytest

from streamseg.preprocess.background import Background, BackgroundState

SIZE = 64, 96
TICK_NS = 40_000_000


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def scene(rng, *, box=None, light=0, noise=2.0):
    """A fixed camera's view of a textured wall, and a bright box (y0, y1, x0, x1) before it."""
    wall = np.random.default_rng(7).integers(60, 140, (8, 12, 3)).repeat(8, 0).repeat(8, 1).astype(float)
    if box is not None:
        y0, y1, x0, x1 = box
        wall[y0:y1, x0:x1] = 220, 40, 40
    return np.clip(wall + light + rng.normal(0, noise, wall.shape), 0, 255).astype(np.uint8)


def learnt(rng, frames=50, **settings):
    background = Background()
    for i in range(frames):
        motion = background(scene(rng, **settings), i * TICK_NS)
    return background, motion, frames * TICK_NS


def test_what_appears_differs_and_the_rest_does_not(rng):
    background, motion, now = learnt(rng)
    assert motion.shape == (16, 24) and motion.dtype == np.uint8
    assert motion.max() < 40
    motion = background(scene(rng, box=(16, 48, 32, 64)), now)
    assert motion[5:11, 9:15].min() > 200
    assert np.delete(motion, slice(3, 13), 0).max() < 40


def test_nothing_is_said_before_the_background_is_known(rng):
    background = Background()
    assert not background(scene(rng), 0).any()
    assert not background(scene(rng, box=(0, 32, 0, 32)), TICK_NS).any()


def test_objects_that_pass_do_not_become_background(rng):
    background = Background()
    for i in range(100):
        x = i * 5 % 120 - 20
        background(scene(rng, box=(16, 48, max(0, x), max(0, min(96, x + 20)))), i * TICK_NS)
    assert background(scene(rng), 100 * TICK_NS).max() < 60


def test_one_who_stands_still_is_seen_for_long_and_then_belongs_there(rng):
    background, _, now = learnt(rng, frames=300)
    times = range(now, now + 25 * 600 * TICK_NS, 25 * TICK_NS)
    seen = [background(scene(rng, box=(16, 48, 32, 64)), pts_ns)[8, 12] for pts_ns in times]
    assert min(seen[:20]) > 150
    assert max(seen[-20:]) < 40


def test_what_stood_there_at_first_leaves_no_ghost_for_long(rng):
    background = Background()
    for i in range(260):
        background(scene(rng, box=(16, 48, 32, 64) if i < 25 else None), i * TICK_NS)
    assert background(scene(rng), 260 * TICK_NS).max() < 60


def test_light_that_changes_everywhere_is_no_motion(rng):
    background, _, now = learnt(rng)
    motion = background(scene(rng, light=25), now)
    assert motion.max() < 60


def test_a_camera_that_moves_tells_nothing(rng):
    background, _, now = learnt(rng)
    moved = np.roll(scene(rng), (4, 12), (0, 1))[:, ::-1]
    assert not background(np.ascontiguousarray(moved), now).any()


def test_a_camera_that_turns_slowly_tells_nothing(rng):
    wall = np.random.default_rng(7).integers(60, 140, (8, 60, 3)).repeat(8, 0).repeat(8, 1)
    background = Background()
    told = [background(wall[:, i : i + 96].astype(np.uint8), i * TICK_NS).any() for i in range(300)]
    assert np.mean(told) < 0.1


def test_what_flickers_is_used_to(rng):
    background = Background()
    for i in range(400):
        flicker = scene(rng)
        flicker[:16, :16] = rng.integers(60, 200)
        motion = background(flicker, i * TICK_NS)
    assert motion.max() < 120


@pytest.mark.parametrize("fps", [5, 25, 60])
def test_time_counts_and_not_frames(rng, fps):
    background = Background()
    for i in range(4 * fps):
        background(scene(rng), i * 1_000_000_000 // fps)
    assert 90 <= background.state.ticks <= 110


def test_a_successor_goes_on_bit_by_bit(rng):
    background, _, now = learnt(rng)
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(background.state), type=BackgroundState)
    successor = Background(state)
    for i in range(5):
        view = scene(rng, box=(16, 48, 8 * i, 8 * i + 20))
        assert np.array_equal(background(view, now + i * TICK_NS), successor(view, now + i * TICK_NS))
    assert background.state == successor.state


def test_another_size_or_time_that_runs_back_begins_anew(rng):
    background, _, now = learnt(rng)
    assert background(np.zeros((32, 32, 3), np.uint8), now).shape == (8, 8)
    assert background.state.ticks < 10
    background, _, now = learnt(rng)
    background(scene(rng), 0)
    assert background.state.ticks < 10
