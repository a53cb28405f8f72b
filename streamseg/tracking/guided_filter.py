"""The lines of a guided filter with a colour guide, by which a picture is locally linear in the guide's colours.

Source: He, Sun, Tang, "Guided Image Filtering", PAMI 2013, section 3.5, equations 14 to 16.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.geometry import F32, U8
from streamseg.tracking.grid import Points

_COUNT = 9
"""Pixels of a window."""
_LEFT, _RIGHT = (0, 1, 2, 0, 1, 2, 0, 1, 2), (0, 1, 2, 1, 2, 0, 3, 3, 3)
"""Of red, green, blue (0, 1, 2): their variances and covariances. Of each with the target (3)."""


def fit_lines(colours: Sequence[U8], target: U8, epsilon: float, wanted: Points) -> F32:
    """Ridge regression of target on three planes in every window of 3x3, means over the windows: float32 [4, N].

    All are uint8 [h, w]; epsilon is the variance of colours (0..1) below which they count as flat. Gives the slope in
    each plane, and the offset, at the points that are wanted.
    """
    around = wanted.grown()
    planes = [one.astype(np.uint16) for one in (*colours, target)]
    # whole numbers below 2^24, which float32 holds exactly
    sums = around.take([_sum(one) for one in planes])
    spans = around.take([_sum(planes[i] * planes[j]) for i, j in zip(_LEFT, _RIGHT, strict=True)])
    spans *= np.float32(_COUNT)
    spans -= sums[_LEFT, :] * sums[_RIGHT, :]
    spans[:3] += np.float32(epsilon * (255 * _COUNT) ** 2)
    slope = _solve(spans[:3], spans[3:6], spans[6:])
    offset = (sums[3] - (slope * sums[:3]).sum(axis=0)) * np.float32(1 / _COUNT)
    return wanted.take([_mean(around.spread(one)) for one in (*slope, offset)])


def _sum(plane: npt.NDArray[np.uint16]) -> F32:
    return cv2.boxFilter(plane, cv2.CV_32F, (3, 3), normalize=False, borderType=cv2.BORDER_REFLECT)


def _mean(plane: F32) -> F32:
    return cv2.blur(plane, (3, 3), borderType=cv2.BORDER_REFLECT)


def _solve(square: F32, mixed: F32, right: F32) -> F32:
    """Solve symmetric 3x3 systems with diagonal square (rr, gg, bb) and rest mixed (rg, gb, br), by cofactors: [3, N].

    All are float32 [3, N].
    """
    squares, mixes, rights = (np.concatenate([one, one]) for one in (square, mixed, right))
    # the second entry on from each in the circle red, green, blue, and the third
    second, third = slice(1, 4), slice(2, 5)
    own = squares[second] * squares[third] - mixes[second] * mixes[second]
    others = mixes[second] * mixes[third] - mixed * squares[third]
    twice = np.concatenate([others, others])
    solved = own * right + others * rights[second] + twice[third] * rights[third]
    solved /= square[0] * own[0] + mixed[0] * others[0] + mixed[2] * others[2]
    return solved
