import numpy as np

from streamseg.training.dataset import load_dataset
from streamseg.training.scenes import Cast, SceneMaker, SceneOptions
from streamseg.training.targets import make_batch
from tests.training.stills import write_zip

LABELS = ("person", "vehicle", "animal")


def scenes(tmp_path, *, count=20, copy_paste=1.0, **settings):
    write_zip(tmp_path / "blobs.zip", **settings)
    dataset = load_dataset(tmp_path / "blobs.zip", LABELS)
    maker = SceneMaker([(dataset, 1.0)], 3, SceneOptions(size=128, copy_paste=copy_paste, paste_px=(16, 60)))
    rng = np.random.default_rng(3)
    return [maker.make(rng) for _ in range(count)]


def test_masks_never_overlap_and_boxes_fit(tmp_path):
    made = scenes(tmp_path)
    assert sum(len(scene.things) for scene in made) > 40
    for scene in made:
        assert scene.rgb.shape == (128, 128, 3) and scene.rgb.dtype == np.uint8
        masks = [thing.mask for thing in scene.things]
        assert not masks or np.sum(masks, axis=0).max() == 1
        for thing in scene.things:
            ys, xs = np.nonzero(thing.mask)
            assert thing.box == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


def test_same_generator_same_scenes(tmp_path):
    first, second = (scenes(tmp_path, count=4) for _ in range(2))
    assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(first, second, strict=True))


def test_unmarked_objects_of_incomplete_classes_are_no_negatives(tmp_path):
    made = scenes(tmp_path, copy_paste=0.0, info={"labelled": ["vehicle"]})
    persons, vehicles = (np.mean([scene.valid[label].mean() for scene in made]) for label in (0, 1))
    assert vehicles > 0.95
    assert persons < 0.7
    for scene in made:
        inside = np.any([thing.mask for thing in scene.things], axis=0)
        assert scene.valid[0][inside > 0].all(), "inside a marked object it is known to be nothing else"


def test_crowds_are_ignored_but_teach_the_semantic_map(tmp_path):
    made = scenes(tmp_path, copy_paste=0.0, crowd=True)
    assert all(not scene.things for scene in made)
    assert any(scene.crowd.any() for scene in made)
    batch = make_batch(made)
    assert len(batch.image) == 0 and batch.mask.shape == (0, 128, 128)
    assert batch.semantic.max() == 255
    assert all(not scene.valid[scene.crowd > 0].any() for scene in made)


def test_targets_mark_one_peak_for_each_thing(tmp_path):
    made = scenes(tmp_path)
    batch = make_batch(made)
    assert len(batch.image) == sum(len(scene.things) for scene in made)
    for i in range(len(batch.image)):
        level, (y, x) = int(batch.level[i]), batch.cell[i].tolist()
        heat, weight = (maps[level][batch.image[i], :, y, x] for maps in (batch.heat, batch.weight))
        assert heat.max() == 1 and weight[heat == 1].all()
    covered = batch.mask.sum((1, 2))
    areas = [np.count_nonzero(thing.mask) for scene in made for thing in scene.things]
    assert covered.tolist() == areas


def test_some_scenes_show_the_same_as_others_anew(tmp_path):
    write_zip(tmp_path / "blobs.zip", images=40)
    dataset = load_dataset(tmp_path / "blobs.zip", LABELS)
    maker = SceneMaker([(dataset, 1.0)], 3, SceneOptions(size=128, copy_paste=0.5, paste_px=(16, 60)))
    made = maker.make_many(16, 0.25, np.random.default_rng(3))
    assert len(made) == 16
    shown = [{thing.identity for thing in scene.things} for scene in made]
    for once, again in zip(made[:2], made[14:], strict=True):
        assert not np.array_equal(once.rgb, again.rgb)
    assert all(once & again for once, again in zip(shown[:2], shown[14:], strict=True))
    assert make_batch(made).identity.tolist() == [thing.identity for scene in made for thing in scene.things]


def test_objects_of_two_data_sets_are_never_the_same(tmp_path):
    for name in ("one", "two"):
        write_zip(tmp_path / f"{name}.zip", images=3)
    sources = [(load_dataset(tmp_path / f"{name}.zip", LABELS), 1.0) for name in ("one", "two")]
    maker = SceneMaker(sources, 3, SceneOptions(size=128, copy_paste=0.0, zoom=(0.9, 0.91)))
    rng = np.random.default_rng(0)
    seen = [{thing.identity for thing in maker.make(rng, Cast((dataset, 0), ())).things} for dataset in (0, 1)]
    assert seen[0] and seen[1] and not seen[0] & seen[1]


def test_shadows_of_pictures_belong_to_what_casts_them_and_are_no_objects(tmp_path, monkeypatch):
    monkeypatch.setattr("streamseg.training.shadows.SUNNY", 0)
    made = scenes(tmp_path, count=40, copy_paste=0.0, dark=0.6)
    shadowed = [(scene, thing) for scene in made for thing in scene.things if thing.shadow is not None]
    assert len(shadowed) > 40
    for thing in (thing for _, thing in shadowed if thing.shadow.any()):
        ys, xs = np.nonzero(thing.shadow)
        assert thing.shadow.max() <= 153 and ys.min() > thing.box[3] - 1
        assert thing.box[0] - 8 < xs.mean() < thing.box[2] + 8
    loose = [scene for scene in made if scene.shadows]
    assert loose and all(len(scene.shadows) <= 3 for scene in loose)
    for scene in made:
        assert scene.valid.all(), "of no class, and known to be"


def test_what_is_pasted_hides_shadows(tmp_path, monkeypatch):
    monkeypatch.setattr("streamseg.training.shadows.SUNNY", 0)
    hidden = 0
    for scene in scenes(tmp_path, count=40, dark=0.6):
        pasted = np.max([thing.mask for thing in scene.things], axis=0, initial=0) > 0
        shadows = [thing.shadow for thing in scene.things if thing.shadow is not None] + scene.shadows
        assert not any(shadow[pasted].any() for shadow in shadows)
        hidden += sum(np.count_nonzero(shadow) > 0 for shadow in shadows)
    assert hidden > 40
