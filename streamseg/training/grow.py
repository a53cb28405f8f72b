"""A larger network that says exactly what a smaller one says, so that training goes on instead of beginning again.

Old channels keep their weights, in the first places; new ones begin at random and reach old ones through zeros, which
training raises. Chen et al. 2016, "Net2Net: Accelerating Learning via Knowledge Transfer", sec. 2, copies channels
instead; copies must be told apart by noise, and noise changes what is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

import torch
from torch import Tensor, nn

from streamseg.errors import ConfigError
from streamseg.inference.net import POSITION_TERMS, RGB, Context, DeconvNet, Head, NetConfig, Residual

_GROWING = ("widths", "depths", "prototypes", "motion", "appearance")
"""Keys of NetConfig that may be larger in the grown network (appearance: than 0); the others must be the same."""

Parts = Mapping[nn.Module, Sequence[int]]
"""Channels of each part, for layers whose channels are several parts side by side."""


def grow(net: DeconvNet, config: NetConfig) -> DeconvNet:
    """A network of plan config, in net's mode, whose peaks, boxes, masks and semantic map are those of net.

    The prototypes and mix rows of net come first among its own, position terms last. ConfigError: config is smaller
    somewhere, or differs in what cannot grow (labels, normalisation).
    """
    _check(net.config, config)
    grown = DeconvNet(config)
    inputs, outputs = (_inputs(net) | _inputs(grown)), (_outputs(net) | _outputs(grown))
    with torch.no_grad():
        _teach(net, grown, inputs, outputs)
    return grown.train(net.training)


def _check(known: NetConfig, wanted: NetConfig) -> None:
    for key in _GROWING:
        old, new = (v if isinstance(v, tuple) else (v,) for v in (getattr(known, key), getattr(wanted, key)))
        if any(more < less for less, more in zip(old, new, strict=True)):
            raise ConfigError(
                f"{key} {', '.join(map(str, new))}: a network of {', '.join(map(str, old))} can only grow; "
                "leave `network` out of the recipe to keep the plan of the start"
            )
    if known.appearance not in (0, wanted.appearance):
        raise ConfigError(f"appearance {wanted.appearance}: a network that has {known.appearance} bins keeps as many")
    if replace(wanted, **{key: getattr(known, key) for key in _GROWING}) != known:
        raise ConfigError(f"a network grows in {', '.join(_GROWING)} alone: {known} cannot become {wanted}")


def _inputs(net: DeconvNet) -> dict[nn.Module, list[int]]:
    """Parts of what a layer takes, where it is joined of several: the pools of Context, what Appearance sees."""
    contexts = [module for module in net.modules() if isinstance(module, Context)]
    parts = {context.merge[0]: [len(context.squeeze.get_parameter("0.weight"))] * 4 for context in contexts}
    if net.appearance is not None:
        parts[net.appearance.sight[0]] = [net.config.widths[0] // 2, RGB]
    return parts


def _outputs(net: DeconvNet) -> dict[nn.Module, list[int]]:
    """Parts of what the heads' last layers say, to which new rows add nothing at first."""
    parts: dict[nn.Module, list[int]] = {}
    for head in net.modules():
        if isinstance(head, Head):
            labels, sides, mix = head.splits
            parts[head.out] = [labels, sides, mix - POSITION_TERMS, POSITION_TERMS]
    return parts


def _teach(old: nn.Module, new: nn.Module, inputs: Parts, outputs: Parts) -> None:
    """Fill new with what old knows, layer by layer."""
    if not list(old.children()):
        _fill(old, new, inputs, outputs)
    elif isinstance(old, nn.Sequential):
        more = _more_blocks(old, new)
        for block in more:
            nn.init.zeros_(block.second.get_parameter("1.weight"))  # relu(x + 0): what comes in is never negative
        for child, partner in zip(old.children(), (c for c in new.children() if c not in more), strict=True):
            _teach(child, partner, inputs, outputs)
    else:
        for name, child in old.named_children():
            _teach(child, new.get_submodule(name), inputs, outputs)


def _more_blocks(old: nn.Module, new: nn.Module) -> list[Residual]:
    """The residual blocks at the end of a stage that old does not have."""
    known = sum(isinstance(child, Residual) for child in old.children())
    return [child for child in new.children() if isinstance(child, Residual)][known:]


def _fill(old: nn.Module, new: nn.Module, inputs: Parts, outputs: Parts) -> None:
    """Copy a layer's numbers to their places; what comes from new channels to old ones becomes zero."""
    filled = new.state_dict()
    for name, known in old.state_dict().items():
        target = filled[name]
        if known.ndim == 0:
            target.copy_(known)
            continue
        if isinstance(old, nn.ConvTranspose2d):
            known, target = known.transpose(0, 1), target.transpose(0, 1)
        if old in outputs:
            target.zero_()
        rows = _places(outputs.get(old, known.shape[:1]), outputs.get(new, target.shape[:1]))
        if known.ndim > 1:
            columns = _places(inputs.get(old, known.shape[1:2]), inputs.get(new, target.shape[1:2]))
            known = known.new_zeros((len(rows), *target.shape[1:])).index_copy(1, columns, known)
        target[rows] = known


def _places(old: Sequence[int], new: Sequence[int]) -> Tensor:
    """Where the channels of old's parts lie among new's, int64 [sum of old]."""
    begins = [0, *accumulate(new)][:-1]
    return torch.cat([torch.arange(count) + begin for count, begin in zip(old, begins, strict=True)])
