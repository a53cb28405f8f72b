"""Many small masks at once, sampled together: one gather from a flat buffer instead of a resampling for each.

The nearest sample is taken, which is exact enough to compare outlines.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.geometry import F32, SoftMask

U8 = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.floating]

_GRID = 20
"""Samples along each side of the hull of two masks that are compared."""
_MIDDLES = (np.arange(_GRID) + 0.5) / _GRID


@dataclass(frozen=True, slots=True)
class Stack:
    """N masks: uint8 [sum of h * w], where each begins [N], its height and width [N], its box float [N, 4] (px)."""

    pixels: U8
    starts: Ints
    heights: Ints
    widths: Ints
    boxes: Floats

    @classmethod
    def of(cls, masks: Sequence[SoftMask]) -> "Stack":
        """Masks of any size, none of them empty."""
        shapes = np.array([mask.alpha.shape for mask in masks], np.intp).reshape(-1, 2)
        ends = np.cumsum(shapes[:, 0] * shapes[:, 1])
        pixels = np.concatenate([mask.alpha.ravel() for mask in masks]) if masks else np.zeros(0, np.uint8)
        boxes = np.array([mask.box for mask in masks]).reshape(-1, 4)
        return cls(pixels, ends - shapes[:, 0] * shapes[:, 1], shapes[:, 0], shapes[:, 1], boxes)

    def sample(self, rows: Ints, x: Floats, y: Floats) -> U8:
        """Masks rows [K] at frame x [K, G] and y [K, G] (px): uint8 [K, G, G], 0 outside of their boxes."""
        boxes = self.boxes[rows]
        column, inside_x = _cells(x, boxes[:, 0::2], self.widths[rows])
        row, inside_y = _cells(y, boxes[:, 1::2], self.heights[rows])
        row = row * self.widths[rows][:, None] + self.starts[rows][:, None]
        values = self.pixels.take(row[:, :, None] + column[:, None, :])
        if not (inside_x.all() and inside_y.all()):
            values *= inside_y[:, :, None] & inside_x[:, None, :]
        return values


def _cells(at: Floats, ends: Floats, count: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Which of so many cells [K] between two ends [K, 2] lies at [K, G], and whether any does."""
    low = ends[:, :1]
    cell = np.floor((at - low) * (count[:, None] / (ends[:, 1:] - low))).astype(np.intp)
    last = count[:, None] - 1
    kept = np.minimum(np.maximum(cell, 0), last)
    return kept, kept == cell


def mask_ious(first: Stack, second: Stack, pairs: Ints) -> F32:
    """Intersection over union of K pairs [K, 2] of masks, on 20 x 20 points over their common hull: float32 [K]."""
    one, other = pairs.T
    low = np.minimum(first.boxes[one, :2], second.boxes[other, :2])
    size = np.maximum(first.boxes[one, 2:], second.boxes[other, 2:]) - low
    x, y = (low[:, i : i + 1] + size[:, i : i + 1] * _MIDDLES for i in (0, 1))
    a, b = first.sample(one, x, y) > 127, second.sample(other, x, y) > 127
    shared = np.count_nonzero(a & b, axis=(1, 2))
    return np.asarray(shared / np.maximum(np.count_nonzero(a | b, axis=(1, 2)), 1), np.float32)
