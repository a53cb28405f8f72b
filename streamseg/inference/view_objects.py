"""Objects in view pixels -> Instances in frame pixels: what all output layouts share."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.geometry import Box, Letterbox, SoftMask
from streamseg.records import F32, I32, Instances

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Keep:
    """How much is kept of a frame: at most max_objects, the best, with scores from floor (0..1)."""

    floor: float
    max_objects: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """Possible objects, best score first.

    boxes: float32 [N, 4] x0, y0, x1, y1 in view pixels, inside the picture; whole: the same as the network gave them;
    scores: float32 [N]; labels: int32 [N]; source: int64 [N], each one's place in the network's output.
    """

    boxes: F32
    whole: F32
    scores: F32
    labels: I32
    source: I64

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, index: npt.NDArray[Any]) -> "Candidates":
        """Some of them, in the order of index."""
        parts = (self.boxes, self.whole, self.scores, self.labels, self.source)
        boxes, whole, scores, labels, source = (part[index] for part in parts)
        return Candidates(boxes, whole, scores, labels, source)


def candidates(boxes: F32, scores: F32, labels: I64, *, classes: int, floor: float, fit: Letterbox) -> Candidates:
    """Those that can be objects: finite, scored from floor, of a known class, with an area inside the picture.

    boxes: float [N, 4] x0, y0, x1, y1 in view pixels; labels count from 0; what the letterbox added is no picture.
    """
    low = np.array(fit.pad_xy, np.float32)
    high = low + np.array(fit.content_hw[::-1], np.float32)
    inside = np.clip(boxes, np.tile(low, 2), np.tile(high, 2))
    good = np.isfinite(boxes).all(axis=1) & np.isfinite(scores) & (scores >= floor) & (labels >= 0) & (labels < classes)
    good &= (inside[:, 2:] > inside[:, :2]).all(axis=1)
    source = np.flatnonzero(good)
    source = source[np.argsort(-scores[source], kind="stable")]
    final = np.minimum(scores[source], 1.0).astype(np.float32)
    return Candidates(inside[source], boxes[source], final, labels[source].astype(np.int32), source)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a mask grid that an object's box touches.

    extent: their outer corners, box: the object's, both in view pixels.
    """

    rows: slice
    columns: slice
    extent: Box
    box: Box

    @classmethod
    def under(cls, box: F32, grid_hw: tuple[int, int], spread: F32) -> "Cells":
        """Cells of a grid of grid_hw, spread over a box, under another box (both view pixels) that lies within."""
        steps = (spread[2:] - spread[:2]) / np.array(grid_hw[::-1], np.float32)
        x = _span(box[0::2], float(spread[0]), float(steps[0]), grid_hw[1])
        y = _span(box[1::2], float(spread[1]), float(steps[1]), grid_hw[0])
        return cls(y.cells, x.cells, (x.low, y.low, x.high, y.high), tuple(box.tolist()))

    def soft_mask(self, values: npt.NDArray[Any], fit: Letterbox) -> SoftMask:
        """These cells' values (0..1, [rows, columns]) as a mask in frame pixels that ends with the object's box."""
        alpha = np.rint(np.nan_to_num(np.clip(values, 0, 1)) * 255).astype(np.uint8)
        x, y = (_resampling(self.extent[i::2], self.box[i::2], alpha.shape[1 - i]) for i in (0, 1))
        matrix = np.array([[x[0], 0, x[1]], [0, y[0], y[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        alpha = cv2.warpAffine(alpha, matrix, alpha.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        x0, y0, x1, y1 = fit.undo(self.box).tolist()
        return SoftMask(alpha, (x0, y0, x1, y1))


def _resampling(extent: tuple[float, ...], box: tuple[float, ...], count: int) -> tuple[float, float]:
    """Step and start, in cells of the extent, of as many sample centres spread over the box."""
    cell = (extent[1] - extent[0]) / count
    step = (box[1] - box[0]) / count
    return step / cell, (box[0] + step / 2 - extent[0]) / cell - 0.5


@dataclass(frozen=True, slots=True)
class _Span:
    cells: slice
    low: float
    high: float


def _span(ends: F32, origin: float, step: float, count: int) -> _Span:
    """Cells of one axis that lie between two ends: which, where they begin and end."""
    low, high = (float(ends[0]) - origin) / step, (float(ends[1]) - origin) / step
    first = min(max(int(np.floor(low)), 0), count - 1)
    last = max(min(int(np.ceil(high)), count), first + 1)
    return _Span(slice(first, last), origin + first * step, origin + last * step)


def instances(found: Candidates, masks: tuple[SoftMask, ...], fit: Letterbox) -> Instances:
    """The record of a frame."""
    return Instances(fit.undo(found.boxes), found.scores, found.labels, masks)
