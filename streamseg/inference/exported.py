"""Files that `streamseg export` wrote, run as the network they were made from: OpenVINO's .xml with .bin, or .onnx."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np

from streamseg.config import ModelConfig
from streamseg.errors import ConfigError, ModelError
from streamseg.inference.card import FORMAT_KEY, Card
from streamseg.inference.network import DeconvNetwork
from streamseg.inference.onnx_metadata import read_entries
from streamseg.inference.onnx_session import needs_onnxruntime, open_onnxruntime, reason
from streamseg.inference.ports import input_shapes, output_names, whole_blocks
from streamseg.inference.runners import F32, U8, OpenVinoRunner, Runner

log = logging.getLogger(__name__)

_HINTS = {"fp32": "f32", "fp16": "f32", "bf16": "bf16", "int8": None}
"""What OpenVINO computes in: bf16 is f32 where the processor lacks it; None leaves it the choice, beside int8.

f16 was slower than f32 on a processor that has both: fp16 is a way to keep weights, no more.
"""


def load_exported(path: Path, model: ModelConfig) -> DeconvNetwork | None:
    """The network in a file of `streamseg export`, None for an .onnx of somebody else's.

    Its view is the file's own, model.view is ignored.

    Raises:
        ConfigError: it cannot run where model asks it to.
        ModelError: the file is no ONNX file, no .xml of `streamseg export`, is damaged, or belongs to another version.
    """
    if path.suffix.lower() == ".onnx":
        entries = read_entries(path)
        if FORMAT_KEY not in entries:
            return None
        card = Card.parse(path, entries)
        runner = _onnx_runner(path, card, model)
    else:
        card, runner = _openvino(path, model)
    if card.view_hw != model.view:
        log.info("network_view model=%s view=%s configured=%s ignored=true", path, card.view_hw, model.view)
    own = model.model_copy(update={"view": card.view_hw})
    return DeconvNetwork(runner, card.labels, own, motion=card.motion, hash_hex=_digest(path))


class OnnxRunner:
    """ONNX Runtime on the CPU or a CUDA device."""

    def __init__(self, path: Path, card: Card, model: ModelConfig):
        self._session, self._errors, self._where = open_onnxruntime(path, model)
        self._path, self._inputs = path, tuple(input_shapes(card.view_hw, motion=card.motion))
        self._outputs = output_names(appearance=card.appearance)
        _check_ports(path, card, *([port.name for port in ports()] for ports in (
            self._session.get_inputs, self._session.get_outputs,
        )))  # fmt: skip

    def __call__(self, *inputs: U8) -> list[F32]:
        try:
            found = self._session.run(list(self._outputs), dict(zip(self._inputs, inputs, strict=True)))
        except self._errors as error:
            raise ModelError(f"{self._path}: ONNX Runtime failed ({reason(error)})") from error
        *outputs, prototypes = (np.asarray(output, np.float32) for output in found)
        return [*outputs, whole_blocks(prototypes)]

    def describe(self) -> str:
        return self._where


def _onnx_runner(path: Path, card: Card, model: ModelConfig) -> Runner:
    if needs_onnxruntime(path, model):
        return OnnxRunner(path, card, model)
    network = _read(path)
    _check_model(path, card, network)
    return _openvino_runner(path, network, card, model)


def _openvino(path: Path, model: ModelConfig) -> tuple[Card, Runner]:
    if model.runner not in ("auto", "openvino") or model.device not in ("auto", "cpu"):
        raise ConfigError(
            f"{path}: runner {model.runner} on device {model.device}; an .xml runs by runner openvino on device cpu"
        )
    card, network = read_openvino(path)
    return card, _openvino_runner(path, network, card, model)


def read_openvino(path: Path) -> tuple[Card, Any]:
    """What an .xml of ours says of itself, and the openvino.Model in it; ModelError if it is anything else."""
    network = _read(path)
    noted = network.rt_info[FORMAT_KEY] if network.has_rt_info([FORMAT_KEY]) else {}
    card = Card.parse(path, {key: str(value.astype(str)) for key, value in noted.items()})
    _check_model(path, card, network)
    return card, network


def _read(path: Path) -> Any:
    """An openvino.Model; text that is no model is refused before OpenVINO's readers print their guesses."""
    import openvino as ov

    try:
        with path.open("rb") as file:
            if path.suffix.lower() == ".xml" and b"<net" not in file.read(1024):
                raise ModelError(f"{path}: not an OpenVINO model; a file written by `streamseg export` is needed")
        return ov.Core().read_model(path)
    except OSError as error:
        raise ModelError(
            f"{path}: {error.strerror or error}; a file written by `streamseg export` is needed"
        ) from error
    except RuntimeError as error:
        raise ModelError(f"{path}: OpenVINO cannot read it, or the .bin beside it ({reason(error)})") from error


def _openvino_runner(path: Path, network: Any, card: Card, model: ModelConfig) -> Runner:
    try:
        return OpenVinoRunner(network, model.threads, _HINTS[card.precision])
    except RuntimeError as error:
        raise ModelError(f"{path}: OpenVINO cannot run it ({reason(error)})") from error


def _check_model(path: Path, card: Card, network: Any) -> None:
    _check_ports(path, card, *(
        [sorted(port.names)[0] if port.names else "?" for port in ports] for ports in (network.inputs, network.outputs)
    ))  # fmt: skip


def _check_ports(path: Path, card: Card, inputs: list[str], outputs: list[str]) -> None:
    wanted = tuple(input_shapes(card.view_hw, motion=card.motion)), output_names(appearance=card.appearance)
    for kind, needed, given in zip(("inputs", "outputs"), wanted, (inputs, outputs), strict=True):
        if tuple(given) != needed:
            raise ModelError(
                f"{path}: {kind} {', '.join(given)}; this version needs {', '.join(needed)}: export it again"
            )


def _digest(path: Path) -> str:
    files = [path, path.with_suffix(".bin")] if path.suffix.lower() == ".xml" else [path]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
