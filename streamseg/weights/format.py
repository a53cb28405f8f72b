"""Weight files: safetensors with the network's plan, its origin and its terms in the metadata. Nothing in them runs."""

import json
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from streamseg.errors import ModelError
from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.weights.header import FORMAT, Header, is_retired, read_metadata


def save_weights(net: DeconvNet, path: Path, **notes: str) -> None:
    """Write net in fp16; notes: what the file should say of itself (terms, data, images)."""
    tensors = {k: v.detach().cpu().half().contiguous() for k, v in net.state_dict().items() if _kept(k)}
    save_file(tensors, path, metadata={"format": FORMAT, "config": json.dumps(asdict(net.config)), **notes})
    path.chmod(0o644)  # safetensors leaves it to the owner alone


def load_weights(path: Path) -> tuple[DeconvNet, Header]:
    """The network (fp32, in evaluation mode) and the file's header; ModelError if it is anything else.

    A file whose appearance is of an older kind gives a network without.
    """
    header = read_metadata(path)
    try:
        net = DeconvNet(NetConfig(**header.config))
        state = {key: tensor.float() for key, tensor in load_file(path).items() if not is_retired(key)}
        missing, unexpected = net.load_state_dict(state, strict=False)
    except (OSError, SafetensorError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path}: the weights do not fit their own plan ({str(error).splitlines()[0]})") from error
    wrong = sorted(unexpected) + [key for key in missing if _kept(key)]
    if wrong:
        raise ModelError(f"{path}: the weights do not fit their own plan at {wrong[0]!r}")
    return net.eval(), header


def _kept(key: str) -> bool:
    return not key.endswith("num_batches_tracked")
