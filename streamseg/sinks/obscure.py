"""Parts of a picture made unrecognisable, on its YUV 4:2:0 planes.

What is left is one mean colour for each cell of a coarse grid, about 8 over the object: pixelate shows it as it is,
blur as a smooth field of colours, fill not at all. The grid stands still in the frame, or it would shimmer.
"""

from typing import Literal

import cv2
import numpy as np

from streamseg.geometry import U8
from streamseg.records import Planes
from streamseg.sinks.canvas import Canvas, blend, chroma_coverage
from streamseg.sinks.silhouettes import Silhouette
from streamseg.sinks.stamps import Ramp, Rgb

Look = Literal["blur", "pixelate", "fill"]

_CELLS = 8
"""Over the longer side of an object."""
_LEAST_CELL_PX = 8


def obscure(canvas: Canvas, source: Planes, where: Silhouette, *, look: Look, rgb: Rgb) -> None:
    """Hide what a silhouette covers.

    Args:
        canvas: painted on.
        source: the picture as it was; no other object's cells are mixed twice.
        where: what to hide.
        look: how.
        rgb: the colour of fill.
    """
    if look == "fill":
        canvas.paint(where.coverage, where.origin, Ramp.solid(rgb, canvas.color))
        return
    cell = _cell_px(max(where.coverage.shape))
    half = chroma_coverage(where.coverage, where.origin)
    x0, y0 = where.origin
    planes = canvas.planes.y, canvas.planes.u, canvas.planes.v
    sources = source.y, source.u, source.v
    for plane, before, by, mask in zip(planes, sources, (1, 2, 2), (where.coverage, half, half), strict=True):
        top, left, (height, width) = y0 // by, x0 // by, mask.shape
        crop = slice(top, top + height), slice(left, left + width)
        coarse = _coarse(before, (left, top, left + width, top + height), cell // by, smooth=look == "blur")
        blend(plane[crop], mask, coarse)


def _cell_px(longer_px: int) -> int:
    """An even number of pixels, in steps of about 1.4, so that it does not change with every frame."""
    steps = round(2 * float(np.log2(max(1.0, longer_px / _CELLS / 2))))
    return max(_LEAST_CELL_PX, 2 * round(2 ** (steps / 2)))


def _coarse(plane: U8, crop: tuple[int, int, int, int], cell: int, *, smooth: bool) -> U8:
    """A crop of a plane (x0, y0, x1, y1) as the mean colours of its cells."""
    x0, y0, x1, y1 = crop
    left, top = x0 // cell * cell, y0 // cell * cell
    columns, rows = -(-(x1 - left) // cell), -(-(y1 - top) // cell)
    part = plane[top : top + rows * cell, left : left + columns * cell]
    short_y, short_x = rows * cell - part.shape[0], columns * cell - part.shape[1]
    part = cv2.copyMakeBorder(part, 0, short_y, 0, short_x, cv2.BORDER_REPLICATE)
    means = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    way = cv2.INTER_CUBIC if smooth else cv2.INTER_NEAREST
    return cv2.resize(means, part.shape[::-1], interpolation=way)[y0 - top : y1 - top, x0 - left : x1 - left]
