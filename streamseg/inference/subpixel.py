"""Deconvolutions as convolutions: the same sums in another order, for runners that are slow at the transposed kind.

A deconvolution of kernel 4 and stride 2 is four convolutions of kernel 2, one for each place in a 2x2 block of the
output. Blocks that begin one pixel outside of the picture need the same 2x2 of its inputs each: then the four are one
convolution, whose channels are laid out as pixels, less a margin of one pixel.
Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?".
"""

import torch
import torch.nn.functional as F
from torch import nn

from streamseg.inference.net import Deployed, Up

_TAPS = ((2, 0), (3, 1))
"""For the first and the second row (or column) of a block: the taps that meet its two inputs."""


def without_deconvolutions(deployed: Deployed) -> Deployed:
    """Replace every deconvolution, in place, the last one by a BlockUp; gives deployed back.

    The same outputs, but for the prototypes: a row and a column of blocks more (see BlockUp, ports.whole_blocks).
    """
    deployed.net.prototypes = BlockUp(deployed.net.prototypes)  # type: ignore[assignment]  # nobody trains it on
    deployed.blocks = nn.Identity()
    with_convolutions(deployed)
    return deployed


def with_convolutions(net: nn.Module) -> nn.Module:
    """Replace every deconvolution of a network, in place; gives the network back."""
    for name, child in net.named_children():
        if isinstance(child, nn.ConvTranspose2d):
            setattr(net, name, as_convolution(child))
        else:
            with_convolutions(child)
    return net


def as_convolution(deconv: nn.ConvTranspose2d) -> nn.Sequential:
    """One deconvolution (kernel 4, stride 2, padding 1, no bias) as a convolution, a pixel shuffle and a crop.

    Raises:
        ValueError: it is another kind.
    """
    kind = deconv.kernel_size, deconv.stride, deconv.padding, deconv.bias
    if kind != ((4, 4), (2, 2), (1, 1), None):
        raise ValueError(f"deconvolution {deconv}: only kernel 4, stride 2, padding 1 without bias can be rewritten")
    conv = nn.Conv2d(deconv.in_channels, 4 * deconv.out_channels, 2, padding=1, bias=False)
    kernel = torch.empty(deconv.out_channels, 2, 2, deconv.in_channels, 2, 2)
    taps = deconv.weight.detach().permute(1, 0, 2, 3)
    for row, across in enumerate(_TAPS):
        for column, along in enumerate(_TAPS):
            kernel[:, row, column] = taps[:, :, across][:, :, :, along]
    conv.weight = nn.Parameter(kernel.flatten(0, 2))
    return nn.Sequential(conv, nn.PixelShuffle(2), Crop())


class Crop(nn.Module):
    """All but a margin of one pixel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, 1:-1, 1:-1]


class BlockUp(nn.Module):
    """Up without laying out channels as pixels: [B, 4K, h + 1, w + 1], of each block of 2x2 cells the K of each.

    The cells of a block follow row by row. The first block begins one cell above and left of the picture, and the last
    one ends beyond it; what is outside means nothing. The skip becomes a convolution of kernel and stride 2 that sees a
    block at a time.

    Args:
        up: a trained one, whose normalisation is folded into the weights.
    """

    def __init__(self, up: Up):
        super().__init__()
        kinds, n_skip, norm = up.norm.num_features, up.skip.in_channels, up.norm
        assert norm.running_mean is not None and norm.running_var is not None, "it is trained"
        scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach()
        shift = (norm.bias - norm.running_mean * scale).detach()
        weights = as_convolution(up.deconv)[0].get_parameter("weight").detach()
        self.inner = nn.Conv2d(weights.shape[1], 4 * kinds, 2, padding=1)
        self.skip = nn.Conv2d(n_skip, 4 * kinds, 2, stride=2, padding=1, bias=False)
        # an identity, but it ends the sum: OpenVINO would write the sum itself in fp32, and not channel by channel
        self.out = nn.Conv2d(4 * kinds, 4 * kinds, 1, groups=4 * kinds, bias=False)
        taps = weights.reshape(kinds, 4, *weights.shape[1:]).transpose(0, 1) * scale[:, None, None, None]
        sight = torch.zeros(2, 2, kinds, n_skip, 2, 2)
        for row in range(2):
            for column in range(2):
                sight[row, column, :, :, row, column] = up.skip.weight.detach()[:, :, 0, 0] * scale[:, None]
        self.inner.weight, self.inner.bias = nn.Parameter(taps.flatten(0, 1)), nn.Parameter(shift.repeat(4))
        self.skip.weight = nn.Parameter(sight.flatten(0, 2))
        self.out.weight = nn.Parameter(torch.ones(4 * kinds, 1, 1, 1))

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        summed: torch.Tensor = self.out(F.relu(self.inner(x) + self.skip(skip)))
        return summed
