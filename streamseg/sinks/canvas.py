"""Drawing on YUV 4:2:0 planes in place: every shape becomes a coverage mask, and one blend lays it on all three planes.

Coordinates are frame pixels, float, (0, 0) the outer corner of the first pixel. What lies outside the frame is clipped.
Chroma takes the mean coverage of its four luma pixels.
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.pixels import rgb_value_to_yuv
from streamseg.records import Color, Planes

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
Rgb = tuple[int, int, int]

_SHIFT = 4  # cv2 takes points as fixed-point numbers: 1/16 pixel
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

    def paint(
        self, coverage: U8, origin: tuple[int, int], rgb: Rgb, *, opacity: float = 1.0, luma: float = 1.0
    ) -> None:
        """Blend one colour through a mask.

        Args:
            coverage: uint8 [h, w], 0 keeps the pixel, 255 takes the colour.
            origin: x, y of the mask's first pixel in the frame; may be negative.
            rgb: the colour, 0..255.
            opacity: 0..1, scales the mask.
            luma: 0..1, scales it once more on Y only: below 1 the picture's texture shows through the hue.
        """
        x0, y0 = max(0, origin[0]), max(0, origin[1])
        inside = coverage[y0 - origin[1] :, x0 - origin[0] :]
        height, width = self.planes.size_hw
        inside = inside[: max(0, height - y0), : max(0, width - x0)]
        if inside.size == 0:
            return
        y, u, v = rgb_value_to_yuv(rgb, self.color)
        alpha = _scaled(inside, opacity)
        end_y, end_x = y0 + inside.shape[0], x0 + inside.shape[1]
        _tint(self.planes.y[y0:end_y, x0:end_x], _scaled(alpha, luma), y)
        half = slice(y0 // 2, (end_y + 1) // 2), slice(x0 // 2, (end_x + 1) // 2)
        quarter = chroma_coverage(alpha, (x0, y0))
        _tint(self.planes.u[half], quarter, u)
        _tint(self.planes.v[half], quarter, v)

    def stroke(self, lines: list[F64], rgb: Rgb, *, width_px: int, opacity: float = 1.0) -> None:
        """Open anti-aliased lines [N, 2] (x, y), all of one width."""
        lines = [line for line in lines if len(line)]
        if not lines:
            return
        area = self._area(np.concatenate(lines), width_px)
        coverage = _blank(area)
        cv2.polylines(coverage, [_fixed(line, area) for line in lines], False, 255, width_px, cv2.LINE_AA, _SHIFT)
        self.paint(coverage, area[:2], rgb, opacity=opacity)

    def outline(self, shapes: list[F64], rgb: Rgb, *, width_px: int, opacity: float = 1.0) -> None:
        """The rims of closed shapes [N, 2], of the same strength all along; none where the frame cuts them off."""
        shapes = [shape for shape in shapes if len(shape)]
        if not shapes:
            return
        area = self._area(np.concatenate(shapes), width_px)
        inside = _blank(area)
        if inside.size == 0:
            return
        for shape in shapes:
            cv2.fillPoly(inside, [_fixed(shape, area)], 255, cv2.LINE_AA, _SHIFT)
        rim = cv2.subtract(cv2.dilate(inside, _round(width_px // 2)), cv2.erode(inside, _round((width_px + 1) // 2)))
        self.paint(rim, area[:2], rgb, opacity=opacity)

    def fading(self, line: F64, freshness: F64, rgb: Rgb, *, width_px: int, opacity: float = 1.0) -> None:
        """A line [N, 2] that thins and fades: freshness [N - 1] in 0..1 is each segment's strength."""
        if len(line) < 2:
            return
        area = self._area(line, width_px)
        coverage, points = _blank(area), _fixed(line, area)
        for start, end, share in zip(points[:-1], points[1:], freshness, strict=True):
            width = max(1, round(width_px * float(share)))
            cv2.line(coverage, start.tolist(), end.tolist(), float(255 * share), width, cv2.LINE_AA, _SHIFT)
        self.paint(coverage, area[:2], rgb, opacity=opacity)

    def fill(self, shape: F64, rgb: Rgb, *, opacity: float = 1.0) -> None:
        """A filled polygon [N, 2] with anti-aliased edges."""
        area = self._area(shape, 1)
        coverage = _blank(area)
        cv2.fillPoly(coverage, [_fixed(shape, area)], 255, cv2.LINE_AA, _SHIFT)
        self.paint(coverage, area[:2], rgb, opacity=opacity)

    def text(self, words: str, origin: tuple[int, int], rgb: Rgb, *, height_px: int, opacity: float = 1.0) -> None:
        """ASCII text whose box (as text_mask gives it) begins at origin (x, y); capitals are height_px high."""
        self.paint(text_mask(words, height_px), origin, rgb, opacity=opacity)

    def _area(self, points: F64, width_px: int) -> tuple[int, int, int, int]:
        """Whole pixels x0, y0, x1, y1 inside the frame that lines through points may touch."""
        reach = width_px / 2 + 2
        low, high = np.floor(points.min(axis=0) - reach), np.ceil(points.max(axis=0) + reach)
        height, width = self.planes.size_hw
        x0, y0 = int(np.clip(low[0], 0, width)), int(np.clip(low[1], 0, height))
        return x0, y0, max(x0, int(min(high[0], width))), max(y0, int(min(high[1], height)))


def rounded_box(box: tuple[float, float, float, float], radius_px: float) -> F64:
    """Corner points [N, 2] of box (x0, y0, x1, y1) with rounded corners, clockwise from the lower right."""
    x0, y0, x1, y1 = box
    radius = max(0.0, min(radius_px, (x1 - x0) / 2, (y1 - y0) / 2))
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False).reshape(4, 6)
    turn = np.concatenate([turn, turn[:, :1] + np.pi / 2], axis=1)  # each corner ends where the next side begins
    center_x = np.array([x1 - radius, x0 + radius, x0 + radius, x1 - radius])[:, None]
    center_y = np.array([y1 - radius, y1 - radius, y0 + radius, y0 + radius])[:, None]
    return np.stack([center_x + radius * np.cos(turn), center_y + radius * np.sin(turn)], axis=-1).reshape(-1, 2)


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
    whole = cv2.copyMakeBorder(alpha, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    return cv2.resize(whole, (whole.shape[1] // 2, whole.shape[0] // 2), interpolation=cv2.INTER_AREA)


def _round(radius_px: int) -> U8:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))


def blend(region: U8, alpha: U8, content: U8) -> None:
    """Lay content over a region of a plane, all uint8 [h, w]: alpha 0 keeps the region, 255 takes the content."""
    kept = cv2.multiply(region, cv2.bitwise_not(alpha), scale=1 / 255)
    region[...] = cv2.add(kept, cv2.multiply(content, alpha, scale=1 / 255)).reshape(region.shape)


def _tint(region: U8, alpha: U8, value: int) -> None:
    kept = cv2.multiply(region, cv2.bitwise_not(alpha), scale=1 / 255)
    region[...] = cv2.add(kept, cv2.LUT(alpha, _ramp(value))).reshape(region.shape)


@lru_cache(maxsize=256)
def _ramp(value: int) -> U8:
    """What alpha 0..255 gives of one value."""
    return np.rint(np.arange(256) * (value / 255)).astype(np.uint8)


def _scaled(alpha: U8, share: float) -> U8:
    return alpha if share >= 1 else cv2.convertScaleAbs(alpha, alpha=share)


def _blank(area: tuple[int, int, int, int]) -> U8:
    return np.zeros((area[3] - area[1], area[2] - area[0]), np.uint8)


def _fixed(points: F64, area: tuple[int, int, int, int]) -> npt.NDArray[np.int32]:
    """Points in cv2's fixed-point numbers, whose (0, 0) is the middle of the first pixel of area."""
    local = (points - 0.5 - np.array(area[:2])) * (1 << _SHIFT)
    return np.rint(np.clip(local, -(1 << 24), 1 << 24)).astype(np.int32)
