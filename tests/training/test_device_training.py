import itertools

import numpy as np
import pytest
import torch

from streamseg.inference.net import NetConfig
from streamseg.training import train as training
from streamseg.training.losses import WEIGHTS
from streamseg.training.recipe import Recipe
from streamseg.training.train import Trainer
from tests.training.stills import write_zip

SMALL = {"size": 64, "batch": 4, "warmup_images": 0, "threads": 1, "precision": "fp32", "zoom": (0.9, 1.2), "paste": 1}


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    plan = NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4, motion=True)
    monkeypatch.setitem(training.PLANS, "s", plan)


def trainer(tmp_path, **settings):
    write_zip(tmp_path / "blobs.zip")
    recipe = Recipe(**(SMALL | {"augment": "device"} | settings))
    return Trainer(recipe, [tmp_path / "blobs.zip"], tmp_path / "run")


def test_the_loss_falls(tmp_path):
    torch.manual_seed(0)
    run = trainer(tmp_path, images=4 * 60, learning_rate=4e-3)
    losses = [sum(WEIGHTS[name] * value for name, value in state.terms.items()) for state in run.run()]
    assert np.mean(losses[-10:]) < 0.75 * np.mean(losses[:10])


def test_a_run_goes_on_with_scenes_of_its_own(tmp_path):
    first = trainer(tmp_path, images=24)
    for _ in itertools.islice(first.run(), 2):
        pass
    first.save()
    second = trainer(tmp_path, images=24)
    assert [state.images for state in second.run()] == [12, 16, 20, 24]
    begun, gone_on, again = (
        next(training._batches(second.sources, second.recipe, seen, second.device)).view for seen in (0, 8, 8)
    )
    assert torch.equal(gone_on, again) and not torch.equal(begun, gone_on)
