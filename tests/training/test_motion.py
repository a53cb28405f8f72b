import cv2
import numpy as np

from streamseg.training.motion import motion_of
from streamseg.training.scene import Thing

SIDE = 128


def disc(x, y, radius):
    mask = cv2.circle(np.zeros((SIDE, SIDE), np.uint8), (x, y), radius, 1, -1)
    return Thing(0, mask, (x - radius, y - radius, x + radius, y + radius), int(mask.sum()))


def maps(count=300):
    rng = np.random.default_rng(2)
    rgb = rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    boxed = Thing(1, None, (8.0, 8.0, 40.0, 40.0), 1024)
    return [motion_of(rgb, [disc(90, 90, 24), boxed], rng) for _ in range(count)]


def test_half_of_the_maps_know_nothing():
    empty = sum(not motion.any() for motion in maps())
    assert 110 < empty < 190


def test_motion_lies_on_the_objects_more_than_elsewhere():
    known = np.mean([motion for motion in maps() if motion.any()], axis=0)
    assert known.shape == (SIDE // 4, SIDE // 4)
    on_disc, on_boxed, elsewhere = known[20:25, 20:25].mean(), known[4:8, 4:8].mean(), known[4:10, 24:30].mean()
    assert min(on_disc, on_boxed) > 2.5 * elsewhere


def test_still_objects_moving_leaves_and_noise_are_among_them():
    known = [motion.astype(float) for motion in maps() if motion.any()]
    on_disc = np.array([motion[20:25, 20:25].mean() for motion in known])
    elsewhere = np.array([motion[4:10, 24:30].mean() for motion in known])
    assert (on_disc < 10).mean() > 0.1
    assert (elsewhere > 40).mean() > 0.02


def test_same_generator_same_maps():
    assert all(np.array_equal(a, b) for a, b in zip(maps(20), maps(20), strict=True))
