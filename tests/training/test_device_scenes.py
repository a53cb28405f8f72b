import cv2
import numpy as np
import pytest
import torch

from streamseg.training.dataset import Annotation
from streamseg.training.device.batches import device_batches, make_batch
from streamseg.training.device.data import FIRST_PASTED, Kind, _named
from streamseg.training.device.plan import draw_moves, draw_paste, draw_plan, plan_of
from streamseg.training.device.scenes import compose
from streamseg.training.device.shadows import shadows_shown
from streamseg.training.device.things import things_of
from streamseg.training.recipe import Recipe
from streamseg.training.scenes import SceneMaker
from tests.training.device_scenes import CPU, SIDE, blobs, chance, made, on_device, options, still


@pytest.mark.parametrize("zoom", [(1.0, 1.7), (0.62, 1.0), (0.2, 0.4)], ids=["larger", "smaller", "much-smaller"])
def test_a_picture_lies_where_the_host_puts_it(tmp_path, monkeypatch, zoom):
    monkeypatch.setattr("tests.training.stills.COLOURS", {1: (150, 90, 90), 2: (90, 150, 90), 3: (90, 90, 150)})
    dataset = blobs(tmp_path, images=3)
    data = on_device(dataset)
    picture = np.arange(12) % 3
    step, first = draw_moves(data.pictures.size_hw[picture], options(zoom=zoom), np.random.default_rng(0))
    scenes = compose(data, plan_of(data, SIDE, picture, (step, first), []), SIDE)
    things = things_of(scenes)
    maker = SceneMaker([(dataset, 1.0)], 3, options())
    for i, (y, x) in enumerate(zip(step, first, strict=True)):
        matrix = np.array([[1 / y[1], 0, -x[1] / y[1]], [0, 1 / y[0], -x[0] / y[0]]])
        monkeypatch.setattr(SceneMaker, "_move", lambda *_, matrix=matrix: matrix)
        wanted = maker._canvas((0, int(picture[i])), np.random.default_rng(0))
        rgb = scenes.rgb[i].permute(1, 2, 0).numpy()
        assert np.abs(rgb - wanted.rgb).mean() < 2
        masks = {
            int(t): m.numpy() for t, m, k in zip(things.identity, things.mask, things.image, strict=True) if k == i
        }
        # which of two maps counts 24 pixels, the least that is wanted, is a matter of one pixel
        clear = [thing for thing in wanted.things if thing.mask.sum() >= 36]
        assert masks.keys() >= {thing.identity for thing in clear}
        for thing in clear:
            edge = 2 * sum(cv2.boundingRect(thing.mask)[2:])
            assert np.count_nonzero(masks[thing.identity] != thing.mask) <= max(4, 0.1 * edge)
            assert int(scenes.area[i][scenes.identity[i] == thing.identity]) == pytest.approx(
                thing.area, rel=0.05, abs=8
            )


def test_pasted_objects_have_the_sizes_and_places_that_were_asked_for(tmp_path):
    data = on_device(blobs(tmp_path))
    paste = draw_paste(data, options(paste_px=(16, 60)), np.arange(400) % len(data.cuttable), np.random.default_rng(0))
    size_hw = data.cuts.size_hw[paste.cut]
    # where the outer edges of its first and last pixels come to lie
    edges = np.sort([(at - paste.first) / paste.step + 0.5 for at in (-0.5 * np.ones_like(size_hw), size_hw - 0.5)], 0)
    shown = np.rint(edges[1] - edges[0])
    assert np.allclose(edges, np.rint(edges)) and shown.max(1).min() >= 16 and shown.max() <= 60
    assert np.all(edges[0] > -0.5 - shown // 3) and np.all(edges[1] < SIDE + 0.5 + shown // 3)
    assert np.all(paste.step[:, 0] > 0) and 0.4 < (paste.step[:, 1] < 0).mean() < 0.6
    assert edges[0].min() < 0 and edges[1].max() > SIDE


def test_pasted_objects_hide_what_is_below(tmp_path):
    data = on_device(blobs(tmp_path))
    height, width = data.cuts.size_hw[0]
    scenes = compose(data, still(data, paste=[(0, (5, 6)), (1, (9, 6))]), SIDE)
    bare = compose(data, still(data), SIDE)
    lower, upper = (scenes.shown[0] == FIRST_PASTED + turn for turn in (0, 1))
    changed = (scenes.rgb - bare.rgb).abs().amax(1)[0] > 20
    assert upper.sum() == scenes.area[0, FIRST_PASTED + 1] > 100
    assert 0 < lower.sum() < scenes.area[0, FIRST_PASTED]
    # where both lie the upper one is seen, and outside of both all is as it was
    assert torch.equal(scenes.shown[0][~(lower | upper)], bare.shown[0][~(lower | upper)])
    near = cv2.dilate((lower | upper).byte().numpy(), np.ones((5, 5), np.uint8))
    assert changed[upper].float().mean() > 0.5 and not changed[torch.from_numpy(near) == 0].any()
    ys, xs = lower.nonzero(as_tuple=True)
    assert ys.min() >= 6 and ys.max() < 6 + height and xs.min() >= 5 and xs.max() < 5 + width


def test_what_is_nearly_hidden_becomes_unclear(tmp_path):
    data = on_device(blobs(tmp_path))
    once = things_of(compose(data, still(data, paste=[(0, (5, 6))]), SIDE))
    assert once.kept[0, FIRST_PASTED] and not once.unclear[0, FIRST_PASTED]
    twice = things_of(compose(data, still(data, paste=[(0, (5, 6)), (0, (7, 6))]), SIDE))
    assert not twice.kept[0, FIRST_PASTED] and twice.unclear[0, FIRST_PASTED]
    assert twice.kept[0, FIRST_PASTED + 1]


def test_masks_never_overlap_and_boxes_fit(tmp_path):
    scenes, things = made(on_device(blobs(tmp_path)))
    assert len(things.image) > 40 and things.masked == len(things.image)
    for i in range(len(scenes.rgb)):
        own = things.mask[things.image == i]
        assert len(own) == 0 or own.sum(0).max() == 1
    for mask, box in zip(things.mask.numpy(), things.box.tolist(), strict=True):
        ys, xs = np.nonzero(mask)
        assert box == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def test_twice_shows_the_same_objects_in_two_scenes(tmp_path):
    data = on_device(blobs(tmp_path, images=40))
    plan = draw_plan(data, options(), 8, 1.0, np.random.default_rng(0))
    casts = [(p, *sorted(row[row >= 0])) for p, row in zip(plan.picture, plan.names.identity, strict=True)]
    assert len(set(casts)) <= 4
    assert len({tuple(row) for row in plan.first}) == 8
    assert {*data.cut_identity} <= {*data.names.identity[data.names.kind == Kind.OBJECT]}


def batches(dataset, seen, count=2, seed=1):
    recipe = Recipe(size=64, batch=6, zoom=(0.9, 1.2), paste=2, seed=seed)
    source = device_batches([(dataset, 1.0)], options(size=64, paste=2), recipe, seen, CPU)
    return [next(source) for _ in range(count)]


def same(one, other):
    return all(torch.equal(a.view, b.view) and torch.equal(a.motion, b.motion) for a, b in zip(one, other, strict=True))


def test_same_seed_and_start_same_batches(tmp_path):
    dataset = blobs(tmp_path)
    first = batches(dataset, 12)
    assert same(first, batches(dataset, 12))
    assert not same(first[:1], first[1:])
    assert not same(first, batches(dataset, 24))
    assert not same(first, batches(dataset, 12, seed=2))


def test_motion_may_be_left_out(tmp_path):
    data, settings, draw = on_device(blobs(tmp_path)), options(motion=False), chance()
    batch = make_batch(data, draw_plan(data, settings, 3, 0.0, draw.host), settings, draw)
    assert batch.motion is None and batch.view.dtype == torch.uint8 and batch.view.shape == (3, 3, SIDE, SIDE)


def test_data_without_objects_is_no_trouble(tmp_path):
    data, settings, draw = on_device(blobs(tmp_path, crowd=True)), options(), chance()
    batch = make_batch(data, draw_plan(data, settings, 5, 0.25, draw.host), settings, draw)
    assert len(batch.image) == 0 and batch.mask.shape == (0, SIDE, SIDE) and batch.semantic.max() == 255


def test_of_overlapping_masks_the_smaller_is_in_front():
    small, large = np.zeros((2, 20, 30), np.uint8)
    small[5:9, 5:9], large[:, :20] = 1, 1
    rows = [Annotation(number, 1, (0, 0, 20, 20), mask, False) for number, mask in enumerate((small, large))]
    named, names = _named(rows, 0, (20, 30))
    assert names.identity[0, named[6, 6]] == 0 and names.identity[0, named[0, 0]] == 1 and named[0, 25] == 0
    assert names.area[0, named[0, 0]] == 400


def test_more_objects_than_names_are_a_crowd(tmp_path, monkeypatch):
    monkeypatch.setattr("streamseg.training.device.data.FIRST_PASTED", 4)
    dataset = blobs(tmp_path, images=8)
    kinds = on_device(dataset).names.kind
    assert max(len(picture.rows) for picture in dataset.pictures) == 3
    assert (kinds == Kind.OBJECT).sum(1).max() < 3 and (kinds == Kind.CROWD).any()
    assert ((kinds == Kind.OBJECT) | (kinds == Kind.CROWD)).any(1).all()


def test_shadows_of_pictures_are_the_hosts(tmp_path, monkeypatch):
    dataset = blobs(tmp_path, images=3, dark=0.6)
    data = on_device(dataset)
    picture = np.arange(12) % 3
    step, first = draw_moves(data.pictures.size_hw[picture], options(), np.random.default_rng(0))
    plan = plan_of(data, SIDE, picture, (step, first), [])
    scenes = compose(data, plan, SIDE)
    things = things_of(scenes)
    shadows = shadows_shown(scenes, things, plan.names)
    maker = SceneMaker([(dataset, 1.0)], 3, options())
    for i, (y, x) in enumerate(zip(step, first, strict=True)):
        matrix = np.array([[1 / y[1], 0, -x[1] / y[1]], [0, 1 / y[0], -x[0] / y[0]]])
        monkeypatch.setattr(SceneMaker, "_move", lambda *_, matrix=matrix: matrix)
        host = maker._canvas((0, int(picture[i])), np.random.default_rng(0))
        wanted = {thing.identity: thing.shadow for thing in host.things if thing.shadow is not None}
        rows = np.flatnonzero(shadows.scene == i)
        known = {int(things.identity[shadows.thing[n]]): shadows.dark[n] for n in rows if shadows.thing[n] >= 0}
        for found, shadow in [(known[of], shadow) for of, shadow in wanted.items()] + [
            (shadows.dark[rows][shadows.thing[rows] < 0].amax(0), np.max(host.shadows, 0))
        ]:
            off = (found - torch.from_numpy(shadow) / 255).abs() > 0.3
            assert off.sum() <= 6 + 0.05 * np.count_nonzero(shadow)
