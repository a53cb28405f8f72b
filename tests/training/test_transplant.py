"""A network that goes on with other labels: what it knew stays, bit by bit."""

import pytest
import torch

from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.training.transplant import fit_start, what_changes

PLAN = {"widths": (8, 16, 16, 16), "depths": (1, 1, 1, 1), "prototypes": 4}


def taught(labels, **settings):
    """A network whose heads say something."""
    net = DeconvNet(NetConfig(labels=labels, **PLAN, **settings)).eval()
    with torch.no_grad():
        for head in net.heads:
            torch.nn.init.normal_(head.out.weight, std=0.5)
            torch.nn.init.normal_(head.out.bias)
    return net


@torch.no_grad()
def test_kept_labels_see_what_they_saw():
    net = taught(("person", "vehicle", "animal"))
    fitted = fit_start(net, ("cat", "animal", "person", "dog"), motion=True).eval()
    view = torch.rand(1, 3, 64, 64) * 255
    before, after = net(view), fitted(view, torch.rand(1, 16, 16) * 255)
    assert fitted.config.labels == ("cat", "animal", "person", "dog") and fitted.config.motion
    for old, new in zip(before.levels, after.levels, strict=True):
        assert torch.equal(new.heat[:, [1, 2]], old.heat[:, [2, 0]])
        assert torch.equal(new.box, old.box) and torch.equal(new.mix, old.mix)
        assert new.heat.shape[1] == 4 and new.heat[:, [0, 3]].sigmoid().max() < 0.1
    assert torch.equal(after.prototypes, before.prototypes)
    # the same sums, but a convolution of four outputs may add in another order than one of three
    torch.testing.assert_close(after.semantic[:, [1, 2]], before.semantic[:, [2, 0]], rtol=1e-5, atol=1e-5)


def test_as_many_labels_of_other_names_start_fresh():
    net = taught(("person", "vehicle"))
    fitted = fit_start(net, ("cat", "dog"), motion=False)
    for old, new in zip(net.heads, fitted.heads, strict=True):
        assert new.out.bias[:2].tolist() == pytest.approx([-4.6, -4.6])
        assert torch.equal(new.out.bias[2:], old.out.bias[2:])


def test_a_network_that_fits_is_left_alone():
    net = taught(("person",), motion=True)
    assert fit_start(net, ("person",), motion=True) is net
    assert fit_start(net, ("person",), motion=False) is net


LARGE = {"widths": (12, 16, 24, 16), "depths": (1, 2, 1, 1), "prototypes": 6}


@torch.no_grad()
def test_a_network_grows_and_learns_other_labels_at_once():
    net = taught(("person", "vehicle"))
    fitted = fit_start(net, ("cat", "person"), motion=True, plan=NetConfig(appearance=8, **LARGE)).eval()
    assert fitted.config == NetConfig(labels=("cat", "person"), motion=True, appearance=8, **LARGE)
    view = torch.rand(1, 3, 64, 64) * 255
    before, after = net(view), fitted(view, torch.rand(1, 16, 16) * 255)
    for old, new in zip(before.levels, after.levels, strict=True):
        assert torch.allclose(new.heat[:, 1], old.heat[:, 0], atol=1e-4)
        assert torch.allclose(new.box, old.box, atol=1e-4)


@pytest.mark.parametrize(
    ("known", "wanted", "size", "says"),
    [
        (("person", "vehicle"), ("person", "vehicle"), PLAN, ""),
        (("person", "vehicle"), ("person", "vehicle"), PLAN | {"appearance": 8}, "s: appearance starts fresh"),
        (("person", "vehicle"), ("person", "vehicle"), LARGE, "s grown to the plan m"),
        (("person", "vehicle"), ("person", "cat"), PLAN, "s: keeps person; starts fresh cat; forgets vehicle"),
        (("person",), ("cat", "dog"), PLAN, "s: starts fresh cat, dog; forgets person"),
        (("person",), ("cat", "person"), LARGE, "s grown to the plan m: keeps person; starts fresh cat"),
        (("cat",), ("dog",), PLAN | {"appearance": 8}, "s: starts fresh dog; forgets cat; appearance starts fresh"),
    ],
)
def test_what_changes_is_one_line(known, wanted, size, says):
    assert what_changes(NetConfig(labels=known, **PLAN), NetConfig(labels=wanted, **size), "s", "m") == says
