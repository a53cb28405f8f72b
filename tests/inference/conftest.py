import pytest
import torch

from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.weights.format import save_weights


@pytest.fixture(scope="session")
def small_weights(tmp_path_factory):
    """A small network with random weights that sees something everywhere."""
    torch.manual_seed(7)
    net = DeconvNet(NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4)).eval()
    with torch.no_grad():
        for head in net.heads:
            head.out.weight.mul_(20)
            head.out.bias[:3] = 0
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_weights(net, path, terms="test")
    return path
