"""Normalisations folded into the convolutions before them: the same sums, and half of the passes over memory."""

from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_conv_bn_weights

from streamseg.inference.net import Up

Net = TypeVar("Net", bound=nn.Module)


def fold(net: Net) -> Net:
    """Fold every normalisation of a network in evaluation mode, in place; gives the network back."""
    for part in list(net.modules()):
        if isinstance(part, Up):
            _fold_up(part)
        elif isinstance(part, nn.Sequential) and len(part) > 1 and isinstance(part[1], nn.BatchNorm2d):
            conv = part[0]
            assert isinstance(conv, nn.Conv2d), "what a normalisation follows"
            part[0], part[1] = fuse_conv_bn_eval(conv, part[1]), nn.Identity()
    return net


def _fold_up(up: Up) -> None:
    """Both of the convolutions that it sums; the shift goes with the first."""
    norm = up.norm
    assert norm.running_mean is not None and norm.running_var is not None, "it is trained"
    told = norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    up.deconv.weight, up.deconv.bias = fuse_conv_bn_weights(up.deconv.weight, None, *told, transpose=True)
    up.skip.weight, _ = fuse_conv_bn_weights(up.skip.weight, None, *told)
    up.norm = nn.Identity()  # type: ignore[assignment]  # nobody trains it on
