import pytest
import torch

from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.weights.format import save_weights
from tests.inference.conftest import small_weights  # noqa: F401


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Converted networks are not kept in the user's own cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def moving_weights(tmp_path_factory):
    """A small network with random weights that takes a map of what moves, and tells objects of a kind apart."""
    torch.manual_seed(7)
    config = NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4, motion=True, appearance=5)
    net = DeconvNet(config).eval()
    with torch.no_grad():
        torch.nn.init.normal_(net.motion.weight)
        for head in net.heads:
            head.out.weight.mul_(20)
            head.out.bias[:3] = 0
    path = tmp_path_factory.mktemp("weights") / "moving.safetensors"
    save_weights(net, path, terms="test")
    return path
