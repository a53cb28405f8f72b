"""Which track is which detection: overlap of boxes, of masks where boxes leave a choice, and optimal assignment.

Two passes by score after Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV
2022, section 3; the assignment is scipy's linear_sum_assignment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from streamseg.geometry import F32, SoftMask, box_iou, mask_iou

Indices = npt.NDArray[np.intp]
Pairs = list[tuple[int, int]]

_MASK_SHARE = 0.5
_OTHER_LABEL_IOU = 0.6
_OTHER_LABEL_DISCOUNT = 0.8
_SAME_OBJECT_IOU = 0.8
SILHOUETTE_SIDE = 32


@dataclass(frozen=True, slots=True)
class Sightings:
    """Where N things are, or should be: boxes float [N, 4] x0, y0, x1, y1 (px), labels int [N], N masks."""

    boxes: npt.NDArray[np.floating]
    labels: npt.NDArray[np.integer]
    masks: Sequence[SoftMask]


def overlaps(tracks: Sightings, found: Sightings, min_iou: float) -> F32:
    """How well each track [N] fits each detection [M]: float32 [N, M] in 0..1, 0 for pairs that must not be matched.

    Boxes must overlap by min_iou; with another label by more than 0.6, for networks mix up a person and a dog.
    """
    fit = box_iou(tracks.boxes, found.boxes)
    other = tracks.labels[:, None] != found.labels[None, :]
    fit[(fit < min_iou) | (other & (fit <= _OTHER_LABEL_IOU))] = 0
    open_pairs = fit > 0
    rivals = np.maximum(open_pairs.sum(axis=1)[:, None], open_pairs.sum(axis=0)[None, :])
    for row, column in np.argwhere(open_pairs & (rivals > 1)):
        same = mask_iou(tracks.masks[row], found.masks[column])
        fit[row, column] += _MASK_SHARE * (same - fit[row, column])
    fit[other] *= _OTHER_LABEL_DISCOUNT
    return fit


def assign(fit: F32, rows: Indices, columns: Indices) -> Pairs:
    """The pairs (row, column) of fit, out of the given rows and columns, whose fits add up to the most."""
    if not len(rows) or not len(columns):
        return []
    part = fit[np.ix_(rows, columns)]
    chosen = linear_sum_assignment(part, maximize=True)
    return [(int(rows[i]), int(columns[j])) for i, j in zip(*chosen, strict=True) if part[i, j] > 0]


def coincident(where: Sightings) -> npt.NDArray[np.bool_]:
    """Pairs that show one and the same object, whatever their labels: masks overlap by more than 0.8; bool [N, N]."""
    same = np.triu(box_iou(where.boxes, where.boxes) > _OTHER_LABEL_IOU, 1)
    for row, column in np.argwhere(same):
        same[row, column] = mask_iou(where.masks[row], where.masks[column]) > _SAME_OBJECT_IOU
    return same | same.T


def silhouette(mask: SoftMask, box: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """The part of mask that lies in box (x0, y0, x1, y1, px), resampled to uint8 [32, 32]."""
    low_x, low_y, high_x, high_y = np.asarray(box, np.float64)
    scale_x, scale_y = SILHOUETTE_SIDE / (high_x - low_x), SILHOUETTE_SIDE / (high_y - low_y)
    x0, y0, x1, y1 = mask.box
    moved = (x0 - low_x) * scale_x, (y0 - low_y) * scale_y, (x1 - low_x) * scale_x, (y1 - low_y) * scale_y
    return SoftMask(mask.alpha, moved).on((0, 0, SILHOUETTE_SIDE, SILHOUETTE_SIDE))
