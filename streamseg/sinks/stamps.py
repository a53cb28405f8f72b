"""What a drawing does to planes, as numbers: how much of the picture stays, and what is added to it.

Layers of colour are laid over each other once, when a stamp or a ramp is made, in float; on a picture it costs a
multiplication and an addition, however many layers there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.pixels import rgb_value_to_yuv
from streamseg.records import Color

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Layer:
    """A colour (0..255) laid through a coverage of any shape, 0..1, times opacity.

    luma: 0..1, scales opacity once more on Y only: below 1 the picture's texture shows through the hue.
    """

    coverage: F64
    rgb: Rgb
    opacity: float = 1.0
    luma: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """Each number of a plane becomes number * keep / 255 + add.

    keep_y, add_y: uint8 [h, w], keep, add_u, add_v: uint8 [ceil(h / 2), ceil(w / 2)], keep being that of both.
    """

    keep_y: U8
    add_y: U8
    keep: U8
    add_u: U8
    add_v: U8

    @classmethod
    def of(cls, layers: Sequence[Layer], color: Color) -> "Stamp":
        """Layers, the lowest first, whose coverages are all [h, w], both even; chroma is the mean of four pixels."""
        luma, chroma = _luma_of(layers, color), _chroma_of(layers, color)
        return cls(*map(_u8, luma), *(_u8(_halved(plane)) for plane in chroma))

    def cut(self, rows: slice, columns: slice) -> "Stamp":
        """A part of it, from even numbers on."""
        half = _half(rows), _half(columns)
        luma = (plane[rows, columns] for plane in (self.keep_y, self.add_y))
        return Stamp(*luma, *(plane[half] for plane in (self.keep, self.add_u, self.add_v)))


@dataclass(frozen=True, slots=True, eq=False)
class Ramp:
    """What each level 0..255 of a soft shape does to a plane: tables uint8 [256], as a stamp's arrays."""

    keep_y: U8
    add_y: U8
    keep: U8
    add_u: U8
    add_v: U8

    @classmethod
    def of(cls, luma: Sequence[Layer], chroma: Sequence[Layer], color: Color) -> "Ramp":
        """Layers, the lowest first, whose coverages [256] say how much of a pixel, or of its chroma, has a level."""
        return cls(*map(_u8, (*_luma_of(luma, color), *_chroma_of(chroma, color))))

    @classmethod
    @lru_cache(maxsize=256)
    def solid(cls, rgb: Rgb, color: Color, *, opacity: float = 1.0) -> "Ramp":
        """A level is a coverage: 0 keeps the pixel, 255 takes the colour as far as opacity (0..1) says."""
        layer = [Layer(np.linspace(0, 1, 256), rgb, opacity)]
        return cls.of(layer, layer, color)

    def on(self, level: U8, half: U8) -> Stamp:
        """The stamp of a shape: its levels uint8 [h, w], and their means at the chroma samples."""
        luma = cv2.LUT(level, self.keep_y), cv2.LUT(level, self.add_y)
        return Stamp(*luma, *(cv2.LUT(half, table) for table in (self.keep, self.add_u, self.add_v)))


def _luma_of(layers: Sequence[Layer], color: Color) -> list[F64]:
    """What stays of Y, and what is added to it."""
    return _laid([(layer.coverage, layer.opacity * layer.luma, _yuv(layer, color)[:1]) for layer in layers])


def _chroma_of(layers: Sequence[Layer], color: Color) -> list[F64]:
    """What stays of U and V, and what is added to each."""
    return _laid([(layer.coverage, layer.opacity, _yuv(layer, color)[1:]) for layer in layers])


def _laid(layers: Sequence[tuple[F64, float, tuple[int, ...]]]) -> list[F64]:
    """What remains of the picture, 0..255, and what covers it, for each of the layers' numbers."""
    keep, added = np.ones_like(layers[0][0]), [np.zeros_like(layers[0][0]) for _ in layers[0][2]]
    for coverage, opacity, values in layers:
        share = coverage * opacity
        keep = keep * (1 - share)
        added = [below * (1 - share) + value * share for below, value in zip(added, values, strict=True)]
    return [255 * keep, *added]


def _yuv(layer: Layer, color: Color) -> tuple[int, int, int]:
    return rgb_value_to_yuv(layer.rgb, color)


def _u8(numbers: F64) -> U8:
    return np.rint(numbers).astype(np.uint8)


def _halved(plane: F64) -> F64:
    height, width = plane.shape
    return plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


def _half(span: slice) -> slice:
    return slice(span.start // 2, (span.stop + 1) // 2)
