"""Zones and lines of a stream, in the pixels of its frames: what they cover, and on which side of them a point lies."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.config import Point, ZoneConfig

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]

_SHIFT = 4
"""Corners are drawn to 1/16 pixel."""


def in_pixels(points: Sequence[Point], size_hw: tuple[int, int]) -> F32:
    """float32 [N, 2] x, y in frame pixels; points that all lie within 0 to 1 are shares of the frame."""
    corners = np.array(points, np.float32)
    if corners.min() >= 0 and corners.max() <= 1:
        corners *= np.array(size_hw[::-1], np.float32)
    return corners


def covered(polygons: Iterable[F32], size_hw: tuple[int, int]) -> U8:
    """uint8 [H, W], 1 on pixels that a polygon (float32 [N, 2] x, y) covers or touches."""
    mask = np.zeros(size_hw, np.uint8)
    for polygon in polygons:
        # a pixel's middle is at its number for OpenCV, half a pixel further for us
        corners = np.rint((polygon - 0.5) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [corners], 1, shift=_SHIFT)
    return mask


def of_kind(zones: Iterable[ZoneConfig], kind: str, size_hw: tuple[int, int]) -> list[F32]:
    """The polygons of all zones of a kind, in frame pixels."""
    return [in_pixels(zone.polygon, size_hw) for zone in zones if zone.kind == kind]


def depth_in(polygon: F32, x: float, y: float) -> float:
    """How deep in a polygon a point lies, pixels to its nearest edge; negative outside."""
    return float(cv2.pointPolygonTest(polygon, (x, y), True))


def extent(polygon: F32) -> float:
    """Square root of a polygon's area, pixels."""
    return float(np.sqrt(cv2.contourArea(polygon)))


def right_of(line: F32, x: float, y: float) -> float:
    """How far a point lies to the right of a line's direction, pixels; negative to its left. line: float32 [2, 2]."""
    (ax, ay), (bx, by) = line.tolist()
    return ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / float(np.hypot(bx - ax, by - ay))


def crosses(line: F32, before: tuple[float, float], after: tuple[float, float]) -> bool:
    """Whether a step between two points that lie on different sides of a line passes between its ends."""
    step = np.array([before, after], np.float32)
    first, second = (right_of(step, *end) for end in line.tolist())
    return before != after and first * second <= 0
