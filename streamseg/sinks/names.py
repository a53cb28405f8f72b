"""Name plates: what they say, where they stand, and how they look.

A plate is put together from two halves, which are drawn once: what an object is called, and how sure that is.
"""

import math
from functools import lru_cache

import numpy as np

from streamseg.geometry import Box
from streamseg.records import Color, Track
from streamseg.sinks.canvas import Canvas, text_mask
from streamseg.sinks.palette import class_rgb
from streamseg.sinks.stamps import F64, U8, Layer, Stamp
from streamseg.sinks.style import INK, PAPER, Style

_SMALL_TEXTS = 8
"""Objects lower than so many lines of text are small."""
_SURENESS = 0.65
"""Opacity of the second half's letters."""


def draw_names(canvas: Canvas, tracks: list[Track], style: Style, size_hw: tuple[int, int]) -> None:
    """Plates of the first ones given first, each where it hides no other plate if there is such a place."""
    taken: list[Box] = []
    for track in tracks:
        halves = _plate(track, style, canvas.color)
        width, height = sum(half.keep_y.shape[1] for half in halves), halves[0].keep_y.shape[0]
        plate = _place(track.box, (width, height), size_hw, taken)
        taken.append(plate)
        x, y = int(plate[0]), int(plate[1])
        for half in halves:
            canvas.stamp(half, (x, y))
            x += half.keep_y.shape[1]


def _plate(track: Track, style: Style, color: Color) -> tuple[Stamp, ...]:
    """Of a small object only its id: the colour tells its class, and a long plate hides more."""
    if track.box[3] - track.box[1] < _SMALL_TEXTS * style.text_px:
        return (_name(str(track.id), track.label, style, color, True),)
    name = _name(f"{track.label} {track.id}", track.label, style, color, False)
    return name, _sureness(f"{track.score:.2f}", style, color)


@lru_cache(maxsize=512)
def _name(words: str, label: str, style: Style, color: Color, ends: bool) -> Stamp:
    """A bar in the colour of the class, and a name; the plate ends with it or goes on."""
    text = text_mask(words, style.text_px)
    pad, bar = _pad(style), max(2, round(0.3 * style.text_px))
    height, width = _height(style), _evenly(bar + pad + text.shape[1] + (pad if ends else 0))
    plate = _rounded((height, width), 0.3 * style.text_px, begins=True, ends=ends)
    left = np.arange(width) < bar
    letters = np.zeros((height, width))
    _write(letters, text, bar + pad, style)
    return Stamp.of(
        [
            Layer(plate * ~left, INK, 0.75),
            Layer(plate * left, class_rgb(label)),
            Layer(letters, PAPER),
        ],
        color,
    )


@lru_cache(maxsize=512)
def _sureness(words: str, style: Style, color: Color) -> Stamp:
    """The rest of a plate, with a number in it."""
    text, gap = text_mask(words, style.text_px), round(0.5 * style.text_px)
    height, width = _height(style), _evenly(gap + text.shape[1] + _pad(style))
    plate = _rounded((height, width), 0.3 * style.text_px, begins=False, ends=True)
    letters = np.zeros((height, width))
    _write(letters, text, gap, style)
    return Stamp.of([Layer(plate, INK, 0.75), Layer(letters, PAPER, _SURENESS)], color)


def _rounded(size_hw: tuple[int, int], radius_px: float, *, begins: bool, ends: bool) -> F64:
    """Coverage 0..1 of a plate whose left and right corners are rounded where it begins and ends."""
    y, x = (np.arange(side) + 0.5 for side in size_hw)
    into_y = np.maximum(radius_px - np.minimum(y, size_hw[0] - y), 0)
    edges = [edge for edge, there in ((x, begins), (size_hw[1] - x, ends)) if there]
    into_x = np.maximum(radius_px - np.min(edges, axis=0), 0)
    return np.clip(radius_px - np.hypot(into_y[:, None], into_x) + 0.5, 0, 1)


def _write(letters: F64, text: U8, x: int, style: Style) -> None:
    pad = _pad(style)
    below = letters[pad : pad + text.shape[0], x : x + text.shape[1]]
    below[...] = text[: below.shape[0]] / 255


def _pad(style: Style) -> int:
    return round(0.55 * style.text_px)


def _height(style: Style) -> int:
    return _evenly(style.text_px + 2 * _pad(style))


def _evenly(size: int) -> int:
    return size + size % 2


def _place(box: Box, size: tuple[int, int], size_hw: tuple[int, int], taken: list[Box]) -> Box:
    """A plate over, in, under or beside the box: where it hides least of names and object."""
    width, height = size
    middle, gap = (box[0] + box[2] - width) / 2, 3
    rows = (box[1] - height - gap, box[1] + gap, box[3] + gap, (box[1] + box[3] - height) / 2)
    columns = (middle, box[2] + gap, box[0] - width - gap)
    own, room = (box[2] - box[0]) * (box[3] - box[1]), width * height

    def hidden(plate: Box) -> float:
        names = sum(_overlap(plate, other) for other in taken) / room
        return names + max(0.0, _overlap(plate, box) / max(own, 1.0) - 0.1)

    best, least = box, math.inf
    for plate in (_inside((x, y), size, size_hw) for x in columns for y in rows):
        if (now := hidden(plate)) < least:
            best, least = plate, now
        if not least:
            break  # nowhere is better, and most find such a place at once
    return best


def _inside(corner: tuple[float, float], size: tuple[int, int], size_hw: tuple[int, int]) -> Box:
    """Even numbers, where chroma samples begin."""
    x0 = 2.0 * (min(max(0, round(corner[0])), max(0, size_hw[1] - size[0])) // 2)
    y0 = 2.0 * (min(max(0, round(corner[1])), max(0, size_hw[0] - size[1])) // 2)
    return x0, y0, x0 + size[0], y0 + size[1]


def _overlap(a: Box, b: Box) -> float:
    """Shared area in square pixels."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0
