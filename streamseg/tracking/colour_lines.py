"""Two guesses at alpha from the picture around a soft mask, each linear in the pixel's colour near by.

A ridge regression of the mask on the colours (guided filter: He, Sun, Tang, "Guided Image Filtering", PAMI 2013,
section 3.5), and where a colour lies on the way from the background's to the object's near by (Chuang et al., "A
Bayesian Approach to Digital Matting", CVPR 2001, eq. 9, with means for distributions). The lines are found on a coarse
grid, as in He, Sun, "Fast Guided Filter", arXiv:1505.00996, and only where they are wanted.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from streamseg.geometry import F32, U8
from streamseg.tracking.blocks import Blocks
from streamseg.tracking.grid import Points, averages, weighted_means
from streamseg.tracking.guided_filter import fit_lines

_ZERO, _ONE = 43, 213
"""What stands for alpha 0 and 1 in a guess: there is room beyond both."""
_GRID_CELLS = 0.6
"""Half the distance of grid points in cells of the mask."""
_EPSILON = 1e-3
"""Variance of colours (0..1) that counts as an edge."""
_NO_WAY = np.float32(0.004 * 255**2)
"""Squared distance of object and background (0..255) below which their line tells nothing."""
_APART_SCALE = 2
_LUMA = np.array([[0.2126], [0.7152], [0.0722]], np.float32)
_SHARE = np.arange(256, dtype=np.float32) / np.float32(255)
_OWN = np.maximum(4 * _SHARE - 3, np.float32(1e-4) * _SHARE * _SHARE)
_OTHER = _OWN[::-1].copy()
"""Weights of colours of the object and of the background, by the mask: of what it is sure of, else next to none."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Two lines at each of some blocks: a guess (_ZERO for 0, _ONE for 1) as slopes times colour, and an offset.

    terms: float32 [4, 2, N], the two slopes in red, in green, in blue (0..255), the two offsets. apart: uint8 [2, N],
    how far object and background are apart in colour and in luma: 255 for one half.
    """

    terms: F32
    apart: U8


def grid_step(cell_px: float) -> int:
    """Distance of the grid's points in pixels, an even number; it must divide the sides of the picture."""
    return 2 * max(1, round(_GRID_CELLS * cell_px))


def find_lines(rgb: U8, coarse: U8, step: int, blocks: Blocks) -> Lines:
    """Lines of rgb (uint8 [h, w, 3]) for a mask on its pixels (uint8 [h, w]), found at every step-th pixel."""
    points = blocks.grid_points(step).grown()
    target, colours = averages(coarse, step), cv2.split(averages(rgb, step))
    planes = [one.astype(np.float32) for one in colours]
    own, other = (weighted_means(planes, cv2.LUT(target, table), points) for table in (_OWN, _OTHER))
    way = own - other
    square, rise = (way * way).sum(axis=0), (way * _LUMA).sum(axis=0)
    terms = np.empty((4, 2, len(points.at)), np.float32)
    terms[:, 0] = fit_lines(colours, target, _EPSILON, points)
    terms[:3, 1] = way * (np.float32(255) / (square + _NO_WAY))
    terms[3, 1] = -(terms[:3, 1] * other).sum(axis=0)
    terms *= np.float32((_ONE - _ZERO) / 255)
    terms[3] += np.float32(_ZERO + 0.5)
    apart = cv2.convertScaleAbs(np.stack([np.sqrt(square), rise]), alpha=_APART_SCALE)
    return Lines(_between(terms, points, blocks), apart.take(points.order_of(blocks.within(step)), axis=1))


def _between(terms: F32, points: Points, blocks: Blocks) -> F32:
    """Terms at blocks, float32 [4, 2, N], from those at the points around (bilinear)."""
    height, width = blocks.points.size_hw
    fine = [cv2.resize(points.spread(one), (width, height)) for one in terms.reshape(8, -1)]
    return blocks.points.take(fine).reshape(4, 2, -1)
