"""Sizes and colours of what is drawn, as ramps and stamps that are made once for each class and size of picture."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np

from streamseg.records import Color
from streamseg.sinks.palette import class_rgb
from streamseg.sinks.soft_shapes import distances, spread_for
from streamseg.sinks.stamps import F64, Layer, Ramp, Rgb, Stamp

INK: Rgb = (16, 18, 22)
PAPER: Rgb = (250, 250, 248)
_TINT, _TINT_LUMA = 0.45, 0.4
_CASING = 0.4
_DIM = 0.6


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes in pixels for a frame of some height.

    They grow with the height to the power of 4/5: large pictures are mostly shown smaller, but not only.
    """

    line_px: int
    text_px: int

    @classmethod
    def of(cls, height_px: int) -> "Style":
        """Sizes for a frame of this height."""
        growth = height_px**0.8
        return cls(line_px=max(1, round(growth / 68)), text_px=max(7, round(growth * 0.064)))

    @property
    def thin_px(self) -> int:
        """Width of the lines of what is not active."""
        return (self.line_px + 1) // 2

    @property
    def spread_px(self) -> int:
        """Over how many pixels the edges of shapes are spread: half a line, its casing, half a chroma sample."""
        return spread_for(self.line_px / 2 + 2)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is drawn of a shape: a line along its edge, half_px to either side, or, where that is None, its area."""

    half_px: float | None
    rgb: Rgb
    opacity: float
    luma: float = 1.0


@lru_cache(maxsize=256)
def active_ramp(label: str, style: Style, color: Color, *, tint: bool, line: bool) -> Ramp:
    """An area in the colour of its class, through which the picture shows, and a cased line around it."""
    rgb, parts = class_rgb(label), list[_Part]()
    if tint:
        parts.append(_Part(None, rgb, _TINT, _TINT_LUMA))
    if line:
        parts.append(_Part(style.line_px / 2 + 1, INK, _CASING))
        parts.append(_Part(style.line_px / 2, _lighter(rgb), 1))
    return _ramp(parts, style, color)


@lru_cache(maxsize=64)
def tentative_ramp(label: str, style: Style, color: Color) -> Ramp:
    """A thin line."""
    return _ramp([_Part(style.thin_px / 2, class_rgb(label), _DIM)], style, color)


def _ramp(parts: list[_Part], style: Style, color: Color) -> Ramp:
    """Parts of a shape, the lowest first."""
    to_edge = distances(style.spread_px)

    def laid(sample_px: float) -> list[Layer]:
        shares = [
            _area(to_edge, sample_px) if part.half_px is None else _line(to_edge, part.half_px, sample_px)
            for part in parts
        ]
        return [Layer(share, p.rgb, p.opacity, p.luma) for share, p in zip(shares, parts, strict=True)]

    return Ramp.of(laid(1.0), laid(2.0), color)


def _area(to_edge: F64, sample_px: float) -> F64:
    """How much of a sample lies inside, by its distance from the edge."""
    return np.clip(to_edge / sample_px + 0.5, 0, 1)


def _line(to_edge: F64, half_px: float, sample_px: float) -> F64:
    """How much of a sample lies nearer to the edge than half_px; where it is out of sight, nothing."""
    covered = np.clip((half_px - np.abs(to_edge)) / sample_px + 0.5, 0, 1)
    covered[[0, -1]] = 0
    return covered


@lru_cache(maxsize=64)
def trail_ramp(label: str, color: Color) -> Ramp:
    """A level is a coverage: a trail fades as it is drawn."""
    return Ramp.solid(class_rgb(label), color, opacity=0.9)


@lru_cache(maxsize=64)
def dashes(label: str, length_px: int, style: Style, color: Color) -> tuple[Stamp, Stamp]:
    """Thin dim dashes with a casing, along x and along y: uint8 [thick, length_px] and turned, both even."""
    width_px = style.thin_px + 0.5
    thick = 2 * ceil(width_px / 2 + 1)
    along = np.arange(length_px) + 0.5
    dash_px = 4.0 * style.line_px
    to_dash = np.abs((along + dash_px / 2) % (2 * dash_px) - dash_px) - dash_px / 2
    across = np.abs(np.arange(thick) + 0.5 - thick / 2)

    def stroke(wide_px: float, longer_px: float) -> F64:
        beside = np.clip(wide_px / 2 - across + 0.5, 0, 1)
        return beside[:, None] * np.clip(longer_px - to_dash + 0.5, 0, 1)

    casing, line = stroke(width_px + 2, 1), stroke(width_px, 0)

    def stamp(turned: bool) -> Stamp:
        shapes = (casing.T, line.T) if turned else (casing, line)
        return Stamp.of([Layer(shapes[0], INK, 0.25), Layer(shapes[1], class_rgb(label), _DIM)], color)

    return stamp(False), stamp(True)


def _lighter(rgb: Rgb) -> Rgb:
    """A line needs more light than an area to show the same colour."""
    red, green, blue = (round(value + 0.25 * (255 - value)) for value in rgb)
    return red, green, blue
