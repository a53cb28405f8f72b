"""The masks of many objects at once: prototypes and position, mixed by each object's coefficients on its box's cells.

Objects are small and many: whatever can be is done to the cells of all of them together, in one array.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
Value = TypeVar("Value", bound=np.generic)

THIN_BIAS = 0.25
"""Added to every mask's logits: limbs as thin as a cell are doubted more than they should be. Chosen on held-out
pictures and streets (docs/training.md)."""
_MOST_AT_ONCE = 1 << 16
"""Cells: so few that what is made of them on the way stays in the cache."""
_SURE = 30.0


@dataclass(frozen=True, slots=True)
class Masks:
    """N masks on one grid.

    cells: int64 [N, 4], x0, y0, x1, y1 of each on the grid. values: float32, the probabilities (0..1) of all cells, one
    mask after the other, row by row. starts: int64 [N + 1], where each begins in values.
    """

    cells: I64
    values: F32
    starts: I64

    def certainty(self) -> F32:
        """How sure each is of its own inside [N]: the mean probability where it is above one half, 0 without any.

        Wang et al. 2020, "SOLOv2", sec. 3.2 (maskness): unsure masks belong to wrong peaks.
        """
        inside = self.values > 0.5
        count = np.add.reduceat(inside, self.starts[:-1], dtype=np.int64)
        total = np.add.reduceat(np.where(inside, self.values, np.float32(0)), self.starts[:-1])
        return np.asarray(total / np.maximum(count, 1), np.float32)

    def split(self, array: npt.NDArray[Value]) -> list[npt.NDArray[Value]]:
        """An array made of values, as one [h, w] for each mask; views."""
        spans = zip(self.starts.tolist(), self.starts[1:].tolist(), self.cells.tolist(), strict=False)
        return [array[begin:end].reshape(y1 - y0, x1 - x0) for begin, end, (x0, y0, x1, y1) in spans]


def mix_masks(prototypes: F32, mix: F32, boxes: F32) -> Masks:
    """Mix N masks.

    Args:
        prototypes: [h, w, s, s, K], blocks of s x s cells of the grid; any strides.
        mix: [N, K + 6], each object's coefficients: of the prototypes, then of 1, u, v, u², v², uv, where u and v go
            from -1 to 1 across its box.
        boxes: float [N, 4] x0, y0, x1, y1 in cells, not rounded; N at least 1.
    """
    height, width, side, _, kinds = prototypes.shape
    cells = _covered(boxes, (height * side, width * side))
    starts = np.concatenate([[0], np.cumsum(np.prod(cells[:, 2:] - cells[:, :2], axis=1))])
    values = np.empty(starts[-1], np.float32)
    for these in _portions(starts):
        part = values[starts[these.start] : starts[these.stop]]
        part[:] = _by_position(mix[these, kinds:], boxes[these], cells[these])
        _add_prototypes(part, prototypes, mix[these, :kinds], cells[these])
        _to_probability(part)
    return Masks(cells, values, starts)


def _covered(boxes: F32, grid_hw: tuple[int, ...]) -> I64:
    """The cells that each box covers, at least one."""
    limit = np.array([grid_hw[1], grid_hw[0]])
    low = np.clip(np.floor(boxes[:, :2]), 0, limit - 1)
    high = np.clip(np.ceil(boxes[:, 2:]), low + 1, limit)
    return np.concatenate([low, high], 1).astype(np.int64)


def _portions(starts: I64) -> Iterator[slice]:
    """All masks in order, as many at a time as have _MOST_AT_ONCE cells, or one that has more."""
    first, count = 0, len(starts) - 1
    while first < count:
        last = int(np.searchsorted(starts, starts[first] + _MOST_AT_ONCE, "right")) - 1
        last = min(max(last, first + 1), count)
        yield slice(first, last)
        first = last


def _by_position(mix: F32, boxes: F32, cells: I64) -> F32:
    """The part of every cell's logit that its place in its box tells."""
    width, height = (cells[:, 2:] - cells[:, :2]).T
    one, by_u, by_v, by_uu, by_vv, by_uv = np.repeat(mix, height, axis=0).T
    v = _across(height, cells[:, 1], boxes[:, 1::2])
    constant = one + np.float32(THIN_BIAS) + (by_v + by_vv * v) * v
    linear = by_u + by_uv * v
    rows = np.repeat(width, height)
    u = _across(rows, np.repeat(cells[:, 0], height), np.repeat(boxes[:, 0::2], height, axis=0))
    logits = np.repeat(by_uu, rows)
    logits *= u
    logits += np.repeat(linear, rows)
    logits *= u
    logits += np.repeat(constant, rows)
    return logits


def _across(counts: I64, first: I64, ends: F32) -> F32:
    """Where the middles of cells lie between two ends, -1 to 1: counts[i] cells, from first[i] on, between ends[i]."""
    low, high = ends[:, 0].astype(np.float64), ends[:, 1].astype(np.float64)
    step = 2 / np.maximum(high - low, 1)
    begin = (first + 0.5 - (low + high) / 2) * step
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    across = place.astype(np.float32)
    across *= np.repeat(step.astype(np.float32), counts)
    across += np.repeat(begin.astype(np.float32), counts)
    return across


def _add_prototypes(logits: F32, prototypes: F32, mix: F32, cells: I64) -> None:
    side, kinds = prototypes.shape[3:]
    begin = 0
    for row, (x0, y0, x1, y1) in zip(mix, cells.tolist(), strict=True):
        left, top, right, bottom = x0 // side, y0 // side, -(-x1 // side), -(-y1 // side)
        blocks = prototypes[top:bottom, left:right].reshape(-1, kinds) @ row
        blocks = blocks.reshape(bottom - top, right - left, side, side).swapaxes(1, 2)
        mixed = blocks.reshape((bottom - top) * side, (right - left) * side)
        y, x = y0 - top * side, x0 - left * side
        end = begin + (x1 - x0) * (y1 - y0)
        logits[begin:end] += mixed[y : y + y1 - y0, x : x + x1 - x0].ravel()
        begin = end


def _to_probability(logits: F32) -> None:
    """The logistic function, in place."""
    np.clip(logits, -_SURE, _SURE, out=logits)
    np.negative(logits, out=logits)
    np.exp(logits, out=logits)
    logits += 1
    np.reciprocal(logits, out=logits)
