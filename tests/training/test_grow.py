"""A network grown to a larger plan: it says what it said, and what is new can learn."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from streamseg.errors import ConfigError
from streamseg.inference.net import POSITION_TERMS, DeconvNet, NetConfig
from streamseg.training.grow import grow

SMALL = NetConfig(widths=(8, 12, 16, 20), depths=(1, 1, 2, 1), prototypes=4, motion=True, appearance=5)
LARGE = replace(SMALL, widths=(12, 16, 24, 32), depths=(1, 2, 3, 2), prototypes=6)


def lived(config):
    """A network in which no weight and no statistic is as it began."""
    torch.manual_seed(0)
    net = DeconvNet(config).eval()
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_(std=0.3)
                layer.running_var.uniform_(0.5, 2)
                layer.weight.uniform_(0.5, 1.5)
                layer.bias.normal_(std=0.3)
        for head in net.heads:
            head.out.weight.normal_(std=0.3)
            head.out.bias.normal_()
        if net.motion is not None:
            net.motion.weight.normal_()
    return net


def seen(with_motion):
    return torch.rand(2, 3, 96, 64) * 255, torch.rand(2, 24, 16) * 255 if with_motion else None


def assert_same(before, after):
    """Raw outputs, but for new prototypes, which no mask uses."""
    known = before.prototypes.shape[1]
    for old, new in zip(before.levels, after.levels, strict=True):
        assert old.heat.std() > 0.1 and old.mix.std() > 0.1
        assert torch.allclose(new.heat, old.heat, atol=1e-4) and torch.allclose(new.box, old.box, atol=1e-4)
        rows = new.mix.split([known, new.mix.shape[1] - known - POSITION_TERMS, POSITION_TERMS], 1)
        assert torch.allclose(torch.cat([rows[0], rows[2]], 1), old.mix, atol=1e-4)
        assert not rows[1].any()
    assert before.appearance.std() > 0.1
    assert torch.allclose(after.appearance, before.appearance, atol=1e-4)
    assert torch.allclose(after.prototypes[:, :known], before.prototypes, atol=1e-4)
    assert torch.allclose(after.semantic, before.semantic, atol=1e-4)


@pytest.mark.parametrize("with_motion", [False, True])
@pytest.mark.parametrize("plan", [LARGE, replace(SMALL, prototypes=6), replace(SMALL, depths=(2, 1, 2, 3))])
@torch.no_grad()
def test_a_grown_network_says_what_it_said(plan, with_motion):
    net = lived(SMALL)
    grown, given = grow(net, plan), seen(with_motion)
    assert grown.config == plan and not grown.training
    assert_same(net(*given), grown(*given))


@torch.no_grad()
def test_one_that_knew_no_motion_does_not_mind_it():
    net = lived(replace(SMALL, motion=False))
    view, motion = seen(with_motion=True)
    assert_same(net(view), grow(net, LARGE)(view, motion))


@torch.no_grad()
def test_one_that_told_no_objects_apart_starts_to():
    view, _ = seen(with_motion=False)
    net = lived(replace(SMALL, appearance=0))
    before, after = net(view), grow(net, LARGE)(view)
    for old, new in zip(before.levels, after.levels, strict=True):
        assert torch.allclose(new.heat, old.heat, atol=1e-4)
    assert before.appearance is None and after.appearance.std() > 0.01


def test_what_is_new_learns_within_three_steps():
    net = grow(lived(SMALL), LARGE).train()
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-2)
    for _ in range(3):
        raw = net(*seen(with_motion=True))
        mix = torch.cat([level.mix.mean((2, 3)) for level in raw.levels]).mean(0)[: LARGE.prototypes]
        masks = (mix * raw.prototypes.mean((0, 2, 3))).sum()
        maps = [*(part for level in raw.levels for part in level), raw.semantic, raw.appearance]
        optimiser.zero_grad()
        (sum((part - 1).square().mean() for part in maps) + masks).backward()
        optimiser.step()
    still = [name for name, weight in net.named_parameters() if weight.ndim > 1 and not _all_channels_move(weight)]
    assert not still


def _all_channels_move(weight):
    """Whether a gradient comes to every output and every input channel."""
    moved = weight.grad.abs().flatten(2).sum(2)
    return bool((moved.sum(0) > 0).all() and (moved.sum(1) > 0).all())


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (replace(LARGE, widths=(8, 12, 16, 16)), "widths 8, 12, 16, 16: a network of 8, 12, 16, 20 can only grow"),
        (replace(LARGE, depths=(1, 1, 1, 1)), "depths 1, 1, 1, 1: a network of 1, 1, 2, 1 can only grow"),
        (replace(LARGE, prototypes=3), "prototypes 3: a network of 4 can only grow"),
        (replace(LARGE, appearance=6), "appearance 6: a network that has 5 bins keeps as many"),
        (replace(LARGE, motion=False), "motion False: a network of True can only grow"),
        (replace(LARGE, labels=("cat",)), "grows in widths, depths, prototypes, motion, appearance alone"),
    ],
)
def test_a_smaller_or_another_plan_is_refused(plan, says):
    with pytest.raises(ConfigError, match=says):
        grow(DeconvNet(SMALL), plan)
