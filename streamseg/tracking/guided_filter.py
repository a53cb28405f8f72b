"""Guided filter with a colour guide: makes a picture locally linear in the guide's colours, so edges line up.

Sources: He, Sun, Tang, "Guided Image Filtering", PAMI 2013, section 3.5, equations 14 to 16; He, Sun, "Fast Guided
Filter", arXiv:1505.00996 (coefficients from a subsampled picture).
"""

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
    size = 2 * radius + 1, 2 * radius + 1

    def mean(image: F32) -> F32:
        return cv2.boxFilter(image, -1, size, borderType=cv2.BORDER_REFLECT)

    guide_mean, target_mean = mean(guide), mean(target)
    cross = mean(guide * target[:, :, None]) - guide_mean * target_mean[:, :, None]
    # six different entries of the symmetric covariance: rr, gg, bb, rg, gb, br
    square = mean(guide * guide) - guide_mean * guide_mean + np.float32(epsilon)
    turned, turned_mean = guide[:, :, [1, 2, 0]], guide_mean[:, :, [1, 2, 0]]
    mixed = mean(guide * turned) - guide_mean * turned_mean
    slope = _solve(square, mixed, cross)
    return Coefficients(mean(slope), mean(target_mean - (slope * guide_mean).sum(axis=2)))


def _solve(square: F32, mixed: F32, right: F32) -> F32:
    """Solve the symmetric 3x3 systems with diagonal square (rr, gg, bb) and rest mixed (rg, gb, br), by cofactors."""
    rr, gg, bb = cv2.split(square)
    rg, gb, br = cv2.split(mixed)
    c_rr, c_gg, c_bb = gg * bb - gb * gb, rr * bb - br * br, rr * gg - rg * rg
    c_rg, c_gb, c_br = gb * br - rg * bb, rg * br - rr * gb, rg * gb - gg * br
    x, y, z = cv2.split(right)
    adjoint = [c_rr * x + c_rg * y + c_br * z, c_rg * x + c_gg * y + c_gb * z, c_br * x + c_gb * y + c_bb * z]
    return cv2.merge(adjoint) / (rr * c_rr + rg * c_rg + br * c_br)[:, :, None]


def _unit(image: U8, size_wh: tuple[int, int]) -> F32:
    return cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
