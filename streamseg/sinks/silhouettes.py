"""Where an object is, generously: its mask grown by what a network's mask misses, or its box where there is no mask."""

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np

from streamseg.geometry import U8, Box, SoftMask, cover
from streamseg.records import Track

_GROWTH = 0.1
"""Of the object's size (square root of its box's area): hair, hands, feet. What it covers: docs/privacy.md."""
_LEAST_GROWTH_PX = 3.0
_CELLS = 96
"""A mask is grown on so many cells along its longer side: the network's own are hardly finer."""
_INSIDE = 48
"""Mask values from here on count: a soft edge is inside."""


@dataclass(frozen=True, slots=True)
class Silhouette:
    """coverage: uint8 [h, w], 255 where the object may be, fading out over some pixels around; origin: its x, y.

    x, y, w and h are even, but where the frame ends at an odd number.
    """

    coverage: U8
    origin: tuple[int, int]

    @property
    def crop(self) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 in frame pixels."""
        x0, y0 = self.origin
        return x0, y0, x0 + self.coverage.shape[1], y0 + self.coverage.shape[0]


def is_one_of(track: Track, classes: Collection[str] | None) -> bool:
    """Whether a track is, or was when it was confirmed, of one of these classes; None: all."""
    return classes is None or track.label in classes or track.confirmed_label in classes


def silhouette(track: Track, size_hw: tuple[int, int]) -> Silhouette | None:
    """A track's in a frame of size_hw; None where it holds no pixel of it.

    A lost track has no mask: all of its predicted box counts.
    """
    left, top, right, bottom = track.box
    growth = max(_LEAST_GROWTH_PX, _GROWTH * float(max(0.0, (right - left) * (bottom - top))) ** 0.5)
    mask = track.mask or SoftMask(np.full((1, 1), 255, np.uint8), track.box)
    return _grown(mask, growth, size_hw)


def _grown(mask: SoftMask, growth: float, size_hw: tuple[int, int]) -> Silhouette | None:
    longer = max(mask.box[2] - mask.box[0], mask.box[3] - mask.box[1])
    cell = max(1.0, longer / _CELLS)
    reach = ceil(growth / cell) + 1
    room = (reach + 2) * cell
    x0, y0, x1, y1 = _evenly(cover(_wider(mask.box, room), size_hw), size_hw)
    if x0 >= x1 or y0 >= y1:
        return None
    columns, rows = max(1, round((x1 - x0) / cell)), max(1, round((y1 - y0) / cell))
    share_x, share_y = columns / (x1 - x0), rows / (y1 - y0)
    left, top, right, bottom = mask.box
    small = SoftMask(
        mask.alpha, ((left - x0) * share_x, (top - y0) * share_y, (right - x0) * share_x, (bottom - y0) * share_y)
    )
    inside = cv2.inRange(small.on((0, 0, columns, rows)), np.array(_INSIDE), np.array(255))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # out of the frame the object goes on: nothing is eaten from the frame's side, for dilation knows no border
    spread = cv2.resize(cv2.dilate(inside, kernel), (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    return Silhouette(spread, (x0, y0))


def _wider(box: Box, by: float) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _evenly(crop: tuple[int, int, int, int], size_hw: tuple[int, int]) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = crop
    return x0 & ~1, y0 & ~1, min(size_hw[1], x1 + x1 % 2), min(size_hw[0], y1 + y1 % 2)
