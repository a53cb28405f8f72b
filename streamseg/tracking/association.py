"""Which track is which detection: overlap of boxes, of masks where boxes leave a choice, and optimal assignment.

Two passes by score after Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV
2022, section 3; the assignment is scipy's linear_sum_assignment.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from streamseg.geometry import F32, SoftMask
from streamseg.tracking.stack import Stack, mask_ious

Indices = npt.NDArray[np.intp]
Pairs = list[tuple[int, int]]

_MASK_SHARE = 0.5
_NEARLY = 0.97
"""Masks are compared where a choice overlaps so nearly as well as the best; elsewhere they change nothing."""
_LIKENESS_SHARE = 5.0
"""How much of a fit is lost as appearances differ (1 - cosine): of those less alike than 0.8, all of it.

One object from frame to frame is at 0.98 or above, at 0.93 where it is suddenly 40 % brighter; two are at 0.8.
"""
_OTHER_LABEL_IOU = 0.6
_OTHER_LABEL_DISCOUNT = 0.8
_SAME_OBJECT_IOU = 0.8
_TINY = np.float32(1e-9)
SILHOUETTE_SIDE = 32


class Sightings(msgspec.Struct, frozen=True):
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


def overlaps(tracks: Sightings, found: Sightings, min_iou: float, *, overlap: F32 | None = None) -> F32:
    """How well each track [N] fits each detection [M]: float32 [N, M] in 0..1, 0 for pairs that must not be matched.

    Boxes must overlap by min_iou; with another label by more than 0.6, for networks mix up a person and a dog. Masks
    decide between choices that are equally good, and where appearances are known, they lower the fit of the unlike.
    overlap: ious() of their boxes, if it is known.
    """
    fit = ious(tracks.boxes, found.boxes) if overlap is None else overlap.copy()
    fit[fit < min_iou] = 0
    other = tracks.labels[:, None] != found.labels
    if other.any():
        fit[other & (fit <= _OTHER_LABEL_IOU)] = 0
        fit[other] *= _OTHER_LABEL_DISCOUNT
    contested = _contested(fit)
    if contested is not None:
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


def _contested(fit: F32) -> npt.NDArray[np.bool_] | None:
    """Pairs as good as the best of their track or detection, where that one has another such choice; bool [N, M].

    None if there are none.
    """
    if not fit.size:
        return None
    best, best_found = fit.max(axis=1, keepdims=True), fit.max(axis=0)
    of_track, of_found = ((fit >= _NEARLY * top) & (fit > 0) for top in (best, best_found))
    if all(np.count_nonzero(a) == np.count_nonzero(b) for a, b in ((of_track, best), (of_found, best_found))):
        return None
    return (of_track & (of_track.sum(axis=1, keepdims=True) > 1)) | (of_found & (of_found.sum(axis=0) > 1))


def ious(a: npt.ArrayLike, b: npt.ArrayLike) -> F32:
    """Intersection over union of boxes [N, 4] and [M, 4] with an area: float32 [N, M] in 0..1."""
    one, other = np.asarray(a, np.float32).reshape(-1, 4).T[:, :, None], np.asarray(b, np.float32).reshape(-1, 4).T
    sides = np.minimum(one[2:], other[2:, None])
    sides -= np.maximum(one[:2], other[:2, None])
    np.maximum(sides, 0, out=sides)
    shared = sides[0] * sides[1]
    whole, other_whole = np.multiply(*(one[2:] - one[:2])), np.multiply(*(other[2:] - other[:2]))
    rest = whole + other_whole
    rest -= shared
    return np.asarray(np.divide(shared, np.maximum(rest, _TINY, out=rest), out=shared))


def assign(fit: F32, rows: Indices, columns: Indices) -> Pairs:
    """The pairs (row, column) of fit, out of the given rows and columns, whose fits add up to the most."""
    if not len(rows) or not len(columns):
        return []
    part = fit.take(rows, 0).take(columns, 1)
    if not part.any():
        return []
    from scipy.optimize import linear_sum_assignment  # here: sinks that only cut need not wait for it

    i, j = linear_sum_assignment(part, maximize=True)
    pairs = zip(rows[i].tolist(), columns[j].tolist(), part[i, j].tolist(), strict=True)
    return [(row, column) for row, column, good in pairs if good > 0]


def coincident(
    where: Sightings, among: npt.NDArray[np.bool_] | None = None, *, overlap: F32 | None = None
) -> npt.NDArray[np.bool_]:
    """Pairs that show one and the same object, whatever their labels: masks overlap by more than 0.8; bool [N, N].

    among, bool [N]: only these are compared. overlap: ious() of their boxes, if it is known.
    """
    same = (ious(where.boxes, where.boxes) if overlap is None else overlap) > _OTHER_LABEL_IOU
    same.flat[:: len(same) + 1] = False
    if among is not None and np.count_nonzero(same):
        same &= among[:, None] & among
    if np.count_nonzero(same):
        same = np.triu(same)
        same[same] = _mask_overlaps(where, where, np.argwhere(same)) > _SAME_OBJECT_IOU
    return same | same.T


def silhouette(mask: SoftMask, box: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """The part of mask that lies in box (x0, y0, x1, y1, px), resampled to uint8 [32, 32]."""
    low_x, low_y, high_x, high_y = np.asarray(box, np.float64)
    scale_x, scale_y = SILHOUETTE_SIDE / (high_x - low_x), SILHOUETTE_SIDE / (high_y - low_y)
    x0, y0, x1, y1 = mask.box
    moved = (x0 - low_x) * scale_x, (y0 - low_y) * scale_y, (x1 - low_x) * scale_x, (y1 - low_y) * scale_y
    return SoftMask(mask.alpha, moved).on((0, 0, SILHOUETTE_SIDE, SILHOUETTE_SIDE))
