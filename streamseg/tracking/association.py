"""Which track is which detection: overlap of boxes, of masks where boxes leave a choice, and optimal assignment.

Two passes by score after Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV
2022, section 3; the assignment is scipy's linear_sum_assignment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from streamseg.geometry import F32, SoftMask
from streamseg.tracking.stack import Stack, mask_ious

Indices = npt.NDArray[np.intp]
Pairs = list[tuple[int, int]]

_MASK_SHARE = 0.5
_NEARLY = 0.97
"""Masks are compared where a choice overlaps so nearly as well as the best; elsewhere they change nothing."""
_LIKENESS_SHARE = 1.0
"""How much of a fit is lost as appearances differ (1 - cosine)."""
_OTHER_LABEL_IOU = 0.6
_OTHER_LABEL_DISCOUNT = 0.8
_SAME_OBJECT_IOU = 0.8
SILHOUETTE_SIDE = 32


@dataclass(frozen=True, slots=True)
class Sightings:
    """Where N things are, or should be: boxes float [N, 4] x0, y0, x1, y1 (px), labels int [N], N masks.

    appearance: float32 [N, E] unit vectors, or None where it is not known of all.
    """

    boxes: npt.NDArray[np.floating]
    labels: npt.NDArray[np.integer]
    masks: Sequence[SoftMask]
    appearance: F32 | None = None


def likeness(tracks: Sightings, found: Sightings) -> F32 | None:
    """Cosine of the appearances of tracks [N] and detections [M], float32 [N, M]; None where nobody can tell."""
    one, other = tracks.appearance, found.appearance
    if one is None or other is None or one.shape[1:] != other.shape[1:]:
        return None
    return np.asarray(one @ other.T, np.float32)


def overlaps(tracks: Sightings, found: Sightings, min_iou: float) -> F32:
    """How well each track [N] fits each detection [M]: float32 [N, M] in 0..1, 0 for pairs that must not be matched.

    Boxes must overlap by min_iou; with another label by more than 0.6, for networks mix up a person and a dog. Masks
    decide between choices that are equally good, and where appearances are known, they lower the fit of the unlike.
    """
    fit = ious(tracks.boxes, found.boxes)
    fit[fit < min_iou] = 0
    other = tracks.labels[:, None] != found.labels
    fit[other & (fit <= _OTHER_LABEL_IOU)] = 0
    fit[other] *= _OTHER_LABEL_DISCOUNT
    contested = _contested(fit)
    if contested.any():
        fit[contested] += _MASK_SHARE * (_mask_overlaps(tracks, found, np.argwhere(contested)) - fit[contested])
    alike = likeness(tracks, found)
    if alike is not None:
        fit *= np.maximum(1 - _LIKENESS_SHARE * (1 - alike), 0)
    return fit


def _mask_overlaps(tracks: Sightings, found: Sightings, pairs: Indices) -> F32:
    """IoU of the masks of K pairs [K, 2]; of the others no mask is touched."""
    (rows, row_at), (columns, column_at) = (np.unique(side, return_inverse=True) for side in pairs.T)
    first = Stack.of([tracks.masks[row] for row in rows.tolist()])
    second = Stack.of([found.masks[column] for column in columns.tolist()])
    return mask_ious(first, second, np.stack([row_at, column_at], 1))


def _contested(fit: F32) -> npt.NDArray[np.bool_]:
    """Pairs as good as the best of their track or detection, where that one has another such choice; bool [N, M]."""
    if not fit.size:
        return np.zeros(fit.shape, bool)
    of_track = fit >= _NEARLY * np.maximum(fit.max(axis=1, keepdims=True), 1e-6)
    of_found = fit >= _NEARLY * np.maximum(fit.max(axis=0), 1e-6)
    return (of_track & (of_track.sum(axis=1, keepdims=True) > 1)) | (of_found & (of_found.sum(axis=0) > 1))


def ious(a: npt.ArrayLike, b: npt.ArrayLike) -> F32:
    """Intersection over union of boxes [N, 4] and [M, 4] with an area: float32 [N, M] in 0..1."""
    left_a, top_a, right_a, bottom_a = np.asarray(a, np.float32).reshape(-1, 4).T[:, :, None]
    left_b, top_b, right_b, bottom_b = np.asarray(b, np.float32).reshape(-1, 4).T[:, None, :]
    width = np.minimum(right_a, right_b) - np.maximum(left_a, left_b)
    height = np.minimum(bottom_a, bottom_b) - np.maximum(top_a, top_b)
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    both = (right_a - left_a) * (bottom_a - top_a) + (right_b - left_b) * (bottom_b - top_b)
    return shared / np.maximum(both - shared, np.float32(1e-9))


def assign(fit: F32, rows: Indices, columns: Indices) -> Pairs:
    """The pairs (row, column) of fit, out of the given rows and columns, whose fits add up to the most."""
    if not len(rows) or not len(columns):
        return []
    part = fit[rows[:, None], columns]
    if not part.any():
        return []
    i, j = linear_sum_assignment(part, maximize=True)
    good = part[i, j] > 0
    return list(zip(rows[i[good]].tolist(), columns[j[good]].tolist(), strict=True))


def coincident(where: Sightings, among: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.bool_]:
    """Pairs that show one and the same object, whatever their labels: masks overlap by more than 0.8; bool [N, N].

    among, bool [N]: only these are compared.
    """
    same = np.triu(ious(where.boxes, where.boxes) > _OTHER_LABEL_IOU, 1)
    if among is not None:
        same &= among[:, None] & among
    if same.any():
        same[same] = _mask_overlaps(where, where, np.argwhere(same)) > _SAME_OBJECT_IOU
    return same | same.T


def silhouette(mask: SoftMask, box: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """The part of mask that lies in box (x0, y0, x1, y1, px), resampled to uint8 [32, 32]."""
    low_x, low_y, high_x, high_y = np.asarray(box, np.float64)
    scale_x, scale_y = SILHOUETTE_SIDE / (high_x - low_x), SILHOUETTE_SIDE / (high_y - low_y)
    x0, y0, x1, y1 = mask.box
    moved = (x0 - low_x) * scale_x, (y0 - low_y) * scale_y, (x1 - low_x) * scale_x, (y1 - low_y) * scale_y
    return SoftMask(mask.alpha, moved).on((0, 0, SILHOUETTE_SIDE, SILHOUETTE_SIDE))
