"""A weight file as an .onnx file, with its card in the metadata."""

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch

from streamseg.errors import SinkError
from streamseg.inference.card import Card
from streamseg.inference.net import Deployed
from streamseg.inference.ports import input_shapes, output_names
from streamseg.inference.subpixel import without_deconvolutions
from streamseg.weights.format import load_weights

OPSET = 17
"""The ONNX operator set: the newest that every runtime since 2022 reads; the network needs no newer one."""
_METADATA_PROPS = 14


def write_onnx(weights: Path, card: Card, out: Path) -> None:
    """Write the network of a weight file for views of the card's size, any batch; SinkError if out cannot be written.

    Deconvolutions become convolutions, as OpenVINO, which can read the file too, is slow at the former.
    """
    net = Deployed(load_weights(weights)[0])
    without_deconvolutions(net)
    try:
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            part = Path(folder) / out.name
            _trace(net, input_shapes(card.view_hw, motion=card.motion), output_names(appearance=card.appearance), part)
            with part.open("ab") as file:
                file.write(_metadata(card.entries()))
            part.replace(out)
    except OSError as error:
        raise SinkError(f"{out}: cannot be written ({error.strerror})") from error


def _trace(net: torch.nn.Module, shapes: Mapping[str, tuple[int, ...]], outputs: tuple[str, ...], file: Path) -> None:
    examples = tuple(torch.zeros((1, *shape), dtype=torch.uint8) for shape in shapes.values())
    # the successor of this exporter, which traces, needs onnxscript and has no better graph for this network
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            net, examples, file, dynamo=False, opset_version=OPSET, input_names=list(shapes),
            output_names=list(outputs), dynamic_axes={name: {0: "batch"} for name in (*shapes, *outputs)},
        )  # fmt: skip


def _metadata(entries: Mapping[str, str]) -> bytes:
    """metadata_props in protobuf's wire format: bytes put after a message are more of its repeated fields.

    onnx/onnx.proto3: ModelProto.metadata_props, StringStringEntryProto (key 1, value 2).
    """
    return b"".join(_field(_METADATA_PROPS, _field(1, k.encode()) + _field(2, v.encode())) for k, v in entries.items())


def _field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
