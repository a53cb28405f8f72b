from dataclasses import replace

import cv2
import numpy as np

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
    """Pictures of grey ground after shadows were cast, and the shadows, none without sun."""
    rng, ground = np.random.default_rng(4), np.full((SIDE, SIDE, 3), 180, np.uint8)
    for _ in range(count):
        lit = [replace(thing) for thing in things]
        rgb = cast_shadows(ground, lit, rng)
        yield rgb, [thing.shadow for thing in lit if thing.shadow is not None]


def test_some_scenes_have_shadows_and_the_others_stay_as_they_are():
    made = list(scenes([post()]))
    sunny = [rgb for rgb, shadows in made if shadows]
    assert 30 < len(sunny) < 66
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


def test_of_two_shadows_a_thing_has_the_darker():
    dark, thing = np.zeros((SIDE, SIDE), np.uint8), post()
    dark[100:110] = 200
    for _, (shadow,) in (made for made in scenes([replace(thing, shadow=dark)]) if made[1]):
        assert (shadow[100:110] == 200).all()


def fallen(*, thing, shadows=()):
    """How much moves where a shadow lies, in each map that is not empty: over the object, over the shadow."""
    rng, rgb = np.random.default_rng(1), np.full((SIDE, SIDE, 3), 120, np.uint8)
    maps = [motion_of(rgb, [thing], rng, shadows) for _ in range(200)]
    known = np.array([motion for motion in maps if motion.any()], float)
    return known[:, 10:15, 15:16].mean((1, 2)), known[:, 20:25, 20:21].mean((1, 2))


def shadow_of(thing):
    return cv2.GaussianBlur(np.roll(thing.mask, (38, 20), axis=(0, 1)) * np.uint8(130), (0, 0), 1)


def test_a_shadow_moves_with_what_casts_it():
    thing = post()
    over_thing, over_shadow = fallen(thing=replace(thing, shadow=shadow_of(thing)))
    assert over_shadow.mean() > 80
    assert np.corrcoef(over_thing > 15, over_shadow > 60)[0, 1] > 0.7
    assert fallen(thing=thing)[1].mean() < 40


def test_the_shadow_of_what_is_not_seen_moves_or_not():
    thing = post()
    over_thing, over_shadow = fallen(thing=thing, shadows=[shadow_of(thing)])
    assert over_shadow.mean() > 80 and (over_shadow < 20).mean() > 0.1
    assert abs(np.corrcoef(over_thing > 15, over_shadow > 60)[0, 1]) < 0.3
