"""What an extraction looks like on its frame: tints by class, outlines, labels, trails.

Active objects are tinted, outlined and named; tentative ones get a thin outline; lost ones a dim dashed box.
"""

import math
from dataclasses import dataclass

import numpy as np

from streamseg.config_output import VideoConfig
from streamseg.geometry import cover
from streamseg.records import Extraction, Planes, Track
from streamseg.sinks.canvas import F64, Canvas, Rgb, rounded_box, text_mask
from streamseg.sinks.outlines import dashes, mask_outlines
from streamseg.sinks.palette import class_rgb
from streamseg.sinks.trails import Trails

Box = tuple[float, float, float, float]

_INK: Rgb = (16, 18, 22)
_PAPER: Rgb = (250, 250, 248)
_SMALL_TEXTS = 8
"""Objects lower than so many lines of text are small."""
_SHORT = 0.15
"""Of an object's height: a trail that goes no further is the trembling of one who stands."""


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


class Annotator:
    """Draws extractions of one stream; its state is the trails.

    Args:
        config: what is drawn (masks, outlines, labels, trail_s).
    """

    def __init__(self, config: VideoConfig):
        self.config = config
        self.trails = Trails(config.trail_s)

    def draw(self, planes: Planes, extraction: Extraction) -> None:
        """Paint on planes, a copy of the frame's own (they may be wider or higher by a pixel of padding)."""
        frame = extraction.frame
        self.trails.update(extraction.tracks, frame.pts_ns)
        canvas, style = Canvas(planes, frame.color), Style.of(frame.size_hw[0])
        far_to_near = sorted(extraction.tracks, key=lambda track: track.box[3])
        for track in far_to_near:
            self._draw_trail(canvas, track, style, frame.pts_ns)
        for track in far_to_near:
            self._draw_shape(canvas, track, style, frame.size_hw)
        if self.config.labels:
            _draw_labels(canvas, [t for t in far_to_near if t.state == "active"], style, frame.size_hw)

    def _draw_trail(self, canvas: Canvas, track: Track, style: Style, pts_ns: int) -> None:
        trail = self.trails.of(track.id, pts_ns) if track.state != "tentative" else None
        if trail is None or float(np.ptp(trail.points, axis=0).max()) < _SHORT * (track.box[3] - track.box[1]):
            return
        strength = 1.0 if track.state == "active" else 0.5
        casing, width = 0.35 * strength, round(1.5 * style.line_px)
        canvas.fading(trail.points, trail.freshness, _INK, width_px=width + 2, opacity=casing)
        rgb = class_rgb(track.label)
        canvas.fading(trail.points, trail.freshness, rgb, width_px=width, opacity=0.9 * strength)

    def _draw_shape(self, canvas: Canvas, track: Track, style: Style, size_hw: tuple[int, int]) -> None:
        crop = cover(track.box, size_hw)
        if track.state == "lost":
            if self.config.outlines:
                _draw_lost(canvas, track, style)
        elif crop[0] < crop[2] and crop[1] < crop[3]:
            alpha = None if track.mask is None else track.mask.on(crop)
            if self.config.masks and alpha is not None and track.state == "active":
                canvas.paint(alpha, crop[:2], class_rgb(track.label), opacity=0.45, luma=0.4)
            if self.config.outlines:
                outline = [] if alpha is None else mask_outlines(alpha, crop[:2])
                _draw_outline(canvas, track, outline or [_around(track.box)], style)


def _draw_lost(canvas: Canvas, track: Track, style: Style) -> None:
    lines = dashes(rounded_box(track.box, 2 * style.line_px), 4.0 * style.line_px)
    thin_px = (style.line_px + 1) // 2
    canvas.stroke(lines, _INK, width_px=thin_px + 2, opacity=0.25)
    canvas.stroke(lines, class_rgb(track.label), width_px=thin_px, opacity=0.6)


def _draw_outline(canvas: Canvas, track: Track, outline: list[F64], style: Style) -> None:
    rgb = class_rgb(track.label)
    if track.state == "tentative":
        canvas.outline(outline, rgb, width_px=(style.line_px + 1) // 2, opacity=0.6)
        return
    canvas.outline(outline, _INK, width_px=style.line_px + 2, opacity=0.4)
    canvas.outline(outline, _lighter(rgb), width_px=style.line_px)


def _around(box: Box) -> F64:
    """The outline of an object that has no mask."""
    return rounded_box(box, 0.06 * min(box[2] - box[0], box[3] - box[1]))


def _lighter(rgb: Rgb) -> Rgb:
    """A line needs more light than an area to show the same colour."""
    red, green, blue = (round(value + 0.25 * (255 - value)) for value in rgb)
    return red, green, blue


def _draw_labels(canvas: Canvas, tracks: list[Track], style: Style, size_hw: tuple[int, int]) -> None:
    """Name plates, the nearest object's first, each where it hides no other plate if there is such a place."""
    taken: list[Box] = []
    pad, gap, bar = round(0.55 * style.text_px), round(0.5 * style.text_px), max(2, round(0.3 * style.text_px))
    for track in reversed(tracks):
        words = [text_mask(word, style.text_px) for word in _words(track, style)]
        width = bar + pad + sum(word.shape[1] for word in words) + gap * (len(words) - 1) + pad
        plate = _place(track.box, (width, style.text_px + 2 * pad), size_hw, taken)
        taken.append(plate)
        left, top = int(plate[0]) + bar, int(plate[1])
        shape = rounded_box(plate, 0.3 * style.text_px)
        canvas.fill(np.maximum(shape, (left, 0)), _INK, opacity=0.75)
        canvas.fill(np.minimum(shape, (left, np.inf)), class_rgb(track.label))
        x = left + pad
        for word, opacity in zip(words, (1.0, 0.65), strict=False):
            canvas.paint(word, (x, top + pad), _PAPER, opacity=opacity)
            x += word.shape[1] + gap


def _words(track: Track, style: Style) -> tuple[str, ...]:
    """What a plate says; of a small object only its id: the colour tells its class, and a long plate hides more."""
    if track.box[3] - track.box[1] < _SMALL_TEXTS * style.text_px:
        return (str(track.id),)
    return f"{track.label} {track.id}", f"{track.score:.2f}"


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
    x0 = float(min(max(0, round(corner[0])), max(0, size_hw[1] - size[0])))
    y0 = float(min(max(0, round(corner[1])), max(0, size_hw[0] - size[1])))
    return x0, y0, x0 + size[0], y0 + size[1]


def _overlap(a: Box, b: Box) -> float:
    """Shared area in square pixels."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
