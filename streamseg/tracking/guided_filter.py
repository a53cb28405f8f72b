"""Guided filter with a colour guide: makes a picture locally linear in the guide's colours, so edges line up.

Sources: He, Sun, Tang, "Guided Image Filtering", PAMI 2013, section 3.5, equations 14 to 16; He, Sun, "Fast Guided
Filter", arXiv:1505.00996 (coefficients from a subsampled picture).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from streamseg.geometry import F32, U8


@dataclass(frozen=True, slots=True)
class Coefficients:
    """output = slope . colour + offset; slope float32 [h, w, 3], offset float32 [h, w]; colours in 0..1."""

    slope: F32
    offset: F32


def guided_filter(guide: U8, target: U8, radius_px: int, epsilon: float) -> F32:
    """Filter target (uint8 [h, w]) by guide (uint8 [h, w, 3]): float32 [h, w], 255 becomes about 1.

    epsilon is the variance of colours (0..1) below which the guide counts as flat. A radius of 4 px or more is worked
    out on every second pixel, of 8 px on every fourth, and so on.
    """
    step = max(1, radius_px // 2)
    height, width = target.shape
    small_wh = max(1, width // step), max(1, height // step)
    coarse = fit_lines(_unit(guide, small_wh), _unit(target, small_wh), max(1, round(radius_px / step)), epsilon)
    slope = cv2.resize(coarse.slope, (width, height), interpolation=cv2.INTER_LINEAR)
    offset = cv2.resize(coarse.offset, (width, height), interpolation=cv2.INTER_LINEAR)
    colours = np.multiply(guide, np.float32(1 / 255), dtype=np.float32)
    return cv2.transform(cv2.multiply(slope, colours), np.ones((1, 3), np.float32)) + offset


def fit_lines(guide: F32, target: F32, radius: int, epsilon: float) -> Coefficients:
    """Ridge regression of target [h, w] on guide [h, w, 3] in every square window, averaged over the windows."""
    *slope, offset = fit_planes(cv2.split(guide), target, radius, epsilon)
    return Coefficients(cv2.merge(slope), offset)


def fit_planes(colours: Sequence[F32], target: F32, radius: int, epsilon: float) -> list[F32]:
    """The same of three planes [h, w]: the slope in each, and the offset."""

    def mean(plane: F32) -> F32:
        return cv2.blur(plane, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    means, target_mean = [mean(one) for one in colours], mean(target)
    cross = [mean(one * target) - own * target_mean for one, own in zip(colours, means, strict=True)]
    # six different entries of the symmetric covariance: rr, gg, bb, rg, gb, br
    square = [mean(one * one) - own * own + np.float32(epsilon) for one, own in zip(colours, means, strict=True)]
    mixed = [mean(colours[i] * colours[j]) - means[i] * means[j] for i, j in ((0, 1), (1, 2), (2, 0))]
    slope = _solve(square, mixed, cross)
    offset = target_mean - slope[0] * means[0] - slope[1] * means[1] - slope[2] * means[2]
    return [mean(one) for one in (*slope, offset)]


def _solve(square: Sequence[F32], mixed: Sequence[F32], right: Sequence[F32]) -> list[F32]:
    """Solve the symmetric 3x3 systems with diagonal square (rr, gg, bb) and rest mixed (rg, gb, br), by cofactors."""
    rr, gg, bb = square
    rg, gb, br = mixed
    c_rr, c_gg, c_bb = gg * bb - gb * gb, rr * bb - br * br, rr * gg - rg * rg
    c_rg, c_gb, c_br = gb * br - rg * bb, rg * br - rr * gb, rg * gb - gg * br
    x, y, z = right
    scale = np.float32(1) / (rr * c_rr + rg * c_rg + br * c_br)
    adjoint = c_rr * x + c_rg * y + c_br * z, c_rg * x + c_gg * y + c_gb * z, c_br * x + c_gb * y + c_bb * z
    return [one * scale for one in adjoint]


def _unit(image: U8, size_wh: tuple[int, int]) -> F32:
    return cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
