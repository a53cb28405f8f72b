"""The network's instances that tracking can use: of wanted classes, strong enough, with a real box."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from streamseg.geometry import Box, SoftMask
from streamseg.records import Instances
from streamseg.tracking.association import Indices, Sightings


class Detection(NamedTuple):
    """One instance: box x0, y0, x1, y1 (px), score in 0..1, label by name, mask.

    appearance: a unit vector as float32 bytes, empty where the network gives none.
    """

    box: Box
    score: float
    label: str
    mask: SoftMask
    appearance: bytes


class Detections(msgspec.Struct, frozen=True):
    """Instances that passed: where they are, scores float32 [N] in 0..1, and the names that their labels index."""

    where: Sightings
    scores: npt.NDArray[np.float32]
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, columns: Sequence[int] | Indices) -> list[Detection]:
        """Some of them, each by itself."""
        rows = np.array(columns, np.intp)
        if not len(rows):
            return []
        masks = [self.where.masks[row] for row in rows.tolist()]
        boxes, look = self.where.boxes[rows], self.where.appearance
        looks = [b""] * len(rows) if look is None else [one.tobytes() for one in look[rows]]
        places = [(x0, y0, x1, y1) for x0, y0, x1, y1 in boxes.tolist()]
        labels = [self.names[label] for label in self.where.labels[rows].tolist()]
        return list(map(Detection, places, self.scores[rows].tolist(), labels, masks, looks))


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is let through: names are the network's classes, wanted says per class whether it is tracked (bool [C])."""

    names: Sequence[str]
    wanted: npt.NDArray[np.bool_]
    low_score: float

    @classmethod
    def of(cls, names: Sequence[str], classes: Collection[str] | None, low_score: float) -> "Acceptance":
        """Let through the given classes (None: all) from low_score on."""
        wanted = np.array([classes is None or name in classes for name in names], bool)
        return cls(tuple(names), wanted, low_score)

    def __call__(self, instances: Instances, size_hw: tuple[int, int]) -> Detections:
        """What tracking can use of the instances of a frame of size_hw: boxes and masks with an area, inside it."""
        boxes, scores, labels = instances.boxes, instances.scores, instances.labels
        inside = np.maximum(boxes[:, :2], 0) < np.minimum(boxes[:, 2:], size_hw[::-1])
        good = (inside.all(axis=1) & np.isfinite(boxes).all(axis=1)) & (scores >= self.low_score) & self.wanted[labels]
        chosen = [i for i in good.nonzero()[0].tolist() if _has_area(instances.masks[i])]
        rows, masks, look = np.array(chosen, np.intp), [instances.masks[i] for i in chosen], instances.appearance
        where = Sightings(boxes[rows], labels[rows], masks, None if look is None else look[rows])
        return Detections(where, scores[rows], self.names)


def _has_area(mask: SoftMask) -> bool:
    x0, y0, x1, y1 = mask.box
    return bool(mask.alpha.size and 0 < x1 - x0 < np.inf and 0 < y1 - y0 < np.inf)
