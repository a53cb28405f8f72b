"""Drawing on YUV 4:2:0 planes in place: soft shapes through ramps of colour, and stamps.

Coordinates are frame pixels, float, (0, 0) the outer corner of the first pixel. What lies outside the frame is clipped.
Chroma takes the mean level of its four luma pixels.
"""

from functools import lru_cache

import cv2
import numpy as np

from streamseg.records import Color, Planes
from streamseg.sinks.stamps import U8, Ramp, Stamp

SHIFT = 4
"""cv2 takes points as fixed-point numbers: 1/16 pixel."""
_OVERSAMPLE = 4  # the Hershey fonts have no anti-aliased small sizes: text is drawn larger and averaged down


class Canvas:
    """Planes that are painted on, and how their numbers stand for colours.

    Args:
        planes: written to; give a copy where the pixels must stay.
        color: matrix and range that turn RGB (0..255) into the planes' Y, U, V.
    """

    def __init__(self, planes: Planes, color: Color):
        self.planes = planes
        self.color = color

    def paint(self, level: U8, origin: tuple[int, int], ramp: Ramp) -> None:
        """Lay a soft shape on the planes.

        Args:
            level: uint8 [h, w].
            origin: x, y of its first pixel in the frame; may be negative.
            ramp: what its levels do; level 0 nothing.
        """
        x0, y0 = max(0, origin[0]), max(0, origin[1])
        height, width = self.planes.size_hw
        rows = slice(y0 - origin[1], max(0, height - origin[1]))
        inside = level[rows, x0 - origin[0] : max(0, width - origin[0])]
        if inside.size:
            half = chroma_coverage(inside, (x0, y0))
            self._lay(ramp.on(inside, half), x0, y0)

    def stamp(self, stamp: Stamp, origin: tuple[int, int]) -> None:
        """Lay a stamp on the planes; its origin x, y is even, and may be negative."""
        x0, y0 = max(0, origin[0]), max(0, origin[1])
        (tall, wide), (height, width) = stamp.keep_y.shape, self.planes.size_hw
        rows = slice(y0 - origin[1], min(tall, height - origin[1]))
        columns = slice(x0 - origin[0], min(wide, width - origin[0]))
        if rows.start < rows.stop and columns.start < columns.stop:
            whole = (rows.stop - rows.start, columns.stop - columns.start) == (tall, wide)
            self._lay(stamp if whole else stamp.cut(rows, columns), x0, y0)

    def _lay(self, stamp: Stamp, x0: int, y0: int) -> None:
        """A stamp that lies in the frame; where it begins at an odd number, chroma begins with the sample there."""
        planes, (height, width) = self.planes, stamp.keep_y.shape
        _change(planes.y[y0 : y0 + height, x0 : x0 + width], stamp.keep_y, stamp.add_y)
        top, left, (height, width) = y0 // 2, x0 // 2, stamp.keep.shape
        for plane, add in ((planes.u, stamp.add_u), (planes.v, stamp.add_v)):
            _change(plane[top : top + height, left : left + width], stamp.keep, add)


@lru_cache(maxsize=512)
def text_mask(words: str, height_px: int) -> U8:
    """Coverage of a line of ASCII text: uint8 [h, w]; capitals are height_px high, descenders reach below."""
    font, scale = cv2.FONT_HERSHEY_DUPLEX, _OVERSAMPLE * height_px / 21  # capitals of this font are 21 units high
    weight = max(1, round(2.3 * scale))
    (width, height), below = cv2.getTextSize(words, font, scale, weight)
    rows = -(-(height + below) // _OVERSAMPLE) + 1
    columns = -(-(width + weight) // _OVERSAMPLE) + 1
    large = np.zeros((rows * _OVERSAMPLE, columns * _OVERSAMPLE), np.uint8)
    cv2.putText(large, words, (weight // 2, height), font, scale, 255, weight, cv2.LINE_AA)
    mask: U8 = cv2.resize(large, (columns, rows), interpolation=cv2.INTER_AREA)
    mask.flags.writeable = False
    return mask


def chroma_coverage(alpha: U8, origin: tuple[int, int]) -> U8:
    """Mean of each chroma sample's four luma pixels; those outside the mask count as not covered."""
    left, top = origin[0] % 2, origin[1] % 2
    bottom, right = (alpha.shape[0] + top) % 2, (alpha.shape[1] + left) % 2
    whole = alpha
    if left or top or bottom or right:
        whole = cv2.copyMakeBorder(alpha, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    return cv2.resize(whole, (whole.shape[1] // 2, whole.shape[0] // 2), interpolation=cv2.INTER_AREA)


def blend(region: U8, alpha: U8, content: U8) -> None:
    """Lay content over a region of a plane, all uint8 [h, w]: alpha 0 keeps the region, 255 takes the content."""
    _change(region, cv2.bitwise_not(alpha), cv2.multiply(content, alpha, scale=1 / 255))


def _change(region: U8, keep: U8, add: U8) -> None:
    cv2.multiply(region, keep, region, scale=1 / 255)
    cv2.add(region, add, region)
