"""Which tracks have moved since they were first seen: what stands still may belong to the scene."""

from collections.abc import Iterable

import msgspec

from streamseg.geometry import Box
from streamseg.records import Track

_CLEAR = 0.12
"""So much of its size (square root of its box's area) an object has come away from where it began."""
_PER_PX = 4

Anchor = tuple[int, int, int, int]


class MoversState(msgspec.Struct, frozen=True, array_like=True):
    """moved: ids of tracks that have; anchors: of the others by id, the first box in quarters of a pixel."""

    moved: tuple[int, ...] = ()
    anchors: dict[int, Anchor] = {}


class Movers:
    """Remembers the tracks of the last frame; state is all that a successor needs."""

    def __init__(self, state: MoversState | None = None):
        self.state = state or MoversState()

    def update(self, tracks: Iterable[Track]) -> frozenset[int]:
        """The ids of those of a frame's tracks that have moved, now or before.

        Both of two opposite edges must have come the same way: a box that someone in front cuts short moves only one.
        """
        before, moved, anchors = self.state, list[int](), dict[int, Anchor]()
        known = frozenset(before.moved)
        for track in tracks:
            anchor = before.anchors.get(track.id) or _anchor(track.box)
            if track.id in known or _has_left(anchor, track.box):
                moved.append(track.id)
            else:
                anchors[track.id] = anchor
        self.state = MoversState(tuple(moved), anchors)
        return frozenset(moved)


def _anchor(box: Box) -> Anchor:
    x0, y0, x1, y1 = (round(float(edge) * _PER_PX) for edge in box)
    return x0, y0, x1, y1


def _has_left(anchor: Anchor, box: Box) -> bool:
    x0, y0, x1, y1 = (float(edge) - before / _PER_PX for edge, before in zip(box, anchor, strict=True))
    size = (max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])) ** 0.5
    return max(_both(x0, x1), _both(y0, y1)) > _CLEAR * size


def _both(low: float, high: float) -> float:
    """How far two edges have moved together; 0 where they went different ways."""
    return min(abs(low), abs(high)) if low * high > 0 else 0.0
