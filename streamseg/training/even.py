"""Deconvolutions that draw no checkerboard: each of the four phases of a kernel's taps keeps the same sum.

With stride 2 every output pixel is made by one of four phases of the kernel (even or odd row and column). Kernel 4
gives each as many taps, and the bilinear start the same sum; training lets the sums drift apart, and then even a flat
input comes out as a pattern of 2x2 pixels. Odena et al. 2016, "Deconvolution and Checkerboard Artifacts".
"""

import torch
from torch import nn


@torch.no_grad()
def even_out(net: nn.Module) -> None:
    """Give the phases of every transposed convolution (kernel 4, stride 2) their mean sum, in place.

    Of all kernels with even phases, this one is nearest to what the kernel was.
    """
    for layer in net.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            # in, out, tap, phase, tap, phase
            taps = torch.unflatten(torch.unflatten(layer.weight, 3, (2, 2)), 2, (2, 2))
            taps -= taps.mean((2, 4), keepdim=True) - taps.mean((2, 3, 4, 5), keepdim=True)
