"""How far two networks are from each other on the same views: object by object, in what the tracker would get."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streamseg.geometry import SoftMask, box_iou
from streamseg.records import F32, Instances, Sample
from streamseg.stages import Network

FLOOR = 0.15
"""Objects at least this sure must be found again, however weak their counterpart: networks keep all from 0.1."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Largest and mean absolute difference over all objects compared."""

    largest: float
    mean: float


@dataclass(frozen=True, slots=True)
class Parity:
    """score and mask: of probabilities (0..1); box_px: of box edges in frame pixels.

    objects: those of the first network that were compared; lost: those without a counterpart in the second.
    """

    score: Gap
    box_px: Gap
    mask: Gap
    objects: int
    lost: int


LIMITS = {"score": 1e-3, "box_px": 0.1, "mask": 0.02}
"""Largest differences between two fp32 runners, which add in another order; masks are kept in steps of 1/255."""


def compare(first: Network, second: Network, samples: Sequence[Sample]) -> Parity:
    """Both networks' objects in each view; a counterpart is of the same class and overlaps by half, the most first."""
    scores, boxes, masks = list[float](), list[F32](), list[F32]()
    lost = 0
    for sample in samples:
        one, other = first([sample])[0], second([sample])[0]
        for i, j in _pairs(one, other):
            if j is None:
                lost += 1
                continue
            scores.append(abs(float(one.scores[i] - other.scores[j])))
            boxes.append(np.abs(one.boxes[i] - other.boxes[j]))
            masks.append(_mask_difference(one.masks[i], other.masks[j]))
    return Parity(_gap(scores), _gap(boxes), _gap(masks), len(scores), lost)


def faults(parity: Parity) -> list[str]:
    """What in a comparison is beyond what another runner of the same arithmetic may differ by, in words."""
    if parity.objects + parity.lost == 0:
        return ["cannot be told: no objects were found on the frames compared; give others by --calibrate"]
    gaps = {"score": parity.score, "box_px": parity.box_px, "mask": parity.mask}
    found = [
        f"{name} differs by {gap.largest:.3g}, at most {LIMITS[name]:g} is allowed"
        for name, gap in gaps.items()
        if not gap.largest <= LIMITS[name]
    ]
    return [*found, *([f"{parity.lost} of {parity.objects + parity.lost} objects are lost"] if parity.lost else [])]


def _pairs(one: Instances, other: Instances) -> list[tuple[int, int | None]]:
    """Each object of one, best first, with the free one of its class in other that it overlaps most."""
    overlap = box_iou(one.boxes, other.boxes) * (one.labels[:, None] == other.labels[None])
    pairs: list[tuple[int, int | None]] = []
    for i in np.flatnonzero(one.scores >= FLOOR):
        j = int(overlap[i].argmax()) if len(other) else -1
        if j < 0 or overlap[i, j] < 0.5:
            pairs.append((int(i), None))
        else:
            pairs.append((int(i), j))
            overlap[:, j] = 0
    return pairs


def _mask_difference(one: SoftMask, other: SoftMask) -> F32:
    """Absolute difference of two masks' probabilities on the frame's pixels that both lie on.

    Where only one lies is left to the boxes' difference: a hair's breadth of a box can add a row of cells to a mask.
    """
    low, high = np.maximum(one.box[:2], other.box[:2]), np.minimum(one.box[2:], other.box[2:])
    x0, y0, x1, y1 = (int(edge) for edge in (*np.ceil(low), *np.floor(high)))
    first, second = (mask.on((x0, y0, x1, y1)).astype(np.float32) for mask in (one, other))
    return np.abs(first - second).ravel() / 255


def _gap(parts: Sequence[F32] | Sequence[float]) -> Gap:
    values = np.concatenate([np.atleast_1d(part) for part in parts]) if len(parts) else np.zeros(0)
    return Gap(float(values.max()), float(values.mean())) if values.size else Gap(0.0, 0.0)
