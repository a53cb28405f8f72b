"""A trained network made to fit another task: what it knows stays, what it has never seen starts fresh."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from streamseg.inference.net import DeconvNet


def fit_start(net: DeconvNet, labels: tuple[str, ...], *, motion: bool) -> DeconvNet:
    """A network for labels, which takes a map of what moves if motion says so; net itself where that is what it is.

    For the labels that net knows, what it says of a view stays the same.
    """
    if motion and not net.config.motion:
        net = _with_motion(net)
    return net if net.config.labels == labels else _with_labels(net, labels)


def what_changes(known: Sequence[str], wanted: Sequence[str], name: str) -> str:
    """In one line, what becomes of the labels that the network `name` knows; "" where they are those wanted."""
    if list(known) == list(wanted):
        return ""
    groups = {
        "keeps": [label for label in wanted if label in known],
        "starts fresh": [label for label in wanted if label not in known],
        "forgets": [label for label in known if label not in wanted],
    }
    return f"{name}: " + "; ".join(f"{what} {', '.join(labels)}" for what, labels in groups.items() if labels)


def _with_motion(net: DeconvNet) -> DeconvNet:
    """The same network, that takes a map of what moves and makes nothing of it yet."""
    wider = DeconvNet(replace(net.config, motion=True))
    wider.load_state_dict(net.state_dict(), strict=False)
    return wider


def _with_labels(net: DeconvNet, labels: tuple[str, ...]) -> DeconvNet:
    """The same network with other classes in its heads and its semantic layer."""
    fitted = DeconvNet(replace(net.config, labels=labels))
    state = net.state_dict()
    for key, fresh in fitted.state_dict().items():
        if key.startswith("semantic.") or (key.startswith("heads.") and ".out." in key):
            state[key] = _rows(state[key], fresh, net.config.labels, labels)
    fitted.load_state_dict(state)
    return fitted


def _rows(known: Tensor, fresh: Tensor, labels: tuple[str, ...], wanted: tuple[str, ...]) -> Tensor:
    """The layer's rows: known ones of labels that both have, fresh ones of the others, then what follows the classes.

    known and fresh [classes + others, ...], others being the same in both.
    """
    rows = fresh.clone()
    for i, label in enumerate(wanted):
        if label in labels:
            rows[i] = known[labels.index(label)]
    rows[len(wanted) :] = known[len(labels) :]
    return rows
