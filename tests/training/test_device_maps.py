"""What the device does to pixels, against OpenCV doing the same."""

import cv2
import numpy as np
import pytest
import torch

from streamseg.training.device.jpeg import compressed
from streamseg.training.device.maps import blurred, clouds, filtered, highest, laid_flat, moved
from streamseg.training.device.motion import motion_maps
from streamseg.training.device.plan import draw_plan
from streamseg.training.device.scenes import compose
from streamseg.training.device.shadows import Shadows, cast_shadows, shadows_shown
from streamseg.training.device.things import things_of
from streamseg.training.device.weather import spoil
from streamseg.training.shadows import DARK
from tests.training.device_scenes import SIDE, blobs, chance, made, on_device, options


def picture(seed=0, side=64):
    """uint8 [side, side, 3], smooth with edges."""
    rng = np.random.default_rng(seed)
    smooth = cv2.resize(rng.integers(0, 255, (8, 8, 3), np.uint8), (side, side), interpolation=cv2.INTER_CUBIC)
    return cv2.circle(smooth, (side // 2, side // 2), side // 4, (220, 40, 90), -1)


def planes(*pictures):
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()


def back(maps):
    return maps.permute(0, 2, 3, 1).numpy()


def test_blur_is_opencvs():
    sigma = [0.5, 0.9, 1.4]
    wanted = [cv2.GaussianBlur(picture(i).astype(np.float32), (9, 9), s) for i, s in enumerate(sigma)]
    found = blurred(planes(*map(picture, range(3))), torch.tensor(sigma)[:, None, None], 1.4)
    assert np.allclose(back(found), wanted, atol=0.05)


def test_filters_are_opencvs():
    kernels = np.random.default_rng(0).random((2, 9, 9)).astype(np.float32) / 40
    wanted = [cv2.filter2D(picture(i).astype(np.float32), -1, kernel) for i, kernel in enumerate(kernels)]
    assert np.allclose(back(filtered(planes(picture(0), picture(1)), torch.from_numpy(kernels))), wanted, atol=0.01)


def test_moved_and_laid_flat_are_opencvs():
    mask = (picture()[..., 0] > 128).astype(np.float32)
    number = {name: torch.full((1, 1, 1), value) for name, value in {"x": 3.25, "y": -2.5, "foot": 48.0}.items()}
    found = moved(torch.from_numpy(mask)[None], (number["x"], number["y"]))[0]
    assert np.abs(found.numpy() - cv2.warpAffine(mask, np.array([[1, 0, 3.25], [0, 1, -2.5]]), (64, 64))).max() < 0.05
    for lean, flat in ((0.8, 0.4), (-1.2, -0.5)):
        matrix = np.array([[1, lean, -lean * 48], [0, flat, 48 * (1 - flat)]])
        found = laid_flat(torch.from_numpy(mask)[None], number["foot"], torch.tensor(lean), torch.tensor(flat))[0]
        assert np.abs(found.numpy() - cv2.warpAffine(mask, matrix, (64, 64))).mean() < 0.01


def test_highest_of_each_plane():
    maps = torch.tensor([1.0, 3.0, 2.0])[:, None, None].expand(3, 2, 2)
    found = highest(maps, torch.tensor([0, 2, 2]), 4)
    assert found[:, 0, 0].tolist() == [1, 0, 3, 0] and found.shape == (4, 2, 2)


def test_clouds_are_smooth_and_differ():
    some = clouds(40, 32, (4, 24), chance())
    assert some.shape == (40, 32, 32) and -0.5 < some.min() < 0.1 and 0.9 < some.max() < 1.5
    assert abs(some.mean() - 0.5) < 0.05
    steps = some.diff(dim=1).abs().mean((1, 2))
    assert steps.max() > 2 * steps.min()


@pytest.mark.parametrize("quality", [20, 45, 79])
def test_compression_costs_what_jpeg_costs(quality):
    shown = picture(side=96)
    coded = cv2.imencode(".jpg", shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    wanted = cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1].astype(float)
    found = back(compressed(planes(shown), np.array([quality]), chance()))[0]
    lost = np.abs(wanted - shown).mean()
    assert np.abs(found - wanted).mean() < 0.15 * lost + 0.3
    assert np.abs(found - shown).mean() == pytest.approx(lost, rel=0.1)


def test_weather_is_sometimes_light_alone_and_sometimes_more():
    many = planes(*[picture()] * 64)
    spoilt = spoil(many.clone(), chance())
    assert spoilt.dtype == torch.uint8 and spoilt.shape == many.shape
    levels = spoilt.float().mean((1, 2, 3))
    assert levels.std() > 5 and (spoilt.float() - many).abs().mean() < 60
    grey = (spoilt.amax(1) - spoilt.amin(1)).float().mean((1, 2)) < 2
    assert 0 < grey.sum() < 20
    rough = (spoilt.float().diff(dim=-1).abs().median(-1).values.mean((1, 2))) > 8
    assert 2 < rough.sum() < 40


def test_shadows_fall_beside_objects_and_darken_the_picture(tmp_path):
    scenes, things = made(on_device(blobs(tmp_path)), 32)
    before = scenes.rgb.clone()
    shadows = cast_shadows(scenes, things, chance())
    scene = torch.from_numpy(shadows.scene)
    darker = (before - scenes.rgb).amax(1)
    sunny = (darker.amax((1, 2)) > 5).sum()
    assert 5 < sunny < 21 and set(scene.tolist()) >= set((darker.amax((1, 2)) > 5).nonzero()[:, 0].tolist())
    assert darker.min() >= 0
    solid = things.mask[shadows.thing] > 0
    assert not shadows.dark[solid].any() and not darker[scene][solid].any()
    assert 0.1 < shadows.dark.max() <= DARK[1]


def known_maps(tmp_path, count=200):
    scenes, things = made(on_device(blobs(tmp_path)), count, copy_paste=0.3)
    none = np.zeros(0, np.int64)
    nothing = Shadows(none, none, torch.zeros((0, *scenes.shown.shape[1:])))
    return scenes, motion_maps(scenes.rgb, things, nothing, chance())


def test_motion_lies_on_objects_and_half_of_the_maps_know_nothing(tmp_path):
    scenes, motion = known_maps(tmp_path)
    assert motion.dtype == torch.uint8 and motion.shape == (200, 32, 32)
    known = (motion > 0).flatten(1).any(1)
    assert 70 < known.sum() < 130
    solid = (things_of(scenes).kept.gather(1, scenes.shown.flatten(1).long())).view(scenes.shown.shape)
    cells = torch.nn.functional.avg_pool2d(solid[:, None].float(), 4)[:, 0]
    motion, cells = motion[known].float(), cells[known]
    on, off = motion[cells == 1], motion[cells == 0]
    assert on.mean() > 4 * off.mean() and (on < 10).float().mean() > 0.1


def test_shadows_that_the_picture_shows_move(tmp_path, monkeypatch):
    for share in ("EMPTY", "STILL"):
        monkeypatch.setattr(f"streamseg.training.device.motion.{share}", 0)
    scenes, things = made(on_device(blobs(tmp_path)), 64)
    shadows = cast_shadows(scenes, things, chance())
    nothing = Shadows(shadows.scene[:0], shadows.thing[:0], shadows.dark[:0])
    motion, without = (motion_maps(scenes.rgb, things, cast, chance(5)).float() for cast in (shadows, nothing))
    fell = torch.nn.functional.avg_pool2d(shadows.dark, 4) > 0.3
    scene = torch.from_numpy(shadows.scene)
    assert motion[scene][fell].mean() > without[scene][fell].mean() + 50
    assert (motion >= without).all()


def test_shadows_of_pictures_move_with_what_casts_them(tmp_path, monkeypatch):
    monkeypatch.setattr("streamseg.training.device.motion.EMPTY", 0)
    data = on_device(blobs(tmp_path, dark=0.6))
    plan = draw_plan(data, options(copy_paste=0.0), 64, 0.0, chance().host)
    scenes = compose(data, plan, SIDE)
    things = things_of(scenes)
    shadows = shadows_shown(scenes, things, plan.names)
    cells = torch.nn.functional.avg_pool2d(shadows.dark, 4)
    moves = motion_maps(scenes.rgb, things, shadows, chance())[torch.from_numpy(shadows.scene)].float()
    large = (cells > 0.5).sum((1, 2)) > 4
    fell = (moves * (cells > 0.5)).sum((1, 2)) / (cells > 0.5).sum((1, 2)).clamp(min=1) > 100
    cast, own = torch.from_numpy(shadows.thing >= 0), torch.from_numpy(shadows.thing.clip(0))
    over = torch.nn.functional.avg_pool2d(things.mask[own].float(), 4)
    moving = (moves * over).sum((1, 2)) / over.sum((1, 2)) > 15
    assert (moving == fell)[large & cast].float().mean() > 0.85
    assert 0.5 < fell[large & ~cast].float().mean() < 0.9
