"""Weight files: safetensors with the network's plan, its origin and its terms in the metadata. Nothing in them runs."""

import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from streamseg.errors import ModelError
from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.weights.digests import check_digest
from streamseg.weights.header import FORMAT, Header, is_retired, read_metadata

_MODEST = 100_000_000
_DTYPES = (torch.float16, torch.bfloat16, torch.float32)


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
    check_digest(path)
    config = NetConfig(**header.config)
    try:
        tensors = {key: tensor for key, tensor in load_file(path).items() if not is_retired(key) and _kept(key)}
    except (OSError, SafetensorError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"{path}: the weights cannot be read ({str(error).splitlines()[0][:200]})") from error
    # a plan that is not worth its memory is built without any
    with nullcontext() if _most_parameters(config) <= _MODEST else torch.device("meta"):
        net = DeconvNet(config)
    _check(path, net, tensors)
    if _most_parameters(config) > _MODEST:
        net = DeconvNet(config)
    net.load_state_dict({key: tensor.float() for key, tensor in tensors.items()}, strict=False)
    return net.eval(), header


def _most_parameters(config: NetConfig) -> int:
    """More than a network of this plan has; its convolutions are of 3x3 and 4x4, some ten for each width."""
    widest = max(config.widths)
    outputs = len(config.labels) + config.prototypes + config.appearance
    blocks = sum((2 * depth + 10) * width for depth, width in zip(config.depths, config.widths, strict=True))
    return widest * (16 * blocks + 100 * outputs)


def _check(path: Path, net: DeconvNet, tensors: dict[str, Tensor]) -> None:
    """ModelError where tensors are not those of a network."""
    planned = {key: tensor.shape for key, tensor in net.state_dict().items() if _kept(key)}
    odd = sorted(planned.keys() ^ tensors.keys())
    odd += [key for key, tensor in tensors.items() if not odd and tensor.shape != planned[key]]
    if odd:
        raise ModelError(f"{path}: the weights do not fit their own plan at {odd[0][:80]!r}")
    for key, tensor in tensors.items():
        if tensor.dtype not in _DTYPES or not tensor.isfinite().all():
            raise ModelError(f"{path}: {key!r} ({tensor.dtype}) must hold finite numbers of fp16, bf16 or fp32")


def _kept(key: str) -> bool:
    return not key.endswith("num_batches_tracked")
