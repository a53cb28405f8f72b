import pytest
import torch

from streamseg.inference.net import POSITION_TERMS, DeconvNet, Deployed, NetConfig, Up

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
