"""Outlines of a clip against foreground masks: J and boundary F of the best object, precision and recall of all.

J and boundary F: Perazzi et al. 2016, "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation",
sec. 4, with the tolerance of the DAVIS code (0.008 of the diagonal). Precision, recall and F over the pixels of a whole
sequence: Wang et al. 2014, "CDnet 2014", sec. 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

BoolMask = npt.NDArray[np.bool_]

TOLERANCE = 0.008
"""How far apart two boundaries may be and still match, as a share of the picture's diagonal."""


@dataclass(frozen=True, slots=True)
class OutlineScore:
    """Each 0..1. j and boundary_f: mean over the frames with a foreground; the others: over all judged pixels."""

    j: float
    boundary_f: float
    precision: float
    recall: float
    f_measure: float
    frames: int


@dataclass(frozen=True, slots=True)
class FrameOutline:
    """A frame with a foreground: J and boundary F (0..1) of the object that fits it best; best: its place, or None."""

    j: float
    boundary_f: float
    best: int | None


@dataclass(slots=True)
class OutlineJudge:
    """Takes a clip's labelled frames one by one."""

    _outlines: list[FrameOutline] = field(default_factory=list)
    _frames: int = 0
    _right: int = 0
    _found: int = 0
    _wanted: int = 0

    def add(self, foreground: BoolMask, ignore: BoolMask | None, objects: Sequence[BoolMask]) -> FrameOutline | None:
        """One frame; all masks bool [H, W]. Pixels to ignore count nowhere; None where no foreground is left."""
        judged = np.ones_like(foreground) if ignore is None else ~ignore
        wanted, found = foreground & judged, [mask & judged for mask in objects]
        union = np.logical_or.reduce(found) if found else np.zeros_like(wanted)
        self._frames += 1
        self._right += int(np.count_nonzero(wanted & union))
        self._found += int(np.count_nonzero(union))
        self._wanted += int(np.count_nonzero(wanted))
        if not wanted.any():
            return None
        self._outlines.append(_fit(wanted, found))
        return self._outlines[-1]

    def score(self) -> OutlineScore:
        """Of all frames so far; nothing found is a precision of 1, nothing wanted a recall of 1."""
        precision = self._right / self._found if self._found else 1.0
        recall = self._right / self._wanted if self._wanted else 1.0
        f_measure = 2 * precision * recall / (precision + recall) if self._right else 0.0
        j, boundary = np.mean([(each.j, each.boundary_f) for each in self._outlines] or [(0.0, 0.0)], axis=0).tolist()
        return OutlineScore(j, boundary, precision, recall, f_measure, self._frames)


def _fit(wanted: BoolMask, found: Sequence[BoolMask]) -> FrameOutline:
    overlaps = [_iou(wanted, mask) for mask in found]
    j = max(overlaps, default=0.0)
    if not j:
        return FrameOutline(0.0, 0.0, None)
    best = overlaps.index(j)
    return FrameOutline(j, boundary_f(wanted, found[best]), best)


def boundary_f(wanted: BoolMask, found: BoolMask) -> float:
    """F of two masks' boundaries (0..1): shares of each that lie within the tolerance of the other."""
    reach = int(np.ceil(TOLERANCE * np.hypot(*wanted.shape)))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    edges = [_boundary(mask) for mask in (wanted, found)]
    near = [cv2.dilate(edge.astype(np.uint8), disk) > 0 for edge in edges]
    totals = [np.count_nonzero(edge) for edge in edges]
    if not all(totals):
        return float(totals[0] == totals[1])
    recall = float(np.count_nonzero(edges[0] & near[1]) / totals[0])
    precision = float(np.count_nonzero(edges[1] & near[0]) / totals[1])
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _boundary(mask: BoolMask) -> BoolMask:
    """Pixels that differ from the one to the right, below, or diagonally below."""
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    right, below, across = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    return np.asarray((mask != right) | (mask != below) | (mask != across))


def _iou(a: BoolMask, b: BoolMask) -> float:
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 0.0
