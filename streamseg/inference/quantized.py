"""The int8 form of a weight file: s-int8.xml beside s.safetensors, if `streamseg export` made one there."""

import logging
from pathlib import Path
from typing import Any

from streamseg.config import ModelConfig
from streamseg.errors import ConfigError, ModelError
from streamseg.inference.ports import input_shapes
from streamseg.weights.digests import check_digest

log = logging.getLogger(__name__)

_DOT_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni"})
"""Without them int8 gains little, and sums of two products may be cut off."""
_HALVES = frozenset({"avx512_bf16", "amx_bf16"})
"""With them OpenVINO computes in bf16, twice as fast as in fp32 and as exact as the network is."""


def read_quantized(weights: Path, digest: str, model: ModelConfig) -> Any:
    """The openvino.Model in int8 for views of model.view, or None where the weights are to be run as they are.

    Args:
        weights: a weight file.
        digest: the first digits of its sha256.
        model: precision int8 asks for it, auto takes it where it is there and pays, full does without.

    Raises:
        ConfigError: it is asked for, and there is none that was made of these weights.
    """
    if model.precision == "full" or (model.precision == "auto" and not pays(_cpu_flags())):
        return None
    path = weights.with_name(f"{weights.stem}-int8.xml")
    try:
        return _read(path, digest, model)
    except ModelError as error:
        if model.precision == "int8":
            raise ConfigError(
                f"precision int8: {error}; make one with: streamseg export {weights} --precision int8 --calibrate "
                f"VIDEO --out {path}"
            ) from None
        if path.exists():
            log.warning("int8=%s not_used=%s", path, error)
        return None


def pays(cpu_flags: frozenset[str]) -> bool:
    """Whether int8 gains enough to be the default on a processor with these flags (those of /proc/cpuinfo)."""
    return bool(cpu_flags & _DOT_PRODUCTS) and not cpu_flags & _HALVES


def _cpu_flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split())


def _read(path: Path, digest: str, model: ModelConfig) -> Any:
    """ModelError if there is no such file, or it was made of other weights."""
    if not path.exists():
        raise ModelError(f"there is no {path}")
    from streamseg.inference.exported import read_openvino

    for file in (path, path.with_suffix(".bin")):
        check_digest(file)
    card, network = read_openvino(path)
    if not card.notes.get("source_sha256", "").startswith(digest):
        raise ModelError(f"{path} was made of other weights")
    shapes = input_shapes(model.view, motion=card.motion).values()
    network.reshape({port: [-1, *shape] for port, shape in zip(network.inputs, shapes, strict=True)})
    return network
