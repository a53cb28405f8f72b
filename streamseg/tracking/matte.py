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
from streamseg.tracking.blocks import INPUTS, Blocks, guesses, look
from streamseg.tracking.colour_lines import find_lines, grid_step
from streamseg.tracking.grid import filled
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
_PER_CELL = 32
_DEEP, _NEAR = (
    np.clip((np.arange(256) / _PER_CELL - 0.5 - reach[0]) * (255 / (reach[1] - reach[0])), 0, 255).astype(np.uint8)
    for reach in (_INNER_CELLS, _OUTER_CELLS)
)
_NEAR = 255 - _NEAR
"""Least value inside and greatest outside, by the distance in cells from the other side, _PER_CELL for one."""
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
        alpha[part] = drawn(doubt)[: bottom - top, : right - left]
        band[part] = doubt.band[: bottom - top, : right - left]
    return Matte(alpha, band)


@dataclass(frozen=True, slots=True)
class Doubt:
    """The mask on the pixels (uint8 [h, w]), where it leaves something open (bool [h, w]), and what is seen there.

    h and w may be a little more than the picture's, for the grid. seen: uint8 [N, INPUTS] of the blocks that have a
    pixel in the band (blocks.py).
    """

    coarse: U8
    band: npt.NDArray[np.bool_]
    blocks: Blocks
    seen: U8


def doubtful(rgb: U8, mask: SoftMask, crop: Crop) -> Doubt:
    """What a mask leaves open in rgb (uint8 [h, w, 3], the frame's pixels of crop)."""
    cell = cell_px(mask)
    step = grid_step(cell)
    rgb = filled(rgb, step)
    coarse = closed(mask).on((crop[0], crop[1], crop[0] + rgb.shape[1], crop[1] + rgb.shape[0]))
    open_ = cv2.inRange(coarse, 256 - _SURE, _SURE - 1)
    blocks = Blocks.holding(open_)
    if not len(blocks):
        return Doubt(coarse, open_ != 0, blocks, np.empty((0, INPUTS), np.uint8))
    near = blocks.grown()
    lines = find_lines(rgb, coarse, step, near)
    apart = lines.apart.take(near.points.order_of(blocks.points.at), axis=1)
    seen = look(coarse, guesses(rgb, lines.terms, near), apart, blocks=blocks, near=near, cell_px=cell)
    return Doubt(coarse, open_ != 0, blocks, seen)


def drawn(doubt: Doubt) -> U8:
    """Alpha, uint8 [h, w], as the network sees it, within what the mask allows."""
    alpha = cv2.threshold(doubt.coarse, _SURE - 1, 255, cv2.THRESH_BINARY)[1]
    if len(doubt.seen):
        pixels = doubt.blocks.pixels()
        said = doubt.coarse.reshape(-1).take(pixels)
        made = cv2.min(cv2.max(refine(doubt.seen), _LOWEST.take(said)), _HIGHEST.take(said))
        alpha.reshape(-1)[pixels.reshape(-1)] = made.reshape(-1)
    return alpha


def closed(mask: SoftMask) -> SoftMask:
    """The mask with its doubt fading out away from its edge: to 0 outside, to 255 inside."""
    outside = cv2.threshold(mask.alpha, 127, 1, cv2.THRESH_BINARY_INV)[1]
    inside = 1 - outside
    if inside.all() or outside.all():
        return mask
    doubt = cv2.max(mask.alpha, cv2.LUT(_depth(inside), _DEEP))
    return SoftMask(cv2.min(doubt, cv2.LUT(_depth(outside), _NEAR)), mask.box)


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


def _depth(side: U8) -> U8:
    """Distance from the nearest 0 of a region of cells (uint8 [h, w], 0 or 1), _PER_CELL for one."""
    return cv2.convertScaleAbs(cv2.distanceTransform(side, cv2.DIST_L2, cv2.DIST_MASK_5), alpha=_PER_CELL)
