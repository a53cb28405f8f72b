"""COCO-format zips or folders -> pictures with instances in memory.

A data set is `annotations.json` beside its images. `info.labelled` names the categories of which every instance is
annotated; in the others an unmarked object is unknown, not background. `info.separated: false` and `iscrowd: 1` mark
regions that may hold several objects merged; `info.boxes_only` boxes without masks. What has `dark` is a shadow.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.errors import DataError
from streamseg.geometry import rle_decode

U8 = npt.NDArray[np.uint8]


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
        """uint8 [H, W, 3] RGB."""
        image = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if image is None or image.shape[:2] != self.size_hw:
            raise DataError(f"image {self.id}: cannot be decoded as {self.size_hw[1]} x {self.size_hw[0]} pixels")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

    def annotations(self) -> list[Annotation]:
        """The marked objects, in the file's order."""
        return [self.annotation(i) for i in range(len(self.rows))]

    def annotation(self, index: int) -> Annotation:
        """One of the marked objects."""
        row = self.rows[index]
        x, y, w, h = row["bbox"]
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
    read = _reader(path)
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
                (image["height"], image["width"]),
                tuple(rows[image["id"]]),
                known,
                bool(info.get("separated", True)),
                index,
            )
            for image in document["images"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a COCO-format data set ({type(error).__name__}: {error})") from error
    return Dataset(str(info.get("source", path.stem)), pictures, info)


def _reader(path: Path) -> Any:
    if path.is_dir():
        return lambda name: (path / name).read_bytes()
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; a data set is a zip or folder with annotations.json")
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise DataError(f"{path}: not a zip; a data set is a zip or folder with annotations.json") from error
    return archive.read


def _mask(segmentation: Any, size_hw: tuple[int, int]) -> U8 | None:
    if not segmentation:
        return None
    if isinstance(segmentation, list):
        mask = np.zeros(size_hw, np.uint8)
        polygons = [np.rint(np.reshape(p, (-1, 2))).astype(np.int32) for p in segmentation]
        return cv2.fillPoly(mask, polygons, 1)
    counts = segmentation["counts"]
    if isinstance(counts, str):
        return rle_decode(counts, tuple(segmentation["size"]))
    values = np.arange(len(counts), dtype=np.uint8) & 1
    return np.repeat(values, counts).reshape(size_hw, order="F")
