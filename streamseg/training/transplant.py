"""A trained network made to fit another task: what it knows stays, what it has never seen starts fresh."""

from dataclasses import replace

from torch import Tensor

from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.training.grow import grow


def fit_start(net: DeconvNet, labels: tuple[str, ...], *, motion: bool, plan: NetConfig | None = None) -> DeconvNet:
    """A network for labels, which takes a map of what moves if motion says so; net itself where that is what it is.

    plan: whose widths, depths and prototypes it grows to, and whose appearance it gets; default: net's own. For the
    labels that net knows, what it says of a view stays the same. ConfigError: plan is smaller than net.
    """
    own = net.config
    size = plan or own
    wanted = replace(
        own, widths=size.widths, depths=size.depths, prototypes=size.prototypes,
        motion=own.motion or motion, appearance=own.appearance or size.appearance,
    )  # fmt: skip
    if wanted != own:
        net = grow(net, wanted)
    return net if own.labels == labels else _with_labels(net, labels)


def what_changes(known: NetConfig, wanted: NetConfig, name: str, plan: str | None = None) -> str:
    """In one line, how the network `name` grows, what becomes of its labels, what else is fresh; "" where all stays.

    plan: what wanted's widths, depths and prototypes are called.
    """
    subject = name if _size(known) == _size(wanted) else f"{name} grown to the plan {plan}"
    groups = {
        "keeps": [label for label in wanted.labels if label in known.labels],
        "starts fresh": [label for label in wanted.labels if label not in known.labels],
        "forgets": [label for label in known.labels if label not in wanted.labels],
    }
    if known.labels == wanted.labels:
        groups = {}
    said = [f"{what} {', '.join(labels)}" for what, labels in groups.items() if labels]
    said += ["appearance starts fresh"] if wanted.appearance and not known.appearance else []
    if said:
        return f"{subject}: {'; '.join(said)}"
    return "" if subject == name else subject


def _size(config: NetConfig) -> tuple[object, ...]:
    return config.widths, config.depths, config.prototypes


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
