"""The network's instances that tracking can use: of wanted classes, strong enough, with a real box."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.geometry import Box, SoftMask, box_area
from streamseg.records import Instances
from streamseg.tracking.association import Sightings


@dataclass(frozen=True, slots=True)
class Detection:
    """One instance: box x0, y0, x1, y1 (px), score in 0..1, label by name, mask."""

    box: Box
    score: float
    label: str
    mask: SoftMask


@dataclass(frozen=True, slots=True)
class Detections:
    """Instances that passed: where they are, scores float32 [N] in 0..1, and the names that their labels index."""

    where: Sightings
    scores: npt.NDArray[np.float32]
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: int) -> Detection:
        x0, y0, x1, y1 = self.where.boxes[index].tolist()
        label = self.names[int(self.where.labels[index])]
        return Detection((x0, y0, x1, y1), float(self.scores[index]), label, self.where.masks[index])


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
        with np.errstate(invalid="ignore"):
            inside = (boxes[:, :2] < size_hw[::-1]).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
            good = inside & np.isfinite(boxes).all(axis=1) & (box_area(boxes) > 0) & (scores >= self.low_score)
        chosen = [i for i in np.flatnonzero(good & self.wanted[labels]) if _has_area(instances.masks[i])]
        masks = [instances.masks[i] for i in chosen]
        return Detections(Sightings(boxes[chosen], labels[chosen], masks), scores[chosen], self.names)


def _has_area(mask: SoftMask) -> bool:
    x0, y0, x1, y1 = mask.box
    return bool(mask.alpha.size and 0 < x1 - x0 < np.inf and 0 < y1 - y0 < np.inf)
