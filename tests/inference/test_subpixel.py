import copy

import pytest
import torch
from torch import nn

from streamseg.inference.net import DeconvNet, Deployed, NetConfig
from streamseg.inference.ports import whole_blocks
from streamseg.inference.subpixel import as_convolution, with_convolutions, without_deconvolutions


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


def test_what_is_deployed_says_the_same_without_deconvolutions():
    torch.manual_seed(0)
    net = DeconvNet(NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4, appearance=5)).eval()
    for norm in (module for module in net.modules() if isinstance(module, nn.BatchNorm2d)):
        nn.init.uniform_(norm.running_mean), nn.init.uniform_(norm.running_var, 0.5, 2)
    plain = without_deconvolutions(Deployed(copy.deepcopy(net)))
    assert not any(isinstance(module, nn.ConvTranspose2d) for module in plain.modules())
    view = torch.randint(0, 255, (2, 64, 96, 3), dtype=torch.uint8)
    with torch.inference_mode():
        *others, a = Deployed(net)(view)
        *others_too, b = plain(view)
        for one, other in zip(others, others_too, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
        assert a.shape == (2, 16, 24, 16) and b.shape == (2, 17, 25, 16)
        whole = torch.from_numpy(whole_blocks(b.contiguous().numpy()).copy())
        torch.testing.assert_close(whole.flatten(3), a, rtol=1e-4, atol=1e-4)
        cells = net(view.permute(0, 3, 1, 2).float()).prototypes
    torch.testing.assert_close(
        a[1, 3, 5].reshape(2, 2, 4), cells[1, :, 6:8, 10:12].permute(1, 2, 0), rtol=1e-4, atol=1e-4
    )


def test_other_kinds_are_refused():
    with pytest.raises(ValueError, match="only kernel 4"):
        as_convolution(nn.ConvTranspose2d(3, 5, 2, 2))
