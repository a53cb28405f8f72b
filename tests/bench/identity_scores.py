"""Tracks against truth for identity.py: who may be matched with whom in a frame, and how sure a difference of HOTA is.

HOTA at one threshold is the root of a quotient of two sums over frames: over the matches, of the association accuracy
of each one's identities in the whole sequence; and of matches, missed and wrong boxes (Luiten et al. 2021, eq. 5 and
7). Segments of a sequence can therefore be drawn anew and added up without tearing tracks apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from streamseg.evaluation.identities import Sight
from streamseg.geometry import box_iou
from tests.bench.identity_sequences import Truths

F64 = npt.NDArray[np.float64]
ALPHAS = np.arange(0.05, 0.99, 0.05)
TINY = np.finfo(float).eps
EXCUSE_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Tracks:
    """What a tracker showed: frame int [T], id int [T], box float [T, 4], label int [T]; spent_ms float [F]."""

    frame: npt.NDArray[np.int64]
    id: npt.NDArray[np.int64]
    box: F64
    label: npt.NDArray[np.int64]
    spent_ms: F64


def sights(truths: Truths, tracks: Tracks, frames: int) -> list[Sight]:
    """Frame by frame, how true objects and tracks overlap; 0 where their classes differ.

    A track on a true object that need not be found (one of the MOTChallenge's distractors, or hardly visible) is
    left out, neither right nor wrong, as the MOTChallenge does. So is what lies elsewhere than the one thing marked.
    """
    out = []
    for index in range(frames):
        true, shown = np.flatnonzero(truths.frame == index), np.flatnonzero(tracks.frame == index)
        overlap = box_iou(truths.box[true], tracks.box[shown]).astype(np.float64)
        if (truths.label < 0).any():
            near = overlap.any(axis=0)
            shown, overlap = shown[near], overlap[:, near]
        shown, overlap = _without_excused(overlap, truths.counts[true], shown)
        true = true[truths.counts[true]]
        label = truths.label[true][:, None]
        overlap[(label >= 0) & (label != tracks.label[shown])] = 0
        out.append(Sight(truths.id[true], tracks.id[shown], overlap))
    return out


def _without_excused(
    overlap: F64, counts: npt.NDArray[np.bool_], shown: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], F64]:
    clear = np.where(overlap >= EXCUSE_IOU, overlap, 0)
    pairs = zip(*linear_sum_assignment(-clear), strict=True)
    excused = [column for row, column in pairs if clear[row, column] and not counts[row]]
    keep = np.setdiff1d(np.arange(len(shown)), excused).astype(np.int64)
    return shown[keep], overlap[np.ix_(counts, keep)]


@dataclass(frozen=True, slots=True)
class Parts:
    """What each segment adds to a sequence's HOTA: accuracy of its matches and number of boxes, float [S, 19] each."""

    accuracy: F64
    boxes: F64

    def hota(self, chosen: npt.NDArray[np.int64] | None = None) -> float:
        """HOTA of the sequence (0..1), or of some of its segments, which may come more than once."""
        rows = slice(None) if chosen is None else chosen
        return float(np.sqrt(self.accuracy[rows].sum(0) / np.maximum(self.boxes[rows].sum(0), 1)).mean())


def hota_parts(seen: Sequence[Sight], segment_frames: int) -> Parts:
    """A sequence's HOTA, taken apart into segments of so many frames."""
    truths, tracks = _ids([one.truths for one in seen]), _ids([one.tracks for one in seen])
    rows = [np.searchsorted(truths, one.truths) for one in seen]
    columns = [np.searchsorted(tracks, one.tracks) for one in seen]
    shape = len(truths), len(tracks)
    of_truth, of_track = _counts(rows, shape[0])[:, None], _counts(columns, shape[1])[None]
    together = np.zeros(shape)
    for one, row, column in zip(seen, rows, columns, strict=True):
        union = one.overlap.sum(0)[None] + one.overlap.sum(1)[:, None] - one.overlap
        together[np.ix_(row, column)] += one.overlap / np.maximum(union, TINY)
    alike = together / np.maximum(of_truth + of_track - together, TINY)
    matches, pairs = [], np.zeros((len(ALPHAS), *shape))
    for one, row, column in zip(seen, rows, columns, strict=True):
        i, j = linear_sum_assignment(-alike[np.ix_(row, column)] * one.overlap)
        enough = one.overlap[i, j] >= ALPHAS[:, None] - TINY
        pairs[:, row[i], column[j]] += enough
        matches.append((row[i], column[j], enough))
    accuracy = pairs / np.maximum(of_truth + of_track - pairs, 1)
    added = np.array([(accuracy[:, i, j] * enough).sum(1) for i, j, enough in matches])
    boxes = np.array(
        [len(r) + len(c) - match[2].sum(1) for r, c, match in zip(rows, columns, matches, strict=True)], float
    )
    starts = np.arange(0, len(seen), segment_frames)
    return Parts(np.add.reduceat(added, starts), np.add.reduceat(boxes, starts))


def _ids(frames: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.int64]:
    return np.unique(np.concatenate([np.zeros(0, np.int64), *frames]))


def _counts(frames: Sequence[npt.NDArray[Any]], size: int) -> F64:
    return np.bincount(np.concatenate([np.zeros(0, np.int64), *frames]), minlength=size).astype(np.float64)


def interval(ours: Sequence[Parts], theirs: Sequence[Parts], *, draws: int = 1000) -> tuple[float, float, float]:
    """Mean difference of HOTA over sequences, and its 95 % interval.

    Drawn anew, the same for both trackers: the sequences, where there are several, and in each its segments.
    """
    rng, drawn = np.random.default_rng(0), []
    for _ in range(draws):
        chosen = rng.integers(0, len(ours), len(ours))
        segments = [rng.integers(0, len(ours[i].boxes), len(ours[i].boxes)) for i in chosen]
        drawn.append(
            np.mean([ours[i].hota(part) - theirs[i].hota(part) for i, part in zip(chosen, segments, strict=True)])
        )
    whole = np.mean([one.hota() - other.hota() for one, other in zip(ours, theirs, strict=True)])
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(whole), float(low), float(high)
