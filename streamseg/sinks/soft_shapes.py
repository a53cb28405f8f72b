"""Shapes as levels that rise from 0 outside to 255 inside over some pixels, so that a level tells how far the edge is.

So a rim, a casing around it and what it encloses are one look-up in a table (stamps.Ramp). A step is made soft by
two means over squares of `spread` pixels, whose sum is nearly round; along a straight edge the level is then that of a
triangle's integral.
"""

from math import ceil, floor

import cv2
import numpy as np

from streamseg.geometry import Box, SoftMask
from streamseg.sinks.stamps import F64, U8

_LEAST_SHARE = 0.02
"""Of a mask's area: smaller pieces are specks, and smaller holes are filled."""


def spread_for(reach_px: float) -> int:
    """The odd number of pixels over which levels must spread to tell distances of up to reach_px."""
    return max(3, ceil(reach_px) | 1)


def distances(spread: int) -> F64:
    """What each level 0..255 says: pixels to the edge, positive inside, float [256]."""
    share = np.arange(256) / 255
    return spread * np.where(share < 0.5, np.sqrt(2 * share) - 1, 1 - np.sqrt(2 * (1 - share)))


def of_mask(mask: SoftMask, size_hw: tuple[int, int], spread: int) -> tuple[U8, tuple[int, int]] | None:
    """A mask's levels uint8 [h, w] and the x, y of the first in a frame of size_hw, both even; None: nothing is inside.

    Specks and small holes are left out. Where the frame cuts an object off, its mask goes on.
    """
    x0, y0, x1, y1 = mask.box
    if min(x1 - x0, y1 - y0) < 1 or not mask.alpha.size:
        return None
    solid = _without_specks(mask.alpha)
    if solid is None:
        return None
    step_x, step_y = (x1 - x0) / solid.shape[1], (y1 - y0) / solid.shape[0]
    pad_x, pad_y = ceil(spread / step_x) + 1, ceil(spread / step_y) + 1
    left, top = _even(x0 - pad_x * step_x), _even(y0 - pad_y * step_y)
    # the mask's cells, moved by the fraction of a cell that puts their corner on a pixel's
    move_x, move_y = (x0 - left) / step_x, (y0 - top) / step_y
    matrix = np.array([[1, 0, move_x], [0, 1, move_y]])
    size = ceil(move_x) + solid.shape[1] + pad_x, ceil(move_y) + solid.shape[0] + pad_y
    cells = cv2.warpAffine(solid, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    _go_on_beyond(cells, mask.box, size_hw, (move_x, move_y), solid.shape)
    level = cv2.resize(cells, None, fx=step_x, fy=step_y, interpolation=cv2.INTER_LINEAR)
    return _softened(_steep(level, 2 * max(1.0, step_x, step_y)), spread), (left, top)


def of_box(box: Box, size_hw: tuple[int, int], spread: int) -> tuple[U8, tuple[int, int]]:
    """The same of a box; to be soft rounds its corners."""
    far = 2 * spread  # beyond the frame, where no edge is seen
    x0, x1 = (min(max(x, -far), size_hw[1] + far) for x in box[::2])
    y0, y1 = (min(max(y, -far), size_hw[0] + far) for y in box[1::2])
    left, top = _even(x0 - spread - 1), _even(y0 - spread - 1)
    columns, rows = (
        np.clip(np.minimum(at - low, high - at) + 0.5, 0, 1)
        for low, high, at in (
            (x0, x1, np.arange(left, x1 + spread + 1) + 0.5),
            (y0, y1, np.arange(top, y1 + spread + 1) + 0.5),
        )
    )
    return _softened(np.rint(255 * np.outer(rows, columns)).astype(np.uint8), spread), (left, top)


def _steep(level: U8, gain: float) -> U8:
    """Levels as many times as far from the middle: an edge within a pixel or two, and still between two of them."""
    above = cv2.subtract(level, 127.5 - 127.5 / gain)
    return cv2.convertScaleAbs(above, above, alpha=gain)


def _softened(level: U8, spread: int) -> U8:
    return cv2.blur(cv2.blur(level, (spread, spread)), (spread, spread))


def _without_specks(alpha: U8) -> U8 | None:
    """A mask whose small pieces are outside, and whose small holes inside; None where nothing is inside."""
    inside = cv2.threshold(alpha, 127, 255, cv2.THRESH_BINARY)[1]
    edges, tree = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not edges:
        return None
    least = _LEAST_SHARE * cv2.countNonZero(inside)
    kept, found = alpha, False
    for edge, (*_, parent) in zip(edges, tree[0], strict=True):
        is_hole = parent >= 0
        # Pick's theorem: cells inside of a line through the cells around a hole, or on and inside of a piece's own
        cells = cv2.contourArea(edge) + (-1 if is_hole else 1) * len(edge) / 2 + 1
        if cells >= least:
            found = found or not is_hole
            continue
        kept = kept.copy() if kept is alpha else kept
        cv2.drawContours(kept, [edge], -1, 255 if is_hole else 0, cv2.FILLED)
    return kept if found else None


def _go_on_beyond(
    cells: U8, box: Box, size_hw: tuple[int, int], move: tuple[float, float], shape: tuple[int, ...]
) -> None:
    """Repeat the last whole cells of a mask at those sides where the frame ends."""
    first_x, first_y = ceil(move[0]), ceil(move[1])
    last_x, last_y = floor(move[0]) + shape[1] - 1, floor(move[1]) + shape[0] - 1
    if box[0] <= 0.5:
        cells[:, :first_x] = cells[:, first_x : first_x + 1]
    if box[2] >= size_hw[1] - 0.5:
        cells[:, last_x + 1 :] = cells[:, last_x : last_x + 1]
    if box[1] <= 0.5:
        cells[:first_y] = cells[first_y]
    if box[3] >= size_hw[0] - 0.5:
        cells[last_y + 1 :] = cells[last_y]


def _even(number: float) -> int:
    return 2 * floor(number / 2)
