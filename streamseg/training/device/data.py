"""Data sets on the device: pictures with the names of what is in them, and objects cut out, in four bytes a pixel."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from enum import IntEnum

import cv2
import numpy as np
import numpy.typing as npt
import torch

from streamseg.training.dataset import Annotation, Dataset, Picture
from streamseg.training.device.atlas import Atlas, atlas_of, packed
from streamseg.training.scenes import cut_out, cuttable_rows, identity_of

log = logging.getLogger(__name__)

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Row = tuple[int, int, int]

NAMES = 256
"""How many things a scene can tell apart, for their names are bytes: 0 is what nobody marked."""
FIRST_PASTED = 205
"""Names from here are those of pasted objects, the last but for OUTSIDE."""
OUTSIDE = 255


class Kind(IntEnum):
    """What a name stands for: not marked; known to be of no class; an object; several of a class; a pasted object; a
    shadow, which is of no class either.
    """

    UNMARKED = 0
    CLEAR = 1
    OBJECT = 2
    CROWD = 3
    PASTED = 4
    SHADOW = 5


@dataclass(slots=True)
class Names:
    """What the names of each picture or scene stand for: arrays [n, NAMES].

    area: in pixels of the picture. dark: of shadows, the share of light that they take; caster: the name of what casts
    them, 0 for what has none.
    """

    kind: npt.NDArray[np.uint8]
    label: I64
    area: F64
    identity: I64
    dark: F64
    caster: I64

    @classmethod
    def nothing(cls, count: int) -> "Names":
        """Names of count pictures in which nothing is marked."""
        shape = count, NAMES
        kind = np.full(shape, Kind.CLEAR, np.uint8)
        kind[:, 0] = Kind.UNMARKED
        label, area, identity = np.zeros(shape, np.int64), np.zeros(shape), np.full(shape, -1, np.int64)
        return cls(kind, label, area, identity, dark=np.zeros(shape), caster=np.zeros(shape, np.int64))

    def of(self, which: I64) -> "Names":
        """Copies of some rows."""
        return Names(*(getattr(self, field.name)[which] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class DeviceData:
    """All that scenes are made of; atlases on the device, tables on the host.

    pictures: the fourth byte is a name. cuts: the fourth byte is alpha. boxes: of each picture float64 [m, 6], label,
    identity, x0, y0, x1, y1 of objects whose mask is not known. known: bool [pictures, labels]. odds: float64
    [pictures], summed up to 1. cuttable: int64 [k] indices of cuts, classes balanced; cut_label, cut_identity: of cuts.
    """

    pictures: Atlas
    cuts: Atlas
    names: Names
    boxes: tuple[F64, ...]
    known: npt.NDArray[np.bool_]
    odds: F64
    cuttable: I64
    cut_label: I64
    cut_identity: I64


@dataclass(frozen=True, slots=True)
class _Read:
    """One picture: its words and size, names [1, NAMES], boxes, and its cuts with their sizes."""

    words: I32
    size_hw: tuple[int, int]
    names: Names
    boxes: F64
    cuts: list[tuple[I32, tuple[int, int]]]


def load(
    sources: Sequence[tuple[Dataset, float]], device: torch.device, *, longest_px: int, longest_cut_px: int
) -> DeviceData:
    """Decode everything once. Pictures and cuts larger than these long sides are scaled down to them."""
    datasets = [dataset for dataset, _ in sources]
    balanced = cuttable_rows(datasets)
    rows = sorted(set(balanced))
    number = {row: i for i, row in enumerate(rows)}
    places = [(d, p) for d, dataset in enumerate(datasets) for p in range(len(dataset.pictures))]
    wanted: dict[tuple[int, int], list[int]] = {place: [] for place in places}
    for d, p, r in rows:
        wanted[d, p].append(r)

    def read(place: tuple[int, int]) -> _Read:
        picture = datasets[place[0]].pictures[place[1]]
        return _read(picture, place[0], wanted[place], (longest_px, longest_cut_px))

    # OpenCV and NumPy let go of the interpreter while they work
    with ThreadPoolExecutor() as pool:
        made = list(pool.map(read, places))
    cuts = [cut for part in made for cut in part.cuts]
    data = DeviceData(
        atlas_of([part.words for part in made], [part.size_hw for part in made], device),
        atlas_of([words for words, _ in cuts], [size for _, size in cuts], device),
        _stacked([part.names for part in made]),
        tuple(part.boxes for part in made),
        np.array([datasets[d].pictures[p].known for d, p in places]),
        _odds(sources),
        np.array([number[row] for row in balanced], np.int64),
        *_said_of(rows, datasets),
    )
    megabytes = 4e-6 * (len(data.pictures.words) + len(data.cuts.words))
    log.info("device_data pictures=%d cuts=%d megabytes=%.0f", len(places), len(cuts), megabytes)
    return data


def _odds(sources: Sequence[tuple[Dataset, float]]) -> F64:
    each = [np.full(len(d.pictures), weight / max(1, len(d.pictures))) for d, weight in sources]
    summed = np.cumsum(np.concatenate(each))
    return np.asarray(summed / summed[-1], np.float64)


def _said_of(rows: Sequence[Row], datasets: Sequence[Dataset]) -> tuple[I64, I64]:
    """Labels and identities of objects."""
    labels, identities = [], []
    for d, p, r in rows:
        picture = datasets[d].pictures[p]
        labels.append(picture.labels[picture.rows[r]["category_id"]])
        identities.append(d << 32 | int(picture.rows[r]["id"]))
    return np.array(labels, np.int64), np.array(identities, np.int64)


def _stacked(names: Sequence[Names]) -> Names:
    return Names(*(np.concatenate([getattr(one, field.name) for one in names]) for field in fields(Names)))


def _read(picture: Picture, dataset: int, wanted: Sequence[int], longest_px: tuple[int, int]) -> _Read:
    rgb, annotations = picture.rgb(), picture.annotations()
    cuts = []
    for row in wanted:
        cut = _smaller(cut_out(rgb, annotations[row]), longest_px[1])
        cuts.append((packed(cut, 0), cut.shape[:2]))
    shown = _smaller(rgb, longest_px[0])
    share = max(shown.shape[:2]) / max(rgb.shape[:2])
    named, names = _named(annotations, dataset, shown.shape[:2])
    boxes = [
        (item.label, identity_of(dataset, item.id), *(share * value for value in item.box))
        for item in annotations
        if item.mask is None and item.label >= 0
    ]
    words = packed(np.dstack([shown, named]), OUTSIDE)
    return _Read(words, shown.shape[:2], names, np.array(boxes, np.float64).reshape(-1, 6), cuts)


def _named(annotations: Sequence[Annotation], dataset: int, size_hw: tuple[int, int]) -> tuple[U8, Names]:
    """A map of names uint8 [h, w] and what they stand for; where masks overlap, the smaller object is in front."""
    named, names, given = np.zeros(size_hw, np.uint8), Names.nothing(1), 0
    objects: list[tuple[int, Annotation, U8]] = []
    shadows: list[tuple[Annotation, U8]] = []
    merged: dict[int, list[U8]] = {}
    for item in annotations:
        if item.mask is not None:
            mask = _fitted(item.mask, size_hw)
            if item.dark:
                shadows.append((item, mask))
            elif item.label < 0 or item.crowd:
                merged.setdefault(item.label, []).append(mask)
            else:
                objects.append((int(np.count_nonzero(mask)), item, mask))
    objects.sort(key=lambda one: -one[0])
    # more than can be named are a crowd of their class: nothing is said of them one by one
    free = max(0, FIRST_PASTED - 1 - len({item.label for item in annotations}))
    for _, item, mask in objects[free:]:
        merged.setdefault(item.label, []).append(mask)
    for label, masks in sorted(merged.items()):
        given += 1
        named[np.any(masks, axis=0)] = given
        names.kind[0, given], names.label[0, given] = Kind.CROWD if label >= 0 else Kind.CLEAR, max(label, 0)
    # what they fall on is in front of them
    for item, mask in shadows[: max(0, free - len(objects))]:
        given += 1
        named[mask > 0] = given
        names.kind[0, given], names.dark[0, given], names.caster[0, given] = Kind.SHADOW, item.dark, item.of
    name_of: dict[int, int] = {}
    for area, item, mask in objects[:free]:
        given += 1
        named[mask > 0] = given
        name_of[item.id] = given
        names.kind[0, given], names.label[0, given], names.area[0, given] = Kind.OBJECT, item.label, area
        names.identity[0, given] = identity_of(dataset, item.id)
    for shadow in np.flatnonzero(names.kind[0] == Kind.SHADOW):
        names.caster[0, shadow] = name_of.get(int(names.caster[0, shadow]), 0)
    return named, names


def _smaller(image: U8, longest_px: int) -> U8:
    share = longest_px / max(image.shape[:2])
    if share >= 1:
        return image
    size = max(2, round(image.shape[1] * share)), max(2, round(image.shape[0] * share))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _fitted(mask: U8, size_hw: tuple[int, int]) -> U8:
    if mask.shape == size_hw:
        return mask
    return np.asarray(cv2.resize(mask * 255, size_hw[::-1], interpolation=cv2.INTER_AREA) >= 128, np.uint8)
