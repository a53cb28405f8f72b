import cv2
import numpy as np
import pytest

from streamseg.training.motion import motion_of
from streamseg.training.scene import Thing
from streamseg.training.shadows import cast_shadows

SIDE = 128


def post(label=0):
    """A post of 6 x 40 pixels that stands at the middle of the picture."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[30:70, 60:66] = 1
    return Thing(label, mask, (60.0, 30.0, 66.0, 70.0), 240)


def scenes(things, count=120):
    """Pictures of grey ground after shadows were cast, and the shadows."""
    rng, ground = np.random.default_rng(4), np.full((SIDE, SIDE, 3), 180, np.uint8)
    return [cast_shadows(ground, things, rng) for _ in range(count)]


def test_some_scenes_have_shadows_and_the_others_stay_as_they_are():
    made = scenes([post()])
    sunny = [rgb for rgb, shadows in made if shadows]
    assert 15 < len(sunny) < 60
    assert all((rgb == 180).all() for rgb, shadows in made if not shadows)
    assert all((rgb <= 180).all() for rgb in sunny)
    assert np.mean([(rgb < 150).sum() / 3 for rgb in sunny]) > 60


def test_a_shadow_begins_at_the_feet_and_leaves_the_objects_alone():
    thing = post()
    for rgb, shadows in scenes([thing]):
        if not shadows:
            continue
        assert (rgb[thing.mask > 0] == 180).all()
        ys, xs = np.nonzero(shadows[0] > 40)
        if len(ys) > 30:
            nearest = np.hypot(ys - 70, np.maximum(np.abs(xs - 63) - 3, 0)).min()
            assert nearest < 4


def test_one_sun_for_all():
    left, right = post(), post()
    left.mask, right.mask = np.roll(left.mask, -30, axis=1), np.roll(right.mask, 30, axis=1)
    for _, shadows in scenes([left, right]):
        if shadows:
            both = [np.roll(shadow, by, axis=1)[:, 40:88] for shadow, by in zip(shadows, (30, -30), strict=True)]
            away = (left.mask + right.mask == 0)[:, 40:88]
            assert np.abs(both[0].astype(int) - both[1])[away].max() <= 1


def test_what_has_no_mask_casts_none_and_no_objects_no_shadows():
    boxed = Thing(0, None, (8.0, 8.0, 40.0, 40.0), 1024)
    assert all((rgb == 180).all() for rgb, _ in scenes([boxed]))
    assert all(not shadows for _, shadows in scenes([]))


@pytest.mark.parametrize("cast", [True, False])
def test_a_shadow_moves_with_what_casts_it(cast):
    rng, thing = np.random.default_rng(1), post()
    rgb = np.full((SIDE, SIDE, 3), 120, np.uint8)
    shadow = cv2.GaussianBlur(np.roll(thing.mask, (38, 20), axis=(0, 1)) * np.uint8(130), (0, 0), 1)
    maps = [motion_of(rgb, [thing], rng, [shadow] if cast else ()) for _ in range(200)]
    known = np.mean([motion for motion in maps if motion.any()], axis=0)
    fallen = known[20:25, 20:21].mean()
    assert fallen > 80 if cast else fallen < 40
