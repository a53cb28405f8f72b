"""Tracks against true identities: HOTA, IDF1 and MOTA from the overlap of boxes, frame by frame.

HOTA: Luiten et al. 2021, "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", sec. 4 and 5. IDF1:
Ristani et al. 2016, "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking", sec. 3. MOTA:
Bernardin and Stiefelhagen 2008, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics", sec. 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

F64 = npt.NDArray[np.float64]

_ALPHAS = np.arange(0.05, 0.99, 0.05)
_MATCH_IOU = 0.5
_TINY = np.finfo(float).eps


@dataclass(frozen=True, slots=True)
class Sight:
    """One frame: ids of the true objects [N] and of the tracks [M], and how much their boxes overlap [N, M], 0..1."""

    truths: npt.NDArray[np.int64]
    tracks: npt.NDArray[np.int64]
    overlap: F64


@dataclass(frozen=True, slots=True)
class IdentityScore:
    """hota and idf1: 0..1; mota: at most 1, below 0 where mistakes outnumber objects.

    objects, missed, wrong: counted anew in every frame; switches: how often an object went on under another id.
    """

    hota: float
    idf1: float
    mota: float
    objects: int
    missed: int
    wrong: int
    switches: int


def judge(sights: Sequence[Sight]) -> IdentityScore:
    """Score a whole clip; without any object every figure is 0."""
    truths, tracks = _ids(sights)
    sights = [_renumbered(sight, truths, tracks) for sight in sights]
    shape = len(truths), len(tracks)
    objects = sum(len(sight.truths) for sight in sights)
    found = sum(len(sight.tracks) for sight in sights)
    matched, switches = _clear(sights)
    missed, wrong = objects - matched, found - matched
    mota = 1 - (missed + wrong + switches) / objects if objects else 0.0
    return IdentityScore(_hota(sights, shape), _idf1(sights, shape), mota, objects, missed, wrong, switches)


def _ids(sights: Sequence[Sight]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    none = np.zeros(0, np.int64)
    return (
        np.unique(np.concatenate([none, *(sight.truths for sight in sights)])),
        np.unique(np.concatenate([none, *(sight.tracks for sight in sights)])),
    )


def _renumbered(sight: Sight, truths: npt.NDArray[np.int64], tracks: npt.NDArray[np.int64]) -> Sight:
    """With ids from 0 on, to index matrices with."""
    return Sight(np.searchsorted(truths, sight.truths), np.searchsorted(tracks, sight.tracks), sight.overlap)


def _lengths(sights: Sequence[Sight], shape: tuple[int, int]) -> tuple[F64, F64]:
    """In how many frames each true object and each track is: [N, 1], [1, M]."""
    truths, tracks = np.zeros((shape[0], 1)), np.zeros((1, shape[1]))
    for sight in sights:
        truths[sight.truths, 0] += 1
        tracks[0, sight.tracks] += 1
    return truths, tracks


def _hota(sights: Sequence[Sight], shape: tuple[int, int]) -> float:
    """Mean over the thresholds of the geometric mean of detection and association accuracy (eq. 4 and 5)."""
    truths, tracks = _lengths(sights, shape)
    together = np.zeros(shape)
    for sight in sights:
        union = sight.overlap.sum(0)[None] + sight.overlap.sum(1)[:, None] - sight.overlap
        together[np.ix_(sight.truths, sight.tracks)] += sight.overlap / np.maximum(union, _TINY)
    alike = together / np.maximum(truths + tracks - together, _TINY)
    matched, pairs = np.zeros(len(_ALPHAS)), np.zeros((len(_ALPHAS), *shape))
    for sight in sights:
        rows, columns = linear_sum_assignment(-alike[np.ix_(sight.truths, sight.tracks)] * sight.overlap)
        enough = sight.overlap[rows, columns] >= _ALPHAS[:, None] - _TINY
        matched += enough.sum(1)
        pairs[:, sight.truths[rows], sight.tracks[columns]] += enough
    association = (pairs * pairs / np.maximum(1, truths + tracks - pairs)).sum((1, 2)) / np.maximum(1, matched)
    detection = matched / np.maximum(1, truths.sum() + tracks.sum() - matched)
    return float(np.sqrt(detection * association).mean())


def _idf1(sights: Sequence[Sight], shape: tuple[int, int]) -> float:
    """Twice the frames in which an object is under the one id assigned to it, of all frames of objects and tracks."""
    together = np.zeros(shape)
    for sight in sights:
        together[np.ix_(sight.truths, sight.tracks)] += sight.overlap >= _MATCH_IOU
    rows, columns = linear_sum_assignment(-together)
    total = sum(len(sight.truths) + len(sight.tracks) for sight in sights)
    return float(2 * together[rows, columns].sum() / total) if total else 0.0


def _clear(sights: Sequence[Sight]) -> tuple[int, int]:
    """Matches and identity switches; a pair of the frame before goes on before a better one (sec. 2.1.3)."""
    matched = switches = 0
    ever: dict[int, int] = {}
    before: dict[int, int] = {}
    for sight in sights:
        if not sight.overlap.size:
            continue
        goes_on = np.array([[before.get(a) == b for b in sight.tracks.tolist()] for a in sight.truths.tolist()], bool)
        fit = sight.overlap + 1000.0 * goes_on.reshape(sight.overlap.shape)
        fit[sight.overlap < _MATCH_IOU - _TINY] = 0
        rows, columns = linear_sum_assignment(-fit)
        pairs = [(row, column) for row, column in zip(rows, columns, strict=True) if fit[row, column] > 0]
        before = {int(sight.truths[row]): int(sight.tracks[column]) for row, column in pairs}
        matched += len(before)
        switches += sum(ever.get(truth, track) != track for truth, track in before.items())
        ever |= before
    return matched, switches
