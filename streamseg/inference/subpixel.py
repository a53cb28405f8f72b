"""Deconvolutions as convolutions: the same sums in another order, for runners that are slow at the transposed kind.

A deconvolution of kernel 4 and stride 2 is four convolutions of kernel 2, one for each place in a 2x2 block of the
output; side by side they are one convolution of kernel 3 with zeros in it, whose channels are then laid out as pixels.
Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?".
"""

import torch
from torch import nn

_TAPS = ((3, 1, None), (None, 2, 0))
"""For the even and the odd row (or column) of a block: the taps that meet the inputs before, at and after it."""


def with_convolutions(net: nn.Module) -> nn.Module:
    """Replace every deconvolution of a network, in place; gives the network back."""
    for name, child in net.named_children():
        if isinstance(child, nn.ConvTranspose2d):
            setattr(net, name, as_convolution(child))
        else:
            with_convolutions(child)
    return net


def as_convolution(deconv: nn.ConvTranspose2d) -> nn.Sequential:
    """One deconvolution (kernel 4, stride 2, padding 1, no bias) as a convolution and a pixel shuffle.

    Raises:
        ValueError: it is another kind.
    """
    kind = deconv.kernel_size, deconv.stride, deconv.padding, deconv.bias
    if kind != ((4, 4), (2, 2), (1, 1), None):
        raise ValueError(f"deconvolution {deconv}: only kernel 4, stride 2, padding 1 without bias can be rewritten")
    conv = nn.Conv2d(deconv.in_channels, 4 * deconv.out_channels, 3, padding=1, bias=False)
    kernel = torch.zeros(deconv.out_channels, 2, 2, deconv.in_channels, 3, 3)
    taps = deconv.weight.detach().permute(1, 0, 2, 3)
    for row, across in enumerate(_TAPS):
        for column, along in enumerate(_TAPS):
            for y, tap_y in enumerate(across):
                for x, tap_x in enumerate(along):
                    if tap_y is not None and tap_x is not None:
                        kernel[:, row, column, :, y, x] = taps[:, :, tap_y, tap_x]
    conv.weight = nn.Parameter(kernel.flatten(0, 2))
    return nn.Sequential(conv, nn.PixelShuffle(2))
