"""What an extraction looks like on its frame: tints by class, outlines, labels, trails.

Active objects are tinted, outlined and named; tentative ones get a thin outline; lost ones a dim dashed box.
"""

from math import floor

from streamseg.config_output import VideoConfig
from streamseg.records import Extraction, Planes, Track
from streamseg.sinks.canvas import Canvas
from streamseg.sinks.names import draw_names
from streamseg.sinks.soft_shapes import of_box, of_mask
from streamseg.sinks.style import Style, active_ramp, dashes, tentative_ramp, trail_ramp
from streamseg.sinks.trails import Trails

_SHORT = 0.15
"""Of an object's height: a trail that goes no further is the trembling of one who stands."""


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
        for track in far_to_near if self.config.masks or self.config.outlines else ():
            self._draw_shape(canvas, track, style, frame.size_hw)
        if self.config.labels:
            near_to_far = [track for track in reversed(far_to_near) if track.state == "active"]
            draw_names(canvas, near_to_far, style, frame.size_hw)

    def _draw_trail(self, canvas: Canvas, track: Track, style: Style, pts_ns: int) -> None:
        if track.state == "tentative":
            return
        trail = self.trails.of(track.id, pts_ns, _SHORT * (track.box[3] - track.box[1]))
        if trail is not None:
            strength = 1.0 if track.state == "active" else 0.5
            coverage, origin = trail.drawn(canvas.planes.size_hw, round(1.5 * style.line_px), strength)
            canvas.paint(coverage, origin, trail_ramp(track.label, canvas.color))

    def _draw_shape(self, canvas: Canvas, track: Track, style: Style, size_hw: tuple[int, int]) -> None:
        line, active = self.config.outlines, track.state == "active"
        if track.state == "lost":
            if line:
                _draw_dashed(canvas, track, style)
            return
        shape = None if track.mask is None else of_mask(track.mask, size_hw, style.spread_px)
        tint = self.config.masks and active and shape is not None
        if line or tint:
            level, origin = shape or of_box(track.box, size_hw, style.spread_px)
            looks = track.label, style, canvas.color
            canvas.paint(level, origin, active_ramp(*looks, tint=tint, line=line) if active else tentative_ramp(*looks))


def _draw_dashed(canvas: Canvas, track: Track, style: Style) -> None:
    """The four sides of a box, each dashed from its upper or left end on."""
    height, width = canvas.planes.size_hw
    flat, upright = dashes(track.label, 2 * (max(height, width) // 2 + 20), style, canvas.color)
    thick = flat.keep_y.shape[0]
    left, right = (2 * floor((min(max(x, -8), width + 8) - thick / 2) / 2) for x in (track.box[0], track.box[2]))
    top, bottom = (2 * floor((min(max(y, -8), height + 8) - thick / 2) / 2) for y in (track.box[1], track.box[3]))
    if right - left < thick or bottom - top < thick:
        return
    line = flat.cut(slice(0, thick), slice(0, right + thick - left))
    for y in (top, bottom):
        canvas.stamp(line, (left, y))
    line = upright.cut(slice(thick, bottom - top), slice(0, thick))
    for x in (left, right):
        canvas.stamp(line, (x, top + thick))
