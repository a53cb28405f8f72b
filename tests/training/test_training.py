import json
from itertools import islice

import numpy as np
import pytest
import torch

from streamseg.config import ModelConfig
from streamseg.errors import ConfigError, DataError, ModelError
from streamseg.evaluation.stills import evaluate
from streamseg.geometry import SoftMask
from streamseg.inference import load_network
from streamseg.inference.net import PLANS, NetConfig
from streamseg.records import Instances
from streamseg.training import train as training
from streamseg.training.dataset import load_dataset
from streamseg.training.losses import WEIGHTS, loss_terms
from streamseg.training.recipe import Recipe, load_recipe
from streamseg.training.train import Trainer
from streamseg.weights.format import load_weights
from tests.training.stills import write_zip

LABELS = ("person", "vehicle", "animal")
SMALL = {"size": 64, "batch": 4, "warmup_images": 0, "threads": 1, "precision": "fp32", "zoom": (0.9, 1.2), "paste": 1}

pytestmark = pytest.mark.usefixtures("small_network")


def trainer(tmp_path, **settings):
    write_zip(tmp_path / "blobs.zip")
    return Trainer(Recipe(**(SMALL | settings)), [tmp_path / "blobs.zip"], tmp_path / "run")


def test_the_loss_falls(tmp_path):
    run = trainer(tmp_path, images=4 * 60, learning_rate=4e-3)
    losses = [sum(WEIGHTS[k] * v for k, v in state.terms.items()) for state in run.run()]
    assert np.mean(losses[-10:]) < 0.75 * np.mean(losses[:10])
    assert (tmp_path / "run/weights.safetensors").exists()


def test_two_runs_of_one_recipe_begin_with_the_same_weights(tmp_path):
    first, second = trainer(tmp_path, images=8), trainer(tmp_path, images=8)
    other = trainer(tmp_path, images=8, seed=2)
    assert all(torch.equal(a, b) for a, b in zip(first.net.parameters(), second.net.parameters(), strict=True))
    assert not torch.equal(first.net.up4.deconv.weight, other.net.up4.deconv.weight)


@pytest.mark.parametrize("even", [False, True])
def test_deconvolutions_stay_even_where_the_recipe_says_so(tmp_path, even):
    run = trainer(tmp_path, images=32, learning_rate=4e-3, even=even)
    list(run.run())
    for up in (run.average.up16, run.average.up8, run.average.up4, run.average.prototypes):
        flat = up.deconv(torch.ones(1, up.deconv.in_channels, 6, 6))[0, :, 2:-2, 2:-2]
        assert torch.allclose(flat, flat[:, :1, :1].expand_as(flat), atol=1e-4) == even


def test_a_run_goes_on_where_it_stopped(tmp_path):
    first = trainer(tmp_path, images=40)
    for _ in islice(first.run(), 4):
        pass
    first.save()
    second = trainer(tmp_path, images=40)
    assert second.images == first.images == 16
    states = list(second.run())
    assert [state.images for state in states] == list(range(20, 41, 4))
    lines = (tmp_path / "run/log.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["images"] == 40


def test_weights_of_a_run_load_and_say_their_terms(tmp_path):
    run = trainer(tmp_path, images=8, terms="for tests")
    list(run.run())
    net, header = load_weights(tmp_path / "run/weights.safetensors")
    assert header.notes["terms"] == "for tests" and header.notes["images"] == "8" and header.labels == LABELS
    for key, value in run.average.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(net.state_dict()[key], value, atol=1e-3, rtol=1e-3)
    network = load_network(ModelConfig(name=str(tmp_path / "run/weights.safetensors"), view=(64, 64), runner="torch"))
    assert network.labels == LABELS


def test_a_spoilt_checkpoint_is_explained(tmp_path):
    run = trainer(tmp_path, images=4)
    list(run.run())
    (run.out / "checkpoint.pt").write_bytes(b"nonsense")
    with pytest.raises(DataError, match="not a checkpoint of this network"):
        trainer(tmp_path, images=8)


def test_a_run_that_has_ended_stays_as_it_is(tmp_path):
    list(trainer(tmp_path, images=8).run())
    before = (tmp_path / "run/weights.safetensors").read_bytes()
    assert list(trainer(tmp_path, images=8).run()) == []
    assert (tmp_path / "run/weights.safetensors").read_bytes() == before


def test_no_objects_is_no_trouble(tmp_path):
    write_zip(tmp_path / "crowd.zip", crowd=True)
    recipe = Recipe(**(SMALL | {"images": 8, "copy_paste": 0.0}))
    states = list(Trainer(recipe, [tmp_path / "crowd.zip"], tmp_path / "run").run())
    assert all(np.isfinite(list(state.terms.values())).all() for state in states)


def test_every_term_reaches_the_network(tmp_path):
    run = trainer(tmp_path, images=8)
    batch = next(training._batches(run.sources, run.recipe, 0, run.device))
    for name, term in loss_terms(run.net(batch.view.float()), batch).items():
        run.net.zero_grad()
        term.backward(retain_graph=True)
        reached = run.net.appearance if name == "identity" else run.net.at2
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in reached.parameters()), name


def test_only_appearance_learns_where_the_recipe_says_so(tmp_path):
    first = trainer(tmp_path, images=16)
    list(first.run())
    start = tmp_path / "run/weights.safetensors"
    recipe = Recipe(**(SMALL | {"images": 16, "learns": "appearance"}))
    run = Trainer(recipe, [tmp_path / "blobs.zip"], tmp_path / "more", start=start)
    before = {name: value.clone() for name, value in run.average.state_dict().items()}
    list(run.run())
    changed = {name for name, value in run.average.state_dict().items() if not torch.equal(value, before[name])}
    assert "appearance.bins.weight" in changed and all(name.startswith("appearance.") for name in changed)


def test_mistakes_are_explained(tmp_path, monkeypatch):
    write_zip(tmp_path / "blobs.zip")
    with pytest.raises(DataError, match="no pictures to train on"):
        Trainer(Recipe(weights={"blobs": 0}), [tmp_path / "blobs.zip"], tmp_path / "run")
    (tmp_path / "recipe.yaml").write_text("imagse: 3\n")
    with pytest.raises(ConfigError, match="imagse"):
        load_recipe(tmp_path / "recipe.yaml")
    with pytest.raises(ModelError, match="not a streamseg weight file"):
        load_weights(tmp_path / "blobs.zip")
    monkeypatch.setitem(PLANS, "s", NetConfig())
    with pytest.raises(ConfigError, match="learns 'appearance': this network has none"):
        trainer(tmp_path, learns="appearance")
    with pytest.raises(DataError, match="nothing to learn: no picture has an object of cat, dog; see --labels"):
        trainer(tmp_path, labels=("cat", "dog"))


@pytest.mark.parametrize(
    ("precision", "device", "says"),
    [
        ("fp16", "cpu", "precision 'fp16': needs a CUDA device, not 'cpu'; use bf16 or fp32"),
        ("fp32", "tpu", "device 'tpu': must be cpu, cuda or cuda:N"),
    ],
)
def test_devices_that_cannot_be_are_explained(tmp_path, precision, device, says):
    write_zip(tmp_path / "blobs.zip")
    recipe = Recipe(**(SMALL | {"precision": precision}))
    with pytest.raises(ConfigError, match=says):
        Trainer(recipe, [tmp_path / "blobs.zip"], tmp_path / "run", device=device)


class Oracle:
    """A network that answers with the truth of each picture, or with it moved aside."""

    labels, view_hw = LABELS, (160, 160)

    def __init__(self, pictures, shift=0.0):
        self.pictures, self.shift = iter(pictures), shift

    def __call__(self, samples):
        items = next(self.pictures).annotations()
        boxes = np.array([item.box for item in items], np.float32)
        moved = boxes + np.array([self.shift, 0] * 2, np.float32)
        masks = []
        for item, (x0, y0, x1, y1) in zip(items, boxes.astype(int), strict=True):
            masks.append(SoftMask(item.mask[y0:y1, x0:x1] * 255, tuple(item.box)))
        masks = [SoftMask(m.alpha, (m.box[0] + self.shift, m.box[1], m.box[2] + self.shift, m.box[3])) for m in masks]
        labels = np.array([item.label for item in items], np.int32)
        return [Instances(moved, np.linspace(0.9, 0.8, len(items), dtype=np.float32), labels, tuple(masks))]

    def describe(self):
        return "oracle"


@pytest.mark.parametrize(
    ("shift", "low", "high"),
    [
        # the truth itself
        (0.0, 0.99, 1.0),
        # a few pixels aside: right at IoU 0.5, wrong at the strict thresholds
        (5.0, 0.2, 0.8),
        # somewhere else
        (60.0, 0.0, 0.3),
    ],
)
def test_ap_is_what_it_should_be(tmp_path, shift, low, high):
    write_zip(tmp_path / "blobs.zip")
    oracle = Oracle(load_dataset(tmp_path / "blobs.zip", LABELS).pictures, shift)
    scores = evaluate(oracle, [tmp_path / "blobs.zip"])["blobs"]
    assert sum(row.instances for row in scores.values()) >= 12
    for row in scores.values():
        assert low <= row.mask_ap <= high + 1e-9 and low <= row.box_ap <= high + 1e-9


def test_incomplete_categories_are_not_scored(tmp_path):
    write_zip(tmp_path / "some.zip", info={"labelled": ["animal"]})
    oracle = Oracle(load_dataset(tmp_path / "some.zip", LABELS).pictures)
    assert set(evaluate(oracle, [tmp_path / "some.zip"])["some"]) == {"animal"}
