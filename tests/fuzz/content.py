"""Networks, data sets and pictures that others made."""

import io
import json
import struct
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import torch
from hypothesis import strategies as st

from streamseg.capture.folder import read_image
from streamseg.errors import DataError
from streamseg.inference.card import Card
from streamseg.inference.net import DeconvNet, NetConfig
from streamseg.inference.onnx_metadata import read_entries
from streamseg.inference.onnx_metadata import read_metadata as read_onnx
from streamseg.training.dataset import load_dataset
from streamseg.weights.format import load_weights, save_weights
from tests.fuzz.documents import COUNTS
from tests.fuzz.hostile import Bytes, as_json, documents, mutated
from tests.fuzz.target import Target, of_file

LABELS = ("person", "vehicle", "animal")
_PLAN = NetConfig(widths=(2, 2, 2, 2), depths=(0, 0, 0, 0), prototypes=1, appearance=2)
_CARD = {
    "streamseg": "network-3", "names": '["person"]', "view": "[64, 96]", "precision": "fp32", "motion": "false",
    "appearance": "false", "source": "s.safetensors",
}  # fmt: skip
_USERS = {
    "names": "{0: 'person', 1: 'car'}", "mean": "[123.7, 116.3, 103.5]", "std": "[58.4, 57.1, 57.4]", "scale": "1",
    "color": "bgr", "output_layout": "yolo",
}  # fmt: skip


def _weights() -> bytes:
    torch.manual_seed(0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        save_weights(DeconvNet(_PLAN), path, terms="none")
        return path.read_bytes()


def split(whole: bytes) -> tuple[dict[str, Any], bytes]:
    """The header of a safetensors file, its plan as a document too, and the tensors' bytes."""
    [size] = struct.unpack("<Q", whole[:8])
    header = json.loads(whole[8 : 8 + size])
    header["__metadata__"]["config"] = json.loads(header["__metadata__"]["config"])
    return header, whole[8 + size :]


def join(header: Any, tensors: bytes) -> bytes:
    """A safetensors file; a plan that is a document becomes text."""
    told = header.get("__metadata__") if isinstance(header, dict) else None
    if isinstance(told, dict) and "config" in told:
        told["config"] = as_json(told["config"]).decode()
    written = as_json(header)
    return struct.pack("<Q", len(written)) + written + tensors


def _weight_files() -> Bytes:
    whole = _weights()
    header, tensors = split(whole)
    lengths = st.sampled_from([0, 1, 2**31, 2**63 - 1, 2**63, 2**64 - 1])
    return st.one_of(
        mutated([whole]),
        documents([header], lambda changed: join(changed, tensors)),
        documents([header["__metadata__"]["config"]], lambda plan: join(_with_plan(header, plan), tensors)),
        lengths.map(lambda length: struct.pack("<Q", length) + whole[8:]),
    )


def _with_plan(header: dict[str, Any], plan: Any) -> dict[str, Any]:
    return header | {"__metadata__": header["__metadata__"] | {"config": plan}}


def _varint(value: int) -> bytes:
    text = bytearray()
    while value > 0x7F:
        text.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*text, value])


def _bytes_field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def onnx(entries: Any) -> bytes:
    """As much of an ONNX file as is read before a runner is: a graph, and the entries beside it."""
    pairs = entries.items() if isinstance(entries, dict) else [("names", entries)]
    written = b"\x08\x08" + _bytes_field(7, b"\x12\x01g")
    for key, value in pairs:
        text = value if isinstance(value, str) else as_json(value).decode()
        parts = _bytes_field(1, key.encode()) + _bytes_field(2, text.encode("utf-8", "replace"))
        written += _bytes_field(14, parts)
    return written


def _read_onnx(path: Path) -> None:
    entries = read_entries(path)
    if "streamseg" in entries:
        Card.parse(path, entries)
    read_onnx(path)


def _jpeg(side: int = 8) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((side, side, 3), 90, np.uint8))[1])


_RUNS = {"size": [8, 8], "counts": [60, 4]}
_COMPRESSED = {"size": [6, 5], "counts": COUNTS}
_DATA = {
    "info": {"source": "made", "labelled": ["person"], "separated": True},
    "categories": [{"id": 1, "name": "person"}],
    "images": [{"id": 7, "file_name": "a.jpg", "height": 8, "width": 8}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 1, 4, 4], "segmentation": [[1, 1, 5, 1, 5, 5]]},
        {"id": 2, "image_id": 7, "category_id": 1, "bbox": [0, 0, 8, 8], "segmentation": _RUNS},
        {"id": 3, "image_id": 7, "category_id": 1, "bbox": [0, 0, 5, 6], "segmentation": _COMPRESSED},
    ],
}  # fmt: skip


def data_set(document: Any, jpeg: bytes | None = None) -> bytes:
    """A zip with this annotations.json, and a picture."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations.json", document if isinstance(document, bytes) else as_json(document))
        archive.writestr("a.jpg", _jpeg() if jpeg is None else jpeg)
    return file.getvalue()


def _read_data(path: Path) -> None:
    for picture in load_dataset(path, LABELS).pictures:
        try:
            picture.rgb()
            picture.annotations()
        except DataError as error:
            assert str(error).startswith(("image ", "annotation "))
            raise DataError(f"{path}: {error}") from error


def _pictures() -> list[bytes]:
    grey = np.full((12, 10, 3), 90, np.uint8)
    turned = (
        _jpeg()[:2] + b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + _jpeg()[2:]
    )
    return [turned, *(bytes(cv2.imencode(suffix, grey)[1]) for suffix in (".jpg", ".png", ".webp", ".bmp", ".tiff"))]


CONTENT = (
    Target("weights", _weight_files(), of_file("w.safetensors", load_weights), lambda: [_weights()]),
    Target(
        "onnx-metadata",
        mutated([onnx(_CARD), onnx(_USERS)]) | documents([_CARD, _USERS], onnx),
        of_file("n.onnx", _read_onnx),
        lambda: [onnx(_CARD), onnx(_USERS)],
    ),
    Target(
        "data-sets",
        st.one_of(
            mutated([data_set(_DATA)]),
            documents([_DATA], data_set),
            mutated([_jpeg()]).map(lambda jpeg: data_set(_DATA, jpeg)),
            mutated([as_json(_DATA)]).map(data_set),
        ),
        of_file("d.zip", _read_data),
        lambda: [data_set(_DATA)],
    ),
    Target("pictures-of-folders", mutated(_pictures()), of_file("p.jpg", read_image), _pictures),
)
