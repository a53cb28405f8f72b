"""The plain ways that mattes are measured against: the mask upsampled, and a guided filter with blur fusion.

Sources: He, Sun, Tang, "Guided Image Filtering", PAMI 2013, section 3.5; He, Sun, "Fast Guided Filter",
arXiv:1505.00996; Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021. This is how cut-outs were made
before docs/mattes.md was written; it stays as it is, with constants of its own, whatever becomes of the product's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np

from streamseg.geometry import F32, U8, SoftMask
from streamseg.tracking.matte import Matte, cell_px

Crop = tuple[int, int, int, int]
_RADIUS_CELLS, _MIN_RADIUS_PX = 0.8, 2
"""Reach of the guided filter in cells of the mask: the pixels of the frame that one of its values covers."""
_BAND_CELLS, _MIN_BAND_PX = 1.5, 2
"""Half the width of the border band, the only place where alpha may be soft."""
_EPSILON = 1e-3
"""Variance of the guide (colours 0..1) that counts as an edge: above that of sensor noise, or alpha gets its grain."""
_SURE, _UNSURE = 225, 155
"""Mask values from 225 on are the object and up to 30 are not, whatever the picture says; 100..155 leave it to that."""
_LOWEST = np.clip(np.rint((np.arange(256) - _UNSURE) * (255 / (_SURE - _UNSURE))), 0, 255).astype(np.uint8)
_HIGHEST = 255 - _LOWEST[::-1]
_RAMP_CELLS, _MIN_SLOPE, _MAX_SLOPE = 3.0, 1.5, 4.0
"""An edge the picture does not show is as wide as a cell: the larger the cell (px per slope), the steeper the ramp."""


def guided_matte(rgb: U8, mask: SoftMask, crop: Crop) -> Matte:
    """The object of mask in rgb (uint8 [h, w, 3], the frame's pixels of crop), its edge drawn to the picture's."""
    cell = cell_px(mask)
    coarse = mask.on(crop)
    soft = guided_filter(rgb, coarse, max(_MIN_RADIUS_PX, round(_RADIUS_CELLS * cell)), _EPSILON)
    inside = cv2.threshold(coarse, 127, 255, cv2.THRESH_BINARY)[1]
    half = band_px(mask)
    highest = cv2.min(255 - _far(255 - inside, half), cv2.LUT(coarse, _HIGHEST))
    lowest = cv2.max(_far(inside, half), cv2.LUT(coarse, _LOWEST))
    drawn = cv2.LUT(np.clip(soft * 255, 0, 255).astype(np.uint8), _ramp(cell))
    return Matte(cv2.min(cv2.max(drawn, lowest), highest), (lowest < 255) & (highest > 0))


def band_px(mask: SoftMask) -> int:
    """Half the width of the mask's border band."""
    return max(_MIN_BAND_PX, ceil(_BAND_CELLS * cell_px(mask)))


def _ramp(cell: float) -> U8:
    """Table uint8 [256] that stretches the values around one half to 0..255."""
    slope = min(max(cell / _RAMP_CELLS, _MIN_SLOPE), _MAX_SLOPE)
    return np.rint(255 * np.clip((np.arange(256) / 255 - 0.5) * slope + 0.5, 0, 1)).astype(np.uint8)


def _far(inside: U8, half: int) -> U8:
    """0 up to half way into the nonzero region's border band of half px, 255 beyond it: uint8 [h, w]."""
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    return np.clip(np.minimum(depth, half) * (510 / half) - 255, 0, 255).astype(np.uint8)


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
    *slope, offset = _fit_planes(cv2.split(guide), target, radius, epsilon)
    return Coefficients(cv2.merge(slope), offset)


def _fit_planes(colours: Sequence[F32], target: F32, radius: int, epsilon: float) -> list[F32]:
    """Ridge regression of target [h, w] on three planes [h, w] (0..1) in every square window, means over the windows.

    epsilon is the variance of colours below which they count as flat. Gives the slope in each plane, and the offset.
    """

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


_DOUBT = 1e-3
"""Weight of mixed pixels where no sure one is near."""
_SHARE = np.arange(256, dtype=np.float32) / np.float32(255)
_SURELY_IN = np.where(_SHARE == 1, np.float32(1), np.float32(_DOUBT) * _SHARE)
_SURELY_OUT = _SURELY_IN[::-1].copy()


def decontaminate(rgb: U8, matte: Matte, reach_px: int) -> U8:
    """The object's colours: uint8 [h, w, 3], rgb itself where alpha is 255, black outside the border band.

    In the band: neighbours' colours, object's and background's, each averaged within reach_px, plus what the picture
    shows beyond their mixture, as far as the object has part in it. Band pixels with alpha 0 get colour too, so that
    a scaled cut-out has no dark fringe.
    """
    inner = _spread(rgb, cv2.LUT(matte.alpha, _SURELY_IN), reach_px)
    outer = _spread(rgb, cv2.LUT(matte.alpha, _SURELY_OUT), reach_px)
    result = cv2.copyTo(rgb, matte.alpha)
    edge = np.flatnonzero(matte.band & (matte.alpha < 255))
    own, shown = inner.reshape(-1, 3)[edge], rgb.reshape(-1, 3)[edge]
    part = _SHARE[matte.alpha.ravel()[edge]][:, None]
    mixture = part * own + (1 - part) * outer.reshape(-1, 3)[edge]
    result.reshape(-1, 3)[edge] = np.clip(np.rint(own + part**2 * (shown - mixture)), 0, 255)
    return result


def _spread(rgb: U8, weight: F32, reach_px: int) -> F32:
    """Average of rgb by weight around each pixel: float32 [h, w, 3] in 0..255."""
    step = max(1, reach_px // 3)
    height, width = weight.shape
    small_wh = max(1, width // step), max(1, height // step)
    weighted = cv2.merge([cv2.multiply(rgb, cv2.merge([weight] * 3), dtype=cv2.CV_32F), weight])
    blurred = cv2.resize(weighted, small_wh, interpolation=cv2.INTER_AREA)
    size = 2 * max(1, round(reach_px / step)) + 1
    for _ in range(2):
        blurred = cv2.boxFilter(blurred, -1, (size, size), borderType=cv2.BORDER_REFLECT)
    colours = blurred[:, :, :3] / np.maximum(blurred[:, :, 3:], np.float32(1e-6))
    return cv2.resize(colours, (width, height), interpolation=cv2.INTER_LINEAR)
