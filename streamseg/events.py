"""What happens to tracked objects: they appear and end, enter and leave zones, stay in them, cross lines.

An object is where it stands: the middle of its box's lower edge. It has changed sides only once it is clearly on the
other one, so that one who stands on a border does not come and go with every frame.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from streamseg.config import LineConfig, StreamConfig, ZoneConfig
from streamseg.geometry import Box
from streamseg.records import Extraction, Track
from streamseg.zones import F32, crosses, depth_in, extent, in_pixels, right_of

EventKind = Literal["appeared", "ended", "enter", "leave", "dwell", "cross"]

_CLEAR = 0.03
"""So much of its height an object must be beyond a border,"""
_SHALLOW = 0.1
"""or so much of the zone's extent (square root of its area), if that is less."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a track, at the frame that shows it.

    zone or line: where; direction: of a crossing, to the line's left or right; seconds: how long it was inside (leave,
    dwell) or followed (ended).
    """

    kind: EventKind
    track: int
    label: str
    box: Box
    zone: str | None = None
    line: str | None = None
    direction: Literal["left", "right"] | None = None
    seconds: float | None = None


class Follow(msgspec.Struct, array_like=True):
    """What is remembered of a track.

    since_ns: when it appeared; inside: since when, by zone; dwelt: zones in which it has stayed long enough; stood: by
    line, where it last stood clearly on one side.
    """

    label: str
    box: Box
    since_ns: int
    inside: dict[str, int] = {}
    dwelt: list[str] = []
    stood: dict[str, tuple[float, float]] = {}


class WatchState(msgspec.Struct, array_like=True):
    """What a Watch knows after a frame: tracks by id, and the frame's media time."""

    tracks: dict[int, Follow] = {}
    pts_ns: int = 0


class Watch:
    """Watches one stream.

    Args:
        stream: its zones, of which those to watch matter here, and lines.
        size_hw: of its frames.
        state: of a predecessor, to go on from.
    """

    def __init__(self, stream: StreamConfig, size_hw: tuple[int, int], state: WatchState | None = None):
        self.state = state or WatchState()
        watched = [(zone, in_pixels(zone.polygon, size_hw)) for zone in stream.zones if zone.kind == "watch"]
        self._zones = [(zone, polygon, _SHALLOW * extent(polygon)) for zone, polygon in watched]
        self._lines = [(line, in_pixels(line.points, size_hw)) for line in stream.lines]

    def update(self, extraction: Extraction) -> list[Event]:
        """What the next frame's tracks tell."""
        self.state.pts_ns = extraction.frame.pts_ns
        here = {track.id for track in extraction.tracks}
        events = [event for number in sorted(self.state.tracks.keys() - here) for event in self._end(number)]
        for track in extraction.tracks:
            if track.state == "active":
                events += self._look(track)
        return events

    def finish(self) -> list[Event]:
        """The end of all that is still there, when the stream is over."""
        return [event for number in sorted(self.state.tracks) for event in self._end(number)]

    def _look(self, track: Track) -> Iterator[Event]:
        known = self.state.tracks.get(track.id)
        if known is None:
            known = self.state.tracks[track.id] = Follow(track.label, track.box, self.state.pts_ns)
            yield Event("appeared", track.id, track.label, track.box)
        known.label, known.box = track.label, track.box
        for zone, polygon, shallow in self._zones:
            if _asks_for(zone.classes, track.label) or zone.name in known.inside:
                clear = min(_clear(track.box), shallow)
                yield from self._look_in(zone, depth_in(polygon, *_foot(track.box)), clear, track, known)
        for line, points in self._lines:
            if _asks_for(line.classes, track.label):
                yield from _look_across(line, points, track, known)

    def _look_in(self, zone: ZoneConfig, depth: float, clear: float, track: Track, known: Follow) -> Iterator[Event]:
        now_ns, name = self.state.pts_ns, zone.name
        if name not in known.inside and depth > clear:
            known.inside[name] = now_ns
            yield Event("enter", track.id, track.label, track.box, zone=name)
        elif name in known.inside and depth < -clear:
            yield self._left(track.id, known, name)
        stayed = zone.dwell_s is not None and now_ns - known.inside.get(name, now_ns) >= zone.dwell_s * 1e9
        if stayed and name not in known.dwelt:
            known.dwelt.append(name)
            seconds = (now_ns - known.inside[name]) / 1e9
            yield Event("dwell", track.id, track.label, track.box, zone=name, seconds=seconds)

    def _left(self, number: int, known: Follow, zone: str) -> Event:
        if zone in known.dwelt:
            known.dwelt.remove(zone)
        seconds = (self.state.pts_ns - known.inside.pop(zone)) / 1e9
        return Event("leave", number, known.label, known.box, zone=zone, seconds=seconds)

    def _end(self, number: int) -> Iterator[Event]:
        """Who ends in a zone leaves it, so that those who entered and those who left add up."""
        known = self.state.tracks.pop(number)
        for zone in sorted(known.inside):
            yield self._left(number, known, zone)
        seconds = (self.state.pts_ns - known.since_ns) / 1e9
        yield Event("ended", number, known.label, known.box, seconds=seconds)


def _look_across(line: LineConfig, points: F32, track: Track, known: Follow) -> Iterator[Event]:
    foot = _foot(track.box)
    side = right_of(points, *foot)
    if abs(side) <= _clear(track.box):
        return
    before = known.stood.get(line.name)
    known.stood[line.name] = foot
    if before is not None and side * right_of(points, *before) < 0 and crosses(points, before, foot):
        direction: Literal["left", "right"] = "right" if side > 0 else "left"
        yield Event("cross", track.id, track.label, track.box, line=line.name, direction=direction)


def _asks_for(classes: Sequence[str] | None, label: str) -> bool:
    return classes is None or label in classes


def _foot(box: Box) -> tuple[float, float]:
    return (float(box[0]) + float(box[2])) / 2, float(box[3])


def _clear(box: Box) -> float:
    return _CLEAR * (float(box[3]) - float(box[1]))
