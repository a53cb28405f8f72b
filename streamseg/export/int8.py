"""An OpenVINO model in int8: NNCF measures the range of each layer's values on real views."""

import logging
import os
from typing import Any

from streamseg.errors import ConfigError
from streamseg.inference.ports import as_inputs
from streamseg.records import Sample


def quantize(model: Any, samples: list[Sample], *, motion: bool) -> Any:
    """An openvino.Model whose convolutions are in int8; what picks the peaks of the scores stays as it is.

    motion: whether it takes a map of what moves.

    Raises:
        ConfigError: NNCF is not installed.
    """
    # NNCF tells its makers of each use, unasked, unless it believes that it is being tested
    os.environ.setdefault("NNCF_CI", "1")
    try:
        import nncf
    except ImportError as error:
        raise ConfigError("precision int8: needs NNCF: pip install 'streamseg[export]'") from error
    logging.getLogger("nncf").setLevel(logging.ERROR)  # its own function changes the handlers, too, whosever they are
    dataset = nncf.Dataset(samples, lambda sample: as_inputs([sample], motion=motion))
    # a range is the mean of the views' largest values: scores would be cut off at what the best object usually has
    scores = nncf.IgnoredScope(names=_from_sigmoids(model))
    return nncf.quantize(model, dataset, subset_size=len(samples), ignored_scope=scores)


def _from_sigmoids(model: Any) -> list[str]:
    """Names of the sigmoids and of all that follows them."""
    pending = [node for node in model.get_ops() if node.get_type_name() == "Sigmoid"]
    names = set()
    while pending:
        node = pending.pop()
        if node.get_type_name() != "Result":
            names.add(node.get_friendly_name())
            pending += [port.get_node() for output in node.outputs() for port in output.get_target_inputs()]
    return sorted(names)
