import copy

import pytest
import torch
from torch import nn

from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.inference.subpixel import as_convolution, with_convolutions


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (8, 8)])
def test_the_same_sums(size):
    torch.manual_seed(0)
    deconv = nn.ConvTranspose2d(3, 5, 4, 2, 1, bias=False)
    x = torch.randn(2, 3, *size)
    torch.testing.assert_close(as_convolution(deconv)(x), deconv(x), rtol=1e-5, atol=1e-5)


def test_a_whole_network_says_the_same_without_deconvolutions():
    torch.manual_seed(0)
    net = DeconvNet(NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4)).eval()
    plain = with_convolutions(copy.deepcopy(net))
    assert not any(isinstance(module, nn.ConvTranspose2d) for module in plain.modules())
    x = torch.rand(1, 3, 64, 96) * 255
    for a, b in zip(net(x).levels, plain(x).levels, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(net(x).prototypes, plain(x).prototypes, rtol=1e-4, atol=1e-4)


def test_other_kinds_are_refused():
    with pytest.raises(ValueError, match="only kernel 4"):
        as_convolution(nn.ConvTranspose2d(3, 5, 2, 2))
