"""Approved cut-outs as a training set: COCO instances, as `streamseg train` and other programs read them."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from streamseg.geometry import rle_encode

_OPAQUE = 128


def coco_zip(shots: Iterable[tuple[str, str, Path]]) -> Iterator[bytes]:
    """A zip, block by block: images/NAME.png and annotations.json.

    Each image is a cut-out as it is, with its alpha; its one annotation is where that is half or more. Nothing else in
    an image is marked, so that `labelled` is empty: nothing there counts as background.

    Args:
        shots: name, label and PNG file of each; what cannot be read is left out.
    """
    written = _Written()
    images: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    labels: dict[str, int] = {}
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:  # PNG does not get smaller
        for name, label, path in shots:
            content, mask = _read(path)
            if mask is None:
                continue
            number, category = len(images) + 1, labels.setdefault(label, len(labels) + 1)
            height, width = mask.shape
            archive.writestr(zipfile.ZipInfo(f"images/{name}.png"), content)
            images.append({"id": number, "file_name": f"images/{name}.png", "width": width, "height": height})
            rows.append(_annotation(number, category, mask))
            yield written.taken()
        document = {
            "info": {"description": "cut-outs approved in streamseg", "source": "approved", "labelled": []},
            "images": images,
            "annotations": rows,
            "categories": [{"id": number, "name": label} for label, number in labels.items()],
        }
        archive.writestr(zipfile.ZipInfo("annotations.json"), json.dumps(document))
    yield written.taken()


class _Written(io.RawIOBase):
    """What zipfile has written since it was last taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._parts.append(bytes(content))
        return len(content)

    def taken(self) -> bytes:
        """All of it, once."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _read(path: Path) -> tuple[bytes, np.ndarray | None]:
    """A cut-out, and where it is opaque, bool [h, w]; None where it cannot be read, or nothing is."""
    try:
        content = path.read_bytes()
    except OSError:
        return b"", None
    rgba = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if content else None
    if rgba is None or rgba.ndim != 3 or rgba.shape[2] != 4:
        return content, None
    mask = rgba[..., 3] >= _OPAQUE
    return content, mask if mask.any() else None


def _annotation(number: int, category: int, mask: np.ndarray) -> dict[str, Any]:
    """The row of an image's only object."""
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y = int(across[0]), int(down[0])
    return {
        "id": number,
        "image_id": number,
        "category_id": category,
        "bbox": [x, y, int(across[-1]) + 1 - x, int(down[-1]) + 1 - y],
        "area": int(mask.sum()),
        "segmentation": {"size": list(mask.shape), "counts": rle_encode(mask)},
        "iscrowd": 0,
    }
