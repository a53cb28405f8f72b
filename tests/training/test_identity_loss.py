import numpy as np
import pytest
import torch

from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.training.dataset import load_dataset
from streamseg.training.losses import _identity, loss_terms
from streamseg.training.scenes import SceneMaker, SceneOptions
from streamseg.training.targets import make_batch
from tests.training.stills import write_zip

LABELS = ("person", "vehicle", "animal")
SMALL = NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4, appearance=8)


def test_views_of_one_object_are_to_be_alike_and_others_not():
    identity = torch.tensor([1, 2, 1, 2, -1])
    right = torch.tensor([[1.0, 0], [0, 1], [1, 0], [0, 1], [-1, -1]])
    wrong = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1], [-1, -1]])
    assert _identity(right, identity) < 0.1 < 3 < _identity(wrong, identity)
    assert _identity(3 * right, identity) == pytest.approx(_identity(right, identity).item())


def test_where_nothing_is_seen_twice_there_is_nothing_to_learn():
    assert _identity(torch.randn(4, 8), torch.tensor([1, 2, -1, -1])) == 0
    assert _identity(torch.zeros(0, 8), torch.zeros(0, dtype=torch.int64)) == 0


@pytest.fixture
def batch(tmp_path):
    write_zip(tmp_path / "blobs.zip", images=20)
    maker = SceneMaker([(load_dataset(tmp_path / "blobs.zip", LABELS), 1.0)], 3, SceneOptions(size=128))
    return make_batch(maker.make_many(8, 0.5, np.random.default_rng(1)))


def test_appearance_costs_the_other_tasks_nothing(batch):
    torch.manual_seed(0)
    net = DeconvNet(SMALL)
    terms = loss_terms(net(batch.view.float()), batch)
    terms["identity"].backward()
    learning = {name for name, value in net.named_parameters() if value.grad is not None and value.grad.any()}
    assert learning and all(name.startswith("appearance.") for name in learning)


def test_appearance_is_learnt(batch):
    torch.manual_seed(0)
    net = DeconvNet(SMALL)
    optimiser = torch.optim.Adam(net.appearance.parameters(), 0.01)
    losses = []
    for _ in range(40):
        losses.append(loss_terms(net(batch.view.float()), batch)["identity"])
        optimiser.zero_grad()
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < 0.8 * losses[0]


def test_a_network_without_appearance_has_no_such_loss(batch):
    net = DeconvNet(NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4))
    assert "identity" not in loss_terms(net(batch.view.float()), batch)
