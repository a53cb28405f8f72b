"""A soft mask of the network's resolution to alpha at the picture's own: edges follow the picture, the rest is sure.

Where the mask is in doubt, a small network (refiner.py) decides from guesses at alpha that are linear in the picture's
colours (colour_lines.py). How far it may go fades out with the distance from the mask's edge and with the mask's
certainty, so the inside is exactly 255 and the outside exactly 0. Bounds, figures and training: docs/mattes.md.
"""

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.geometry import U8, SoftMask
from streamseg.tracking.blocks import INPUTS, Blocks, blocks_of, look, put
from streamseg.tracking.colour_lines import find_lines, grid_step
from streamseg.tracking.refiner import refine

Crop = tuple[int, int, int, int]

_BAND_CELLS, _MIN_BAND_PX = 1.5, 2
"""Half the width of the border band, for an edge without hair."""
_SURE, _FADE = 225, 15
"""Mask values from 225 on are the object and up to 30 are not, whatever the picture says; so many short of it fade."""
_LOWEST = np.clip(np.rint((np.arange(256) - _SURE + _FADE) * (255 / _FADE)), 0, 255).astype(np.uint8)
_HIGHEST = 255 - _LOWEST[::-1]
_OUTER_CELLS, _INNER_CELLS = (1.5, 2.5), (1.0, 2.0)
"""The mask's doubt counts so far outside and inside of its edge; it fades out from the first to the second."""
_SPECK = 0.05
_RAMP_CELLS, _MIN_SLOPE, _MAX_SLOPE = 3.0, 1.5, 4.0
"""An edge the picture does not show is as wide as a cell: the larger the cell (px per slope), the steeper the ramp."""


@dataclass(frozen=True, slots=True)
class Matte:
    """alpha: uint8 [h, w]; band: bool [h, w], the border band: alpha is 0 or 255 everywhere else."""

    alpha: U8
    band: npt.NDArray[np.bool_]


def mask_matte(mask: SoftMask, crop: Crop) -> Matte:
    """The mask itself on the frame's pixels of crop (x0, y0, x1, y1), its edge made steeper."""
    alpha = cv2.LUT(mask.on(crop), _ramp(cell_px(mask)))
    return Matte(alpha, (alpha > 0) & (alpha < 255))


def guided_matte(rgb: U8, mask: SoftMask, crop: Crop) -> Matte:
    """The object of mask in rgb (uint8 [h, w, 3], the frame's pixels of crop), its edge drawn to the picture's."""
    alpha = np.zeros(rgb.shape[:2], np.uint8)
    band = np.zeros(rgb.shape[:2], np.bool_)
    room = ceil(cell_px(mask))
    x0, y0, x1, y1 = (round(edge) for edge in mask.box)
    left, top = max(crop[0], x0 - room), max(crop[1], y0 - room)
    right, bottom = min(crop[2], x1 + room), min(crop[3], y1 + room)
    if right > left and bottom > top:
        part = slice(top - crop[1], bottom - crop[1]), slice(left - crop[0], right - crop[0])
        doubt = doubtful(rgb[part], mask, (left, top, right, bottom))
        drawn = doubt.lowest.copy()
        put(drawn, doubt.blocks, refine(doubt.seen))
        drawn = cv2.min(cv2.max(drawn, doubt.lowest), doubt.highest)
        alpha[part] = drawn[: bottom - top, : right - left]
        band[part] = (doubt.lowest != doubt.highest)[: bottom - top, : right - left]
    return Matte(alpha, band)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Least and greatest alpha by the mask, uint8 [h, w]; the blocks where they differ, and what is seen of those.

    h and w may be a little more than the picture's, for the grid. seen: uint8 [N, INPUTS] (blocks.py).
    """

    lowest: U8
    highest: U8
    blocks: Blocks
    seen: U8


def doubtful(rgb: U8, mask: SoftMask, crop: Crop) -> Doubt:
    """What a mask leaves open in rgb (uint8 [h, w, 3], the frame's pixels of crop)."""
    height, width = rgb.shape[:2]
    cell = cell_px(mask)
    step = grid_step(cell)
    below, aside = -height % (2 * step), -width % (2 * step)
    rgb = cv2.copyMakeBorder(rgb, 0, below, 0, aside, cv2.BORDER_REPLICATE)
    coarse = closed(mask).on((crop[0], crop[1], crop[2] + aside, crop[3] + below))
    lowest, highest = cv2.LUT(coarse, _LOWEST), cv2.LUT(coarse, _HIGHEST)
    blocks, near = blocks_of(lowest != highest)
    if not len(near):
        return Doubt(lowest, highest, blocks, np.empty((0, INPUTS), np.uint8))
    lines = find_lines(rgb, coarse, step)
    return Doubt(lowest, highest, blocks, look(rgb, coarse, lines, blocks=blocks, near=near, cell_px=cell))


def closed(mask: SoftMask) -> SoftMask:
    """The mask with its doubt fading out away from its edge: to 0 outside, to 255 inside."""
    inside = (mask.alpha > 127).astype(np.uint8)
    if inside.all() or not inside.any():
        return mask
    doubt = cv2.max(mask.alpha, _far(inside, _INNER_CELLS))
    return SoftMask(cv2.min(doubt, 255 - _far(1 - inside, _OUTER_CELLS)), mask.box)


def without_specks(mask: SoftMask) -> SoftMask:
    """The mask without the parts that are far smaller than its largest one (less than a twentieth)."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats((mask.alpha > 127).astype(np.uint8), connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count <= 2 or areas.min() >= _SPECK * areas.max():
        return mask
    specks = np.isin(parts, 1 + np.flatnonzero(areas < _SPECK * areas.max()))
    return SoftMask(np.where(specks, np.uint8(0), mask.alpha), mask.box)


def cell_px(mask: SoftMask) -> float:
    """Pixels of the frame that one value of the mask covers, along its longer side."""
    height, width = mask.alpha.shape
    return max((mask.box[2] - mask.box[0]) / width, (mask.box[3] - mask.box[1]) / height)


def band_px(mask: SoftMask) -> int:
    """Half the width of the mask's border band."""
    return max(_MIN_BAND_PX, ceil(_BAND_CELLS * cell_px(mask)))


def _ramp(cell: float) -> U8:
    """Table uint8 [256] that stretches the values around one half to 0..255."""
    slope = min(max(cell / _RAMP_CELLS, _MIN_SLOPE), _MAX_SLOPE)
    return np.rint(255 * np.clip((np.arange(256) / 255 - 0.5) * slope + 0.5, 0, 1)).astype(np.uint8)


def _far(side: U8, cells: tuple[float, float]) -> U8:
    """0 near the border of a region of cells (uint8 [h, w], 0 or 1), 255 deeper inside it."""
    depth = cv2.distanceTransform(side, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.clip((depth - 0.5 - cells[0]) * (255 / (cells[1] - cells[0])), 0, 255).astype(np.uint8)
