"""A soft mask of the network's resolution to alpha at the picture's own: edges follow the picture, the rest is sure.

A guided filter (guided_filter.py) draws the mask's edge to the picture's edges. How far it may go fades out with the
distance from the mask's edge and with the mask's certainty, so the inside is exactly 255 and the outside exactly 0.
"""

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.geometry import U8, SoftMask
from streamseg.tracking.guided_filter import guided_filter

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
    cell = cell_px(mask)
    coarse = mask.on(crop)
    soft = guided_filter(rgb, coarse, max(_MIN_RADIUS_PX, round(_RADIUS_CELLS * cell)), _EPSILON)
    inside = cv2.threshold(coarse, 127, 255, cv2.THRESH_BINARY)[1]
    half = band_px(mask)
    highest = cv2.min(255 - _far(255 - inside, half), cv2.LUT(coarse, _HIGHEST))
    lowest = cv2.max(_far(inside, half), cv2.LUT(coarse, _LOWEST))
    drawn = cv2.LUT(np.clip(soft * 255, 0, 255).astype(np.uint8), _ramp(cell))
    return Matte(cv2.min(cv2.max(drawn, lowest), highest), (lowest < 255) & (highest > 0))


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


def _far(inside: U8, half: int) -> U8:
    """0 up to half way into the nonzero region's border band of half px, 255 beyond it: uint8 [h, w]."""
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    return np.clip(np.minimum(depth, half) * (510 / half) - 255, 0, 255).astype(np.uint8)
