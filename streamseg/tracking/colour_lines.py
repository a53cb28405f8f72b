"""Four guesses at alpha from the picture around a soft mask, each linear in the pixel's colour near by.

Two ridge regressions of the mask on the colours, in a narrow and in a wide window (guided filters: He, Sun, Tang,
"Guided Image Filtering", PAMI 2013, section 3.5), and where a colour, and a luma, lies on the way from the
background's to the object's near by (Chuang et al., "A Bayesian Approach to Digital Matting", CVPR 2001, eq. 9, with
means for distributions). The lines are found on a coarse grid, as in He, Sun, "Fast Guided Filter", arXiv:1505.00996.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from streamseg.geometry import F32, U8
from streamseg.tracking.guided_filter import fit_planes

_GRID_CELLS = 0.6
"""Distance of grid points in cells of the mask."""
_EPSILON = 1e-3
"""Variance of colours (0..1) that counts as an edge."""
_APART, _APART_LUMA = 0.004, 0.002
"""Squared distance of object and background (0..1) below which their line tells nothing."""
_LUMA = 0.2126, 0.7152, 0.0722
_HALF_APART = 510

Planes = list[F32]
"""Pictures of one channel: three colours, or the slope in each and the offset of a line."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Of every point of a grid over a picture: four lines, each a slope in red, green, blue (0..1) and an offset.

    terms: float32 [h', w', 16], first the four slopes in red. apart: uint8 [h', w', 2], how far object and background
    are apart in colour and in luma: 255 for one half. step: distance of the points in pixels.
    """

    terms: F32
    apart: U8
    step: int


def grid_step(cell_px: float) -> int:
    """Distance of the grid's points in pixels; twice that must divide the sides of the picture."""
    return max(1, round(_GRID_CELLS * cell_px))


def find_lines(rgb: U8, coarse: U8, step: int) -> Lines:
    """Lines of rgb (uint8 [h, w, 3]) for a mask on its pixels (uint8 [h, w]), with a grid point every step pixels."""
    height, width = coarse.shape
    grid_wh = width // step, height // step
    small = cv2.resize(rgb, grid_wh, interpolation=cv2.INTER_AREA)
    colours = [_unit(one) for one in cv2.split(small)]
    target = _unit(cv2.resize(coarse, grid_wh, interpolation=cv2.INTER_AREA))
    half_wh = grid_wh[0] // 2, grid_wh[1] // 2
    halves = [cv2.resize(one, half_wh, interpolation=cv2.INTER_AREA) for one in (*colours, target)]
    by_colour, by_luma, apart = _between(halves[:3], halves[3])
    smooth = [*fit_planes(halves[:3], halves[3], 1, _EPSILON), *by_colour, *by_luma]
    narrow, wider = fit_planes(colours, target, 1, _EPSILON), [cv2.resize(one, grid_wh) for one in smooth]
    four = zip(narrow, wider[:4], wider[4:8], wider[8:], strict=True)
    return Lines(cv2.merge([plane for term in four for plane in term]), cv2.resize(apart, grid_wh), step)


def _between(colours: Planes, target: F32) -> tuple[Planes, Planes, U8]:
    """The lines from background to object, in colour and in luma, and how far these are apart."""
    own, other = _average(colours, target), _average(colours, np.float32(1) - target)
    way = [a - b for a, b in zip(own, other, strict=True)]
    square = way[0] * way[0] + way[1] * way[1] + way[2] * way[2]
    share = np.float32(1) / (square + np.float32(_APART))
    slope = [one * share for one in way]
    offset = -(slope[0] * other[0] + slope[1] * other[1] + slope[2] * other[2])
    rise = _luma(way)
    steep = rise / (rise * rise + np.float32(_APART_LUMA))
    apart = cv2.merge([cv2.convertScaleAbs(one, alpha=_HALF_APART) for one in (cv2.sqrt(square), rise)])
    by_luma = [steep * np.float32(k) for k in _LUMA]
    return [*slope, offset], [*by_luma, -steep * _luma(other)], apart


def _average(colours: Planes, share: F32) -> Planes:
    """Mean colours near by of what the share (0..1) is sure of; of the rest only where nothing is."""
    weight = np.maximum(4 * share - 3, np.float32(1e-4) * share * share)
    sums = [_mean(_mean(one)) for one in (*(c * weight for c in colours), weight)]
    total: F32 = np.maximum(sums[3], np.float32(1e-7))
    return [one / total for one in sums[:3]]


def _mean(plane: F32) -> F32:
    return cv2.blur(plane, (3, 3), borderType=cv2.BORDER_REFLECT)


def _luma(colours: Planes) -> F32:
    red, green, blue = (one * np.float32(k) for one, k in zip(colours, _LUMA, strict=True))
    return red + green + blue


def _unit(plane: U8) -> F32:
    return np.multiply(plane, np.float32(1 / 255), dtype=np.float32)
