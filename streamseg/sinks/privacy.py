"""A sink in, the same sink out, which sees objects of some classes only as they must be shown: unrecognisable.

What hides them has no memory: a frame's tracks are all it needs, so a successor and `streamseg render` hide the same.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Self

import numpy as np

from streamseg.config import Config, StreamConfig
from streamseg.pixels import crop_rgb
from streamseg.records import Cutout, Extraction, Frame, Planes, StreamInfo, Track
from streamseg.sinks.canvas import Canvas
from streamseg.sinks.obscure import Look, obscure
from streamseg.sinks.palette import class_rgb
from streamseg.sinks.silhouettes import Silhouette, is_one_of, silhouette
from streamseg.stages import Leaving, Sink

log = logging.getLogger(__name__)

_WITHOUT_PIXELS = ("objects", "events", "publish", "mqtt", "webhook")


class Privacy:
    """Hides objects of some classes in extractions: their tracks keep their places, their pixels are destroyed.

    Args:
        look: what is left of them.
        classes: theirs; None: all.
    """

    def __init__(self, look: Look, classes: Collection[str] | None):
        self._look, self._classes = look, classes
        self.note = f"privacy: {look} of {'all objects' if classes is None else ', '.join(sorted(classes))}"

    @classmethod
    def of(cls, config: Config, stream: StreamConfig) -> Self | None:
        """What the configuration asks for; None: nothing is hidden."""
        look, classes = config.video.privacy, config.video.privacy_classes
        if look == "none":
            return None
        return cls(look, config.classes_of(stream) if classes is None else classes)

    def obscured(self, extraction: Extraction) -> Extraction:
        """All objects, those to be hidden without their looks."""
        frame, hidden = extraction.frame, self._hidden(extraction)
        if not hidden:
            return extraction
        areas = self._areas(hidden, frame)
        shown = replace(frame, planes=self._painted(frame, areas), notes=(*frame.notes, self.note))
        others = [cutout for cutout in extraction.cutouts if cutout.track.id not in {track.id for track in hidden}]
        return replace(extraction, frame=shown, cutouts=tuple(_patched(cutout, shown, areas) for cutout in others))

    def without(self, extraction: Extraction) -> Extraction:
        """The other objects alone; where one to be hidden shows beside or before them, it has no looks."""
        hidden = {track.id for track in self._hidden(extraction)}
        others = tuple(track for track in extraction.tracks if track.id not in hidden)
        if not others:
            return replace(extraction, tracks=(), cutouts=())
        return replace(self.obscured(extraction), tracks=others)

    def _hidden(self, extraction: Extraction) -> list[Track]:
        return [track for track in extraction.tracks if is_one_of(track, self._classes)]

    def _areas(self, tracks: list[Track], frame: Frame) -> list[tuple[Track, Silhouette]]:
        areas = ((track, silhouette(track, frame.size_hw)) for track in tracks)
        return [(track, area) for track, area in areas if area is not None]

    def _painted(self, frame: Frame, areas: list[tuple[Track, Silhouette]]) -> Planes:
        before = frame.planes
        canvas = Canvas(Planes(before.y.copy(), before.u.copy(), before.v.copy()), frame.color)
        for track, area in sorted(areas, key=lambda pair: pair[0].box[3]):
            obscure(canvas, before, area, look=self._look, rgb=class_rgb(track.label))
        return canvas.planes


def hiding(sink: Sink, config: Config, stream: StreamConfig) -> Sink:
    """A stream's sink, hiding what the configuration hides; one that keeps no pixels is left as it is."""
    privacy = Privacy.of(config, stream)
    if privacy is None or sink.name in _WITHOUT_PIXELS:
        return sink
    if sink.name in ("cutouts", "clips"):
        log.info("stream=%s sink=%s leaves out what is hidden: %s", stream.name, sink.name, privacy.note)
        return Private(sink, privacy.without)
    return Private(sink, privacy.obscured)


class Private:
    """Another sink, which gets every extraction changed.

    Args:
        sink: the other one.
        change: what it is to see of an extraction.
    """

    def __init__(self, sink: Sink, change: Callable[[Extraction], Extraction]):
        self.name = sink.name
        self._sink, self._change = sink, change

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        return self._sink.open(info, position)

    def write(self, extraction: Extraction) -> bool:
        return self._sink.write(self._change(extraction))

    def settle(self) -> bytes:
        return self._sink.settle()

    def leave(self) -> None:
        if isinstance(self._sink, Leaving):
            self._sink.leave()

    def close(self) -> None:
        self._sink.close()


def _patched(cutout: Cutout, shown: Frame, areas: list[tuple[Track, Silhouette]]) -> Cutout:
    """A cut-out with the shown frame's colours wherever a hidden object is, under whatever alpha."""
    left, top = cutout.offset
    height, width = cutout.rgba.shape[:2]
    rgba = cutout.rgba
    for _, area in areas:
        x0, y0, x1, y1 = area.crop
        x0, y0, x1, y1 = max(x0, left), max(y0, top), min(x1, left + width), min(y1, top + height)
        if x0 >= x1 or y0 >= y1:
            continue
        if rgba is cutout.rgba:
            rgba = cutout.rgba.copy()
        covered = area.coverage[y0 - area.origin[1] : y1 - area.origin[1], x0 - area.origin[0] : x1 - area.origin[0]]
        part = rgba[y0 - top : y1 - top, x0 - left : x1 - left, :3]
        np.copyto(part, crop_rgb(shown, (x0, y0, x1, y1)), where=covered[:, :, None] > 0)
    return cutout if rgba is cutout.rgba else replace(cutout, rgba=rgba)
