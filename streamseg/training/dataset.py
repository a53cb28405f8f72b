"""COCO-format zips or folders -> pictures with instances in memory.

A data set is `annotations.json` beside its images. `info.labelled` names the categories of which every instance is
annotated; in the others an unmarked object is unknown, not background. `info.separated: false` and `iscrowd: 1` mark
regions that may hold several objects merged; `info.boxes_only` boxes without masks. What has `dark` is a shadow.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.errors import DataError
from streamseg.geometry import rle_decode
from streamseg.training.members import image_size, reader_of

U8 = npt.NDArray[np.uint8]

_MOST_PIXELS = 64_000_000
_FAR = 100_000
"""Corners further outside of a picture, px, are as good as there."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One marked object: label index or -1 (another kind), x0, y0, x1, y1, its mask uint8 [H, W] 0/1 or None.

    id is its row's id in the file, crowd says that it may be several objects. dark: the share of the light that it
    takes if it is a shadow, else 0; of: the id of what casts it, or -1.
    """

    id: int
    label: int
    box: tuple[float, float, float, float]
    mask: U8 | None
    crowd: bool
    dark: float = 0.0
    of: int = -1


@dataclass(frozen=True, slots=True)
class Picture:
    """One image of a data set, still compressed; known: which labels are complete in it."""

    id: int
    jpeg: bytes
    size_hw: tuple[int, int]
    rows: tuple[dict[str, Any], ...]
    known: tuple[bool, ...]
    separated: bool
    labels: dict[int, int]

    def rgb(self) -> U8:
        """uint8 [H, W, 3] RGB; DataError if it cannot be decoded, or not as what the data set says."""
        told = image_size(self.jpeg)
        if told is not None and self.size_hw not in (told, told[::-1]):
            raise DataError(f"image {self.id}: {told[1]} x {told[0]} pixels, not {self.size_hw[1]} x {self.size_hw[0]}")
        image = _decoded(self.jpeg)
        if image is None or image.shape[:2] != self.size_hw:
            raise DataError(f"image {self.id}: cannot be decoded as {self.size_hw[1]} x {self.size_hw[0]} pixels")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

    def annotations(self) -> list[Annotation]:
        """The marked objects, in the file's order."""
        return [self.annotation(i) for i in range(len(self.rows))]

    def annotation(self, index: int) -> Annotation:
        """One of the marked objects; DataError if its row is none."""
        row = self.rows[index]
        try:
            return self._annotation(row)
        except (KeyError, TypeError, ValueError, OverflowError, cv2.error) as error:
            if isinstance(error, DataError):
                raise
            told = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            raise DataError(f"image {self.id}: an annotation cannot be used ({told})") from error

    def _annotation(self, row: dict[str, Any]) -> Annotation:
        x, y, w, h = row["bbox"]
        if not all(math.isfinite(number) for number in (x, y, w, h)):
            raise DataError(f"annotation {row['id']}: bbox {row['bbox']}: four numbers are needed")
        mask = _mask(row.get("segmentation"), self.size_hw)
        crowd = bool(row.get("iscrowd")) or not self.separated
        label, dark = self.labels.get(row["category_id"], -1), float(row.get("dark", 0))
        if not 0 <= dark < 1 or (dark and mask is None):
            raise DataError(f"annotation {row['id']}: a shadow needs a mask, and dark below 1, not {dark}")
        return Annotation(row["id"], label, (x, y, x + w, y + h), mask, crowd, dark, int(row.get("of", -1)))


@dataclass(frozen=True, slots=True)
class Dataset:
    """All pictures of one source."""

    name: str
    pictures: tuple[Picture, ...]
    info: dict[str, Any] = field(default_factory=dict)


def load_dataset(path: Path, labels: Sequence[str]) -> Dataset:
    """Read a zip or folder; DataError names what breaks the format. labels: the network's class names, in order."""
    read = reader_of(path)
    try:
        document = json.loads(read("annotations.json"))
        info = document.get("info", {})
        index = {c["id"]: labels.index(c["name"]) for c in document["categories"] if c["name"] in labels}
        rows: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in document["images"]}
        for row in document["annotations"]:
            rows[row["image_id"]].append(row)
        known = tuple(name in info.get("labelled", labels) for name in labels)
        pictures = tuple(
            Picture(
                image["id"],
                read(image["file_name"]),
                _size(image),
                tuple(rows[image["id"]]),
                known,
                bool(info.get("separated", True)),
                index,
            )
            for image in document["images"]
        )
    except DataError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        told = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise DataError(f"{path}: not a COCO-format data set ({told})") from error
    return Dataset(str(info.get("source", path.stem)), pictures, info)


def _decoded(content: bytes) -> U8 | None:
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None  # nothing in it, or more pixels than OpenCV takes


def _size(image: dict[str, Any]) -> tuple[int, int]:
    height, width = image["height"], image["width"]
    if not (isinstance(height, int) and isinstance(width, int) and min(height, width) >= 1):
        raise ValueError(f"image {image['id']}: {width} x {height} pixels")
    if height * width > _MOST_PIXELS:
        raise ValueError(f"image {image['id']}: {width} x {height} pixels; at most {_MOST_PIXELS} are read")
    return height, width


def _mask(segmentation: Any, size_hw: tuple[int, int]) -> U8 | None:
    if not segmentation:
        return None
    if isinstance(segmentation, list):
        mask = np.zeros(size_hw, np.uint8)
        polygons = [np.rint(np.reshape(p, (-1, 2)).clip(-_FAR, _FAR)).astype(np.int32) for p in segmentation]
        return cv2.fillPoly(mask, polygons, 1)
    counts = segmentation["counts"]
    if isinstance(counts, str):
        height, width = segmentation["size"]
        return rle_decode(counts, (height, width))
    if min(counts) < 0 or sum(counts) != size_hw[0] * size_hw[1]:
        raise ValueError(f"run lengths add up to {sum(counts)}, not to {size_hw[0]} x {size_hw[1]} pixels")
    values = np.arange(len(counts), dtype=np.uint8) & 1
    return np.repeat(values, counts).reshape(size_hw, order="F")
