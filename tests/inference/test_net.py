from dataclasses import replace

import pytest
import torch
from torch import nn

from streamseg.inference.net import PLANS, POSITION_TERMS, DeconvNet, Deployed, NetConfig, Up

SMALL = NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4)


@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_shapes(size):
    raw = DeconvNet(SMALL)(torch.zeros(2, 3, *size))
    for level, stride in zip(raw.levels, (8, 16), strict=True):
        cells = (size[0] // stride, size[1] // stride)
        assert level.heat.shape == (2, 3, *cells) and level.box.shape == (2, 4, *cells)
        assert level.mix.shape == (2, 4 + POSITION_TERMS, *cells)
    assert raw.prototypes.shape == (2, 4, size[0] // 2, size[1] // 2)


def test_deployed_peaks_are_three_by_three_maxima():
    torch.manual_seed(0)
    net = DeconvNet(SMALL).eval()
    with torch.no_grad():
        net.heads[0].out.weight.mul_(50)
        peaks = Deployed(net)(torch.randint(0, 255, (1, 96, 96, 3), dtype=torch.uint8))[0][0]
    label, ys, xs = (peaks > 0).nonzero(as_tuple=True)
    assert 0 < len(ys) < peaks.numel() / 4
    for c, y, x in zip(label, ys, xs, strict=True):
        around = peaks[c, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
        assert peaks[c, y, x] == around.max()


def test_deconvolution_starts_without_checkerboard():
    torch.manual_seed(0)
    up = Up(8, 4, 8)
    inside = up.deconv(torch.ones(1, 8, 6, 6))[0, :, 2:-2, 2:-2]
    assert torch.allclose(inside, inside[:, :1, :1].expand_as(inside), atol=1e-5)


def test_motion_changes_nothing_until_it_is_learnt_and_nothing_without_a_map():
    torch.manual_seed(0)
    net = DeconvNet(replace(SMALL, motion=True)).eval()
    view, motion = torch.rand(1, 3, 64, 64) * 255, torch.rand(1, 16, 16) * 255
    with torch.no_grad():
        assert torch.equal(net(view, motion).prototypes, net(view).prototypes)
        net.motion.weight.normal_()
        assert torch.equal(net(view, torch.zeros(1, 16, 16)).prototypes, net(view).prototypes)
        assert not torch.equal(net(view, motion).prototypes, net(view).prototypes)


def multiplications(net, size):
    """Of one view's convolutions."""
    total = 0

    def count(layer, given, made):
        nonlocal total
        cells = given[0] if isinstance(layer, nn.ConvTranspose2d) else made
        total += cells.shape[-2] * cells.shape[-1] * layer.weight.numel()

    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            layer.register_forward_hook(count)
    with torch.no_grad():
        net(torch.zeros(1, 3, *size), torch.zeros(1, size[0] // 4, size[1] // 4))
    return total


@pytest.mark.parametrize(("name", "most"), [("s", 2.5e9), ("m", 8e9)])
def test_plans_keep_to_their_budget(name, most):
    assert 0.8 * most < multiplications(DeconvNet(PLANS[name]).eval(), (384, 640)) <= most
