"""Masks and boxes between two looks of the network: what it saw last is moved along with the picture.

Each cell of a mask is asked where it was when the network looked, and takes what the mask had there: so masks bend as
objects do. Boxes follow the centre and the spread of their masks.
"""

from collections.abc import Mapping
from typing import NamedTuple, Self

import cv2
import msgspec
import numpy as np

from streamseg.geometry import F32, Box, SoftMask
from streamseg.records import Flow

_LEAST_LEFT = 0.4
"""Where less of a mask than this is left, it is not believed: the flow lost the object, or something hides it."""
_MOST_GROWTH = 4
"""Where the flow tears a mask apart over so many times its area, it is not believed either."""


class Sight(msgspec.Struct, frozen=True, array_like=True):
    """A track as the network saw it: its box (px), and its mask, uint8 [h, width] as bytes, spread over place (px)."""

    id: int
    box: Box
    alpha: bytes
    width: int
    place: Box

    @property
    def mask(self) -> SoftMask:
        """The mask."""
        return SoftMask(np.frombuffer(self.alpha, np.uint8).reshape(-1, self.width), self.place)


class Sights(msgspec.Struct, frozen=True, array_like=True):
    """What the network saw when it looked last: at frame seq; -1: never, or nobody will ask."""

    seq: int = -1
    tracks: tuple[Sight, ...] = ()

    @classmethod
    def of(cls, seq: int, boxes: Mapping[int, Box], masks: Mapping[int, SoftMask]) -> Self:
        """Of tracks by id, those with a mask."""
        seen = [(track_id, boxes[track_id], mask) for track_id, mask in masks.items()]
        return cls(seq, tuple(Sight(i, box, m.alpha.tobytes(), m.alpha.shape[1], m.box) for i, box, m in seen))


class Carried(NamedTuple):
    """A track's box (px) and mask in a later frame."""

    box: Box
    mask: SoftMask


def carry(sights: Sights, flow: Flow | None) -> dict[int, Carried]:
    """Where tracks are now, by id, as the picture moved since; without those of which it cannot be told."""
    if flow is None or flow.since != sights.seq:
        return {}
    if is_still(flow):
        return {sight.id: Carried(sight.box, sight.mask) for sight in sights.tracks}
    field = _Field(flow)
    moved = ((sight.id, _moved(sight, field)) for sight in sights.tracks)
    return {track_id: carried for track_id, carried in moved if carried is not None}


def is_still(flow: Flow | None) -> bool:
    """Whether it is known that nothing moved."""
    return flow is not None and not flow.back.any()


class _Field:
    """A flow, and the ways between its cells and frame pixels."""

    def __init__(self, flow: Flow):
        self._back = np.array(flow.back, np.float32)
        self._rows, self._columns = rows, columns = flow.back.shape[:2]
        x0, y0, x1, y1 = flow.box
        self._low, self._cell = np.array([x0, y0]), np.array([(x1 - x0) / columns, (y1 - y0) / rows])
        middles = (
            np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5), axis=2) * self._cell + self._low
        )
        self._was = self._back + middles.astype(np.float32)

    def reach(self, place: Box) -> Box | None:
        """Where that may be now which lay in a place then: the cells that were in it or next to it, and one around."""
        wide, high = self._cell.tolist()
        near = cv2.inRange(self._was, (place[0] - wide, place[1] - high), (place[2] + wide, place[3] + high))
        left, top, columns, rows = cv2.boundingRect(near)
        if not columns:
            return None
        right, down = min(left + columns + 1, self._columns), min(top + rows + 1, self._rows)
        (x0, y0), left, top = self._low.tolist(), max(left - 1, 0), max(top - 1, 0)
        return x0 + left * wide, y0 + top * high, x0 + right * wide, y0 + down * high

    def over(self, place: Box, size: tuple[int, int]) -> F32:
        """The flow in each of so many cells (width, height) that a place is divided into: float32 [h, w, 2], px."""
        step = np.array([(place[2] - place[0]) / size[0], (place[3] - place[1]) / size[1]]) / self._cell
        first = (np.array(place[:2]) - self._low) / self._cell + step / 2 - 0.5
        matrix = np.array([[step[0], 0, first[0]], [0, step[1], first[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(self._back, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _moved(sight: Sight, field: _Field) -> Carried | None:
    """A track moved along: its mask on its own grid, which is only continued."""
    mask, reach = sight.mask, field.reach(sight.place)
    if reach is None:
        return None
    height, width = mask.alpha.shape
    x0, y0, x1, y1 = mask.box
    step_x, step_y = (x1 - x0) / width, (y1 - y0) / height
    left, top = int(np.floor((reach[0] - x0) / step_x)), int(np.floor((reach[1] - y0) / step_y))
    wide, high = int(np.ceil((reach[2] - x0) / step_x)) - left, int(np.ceil((reach[3] - y0) / step_y)) - top
    place = x0 + left * step_x, y0 + top * step_y, x0 + (left + wide) * step_x, y0 + (top + high) * step_y
    back = field.over(place, (wide, high))
    column = back[..., 0] * np.float32(1 / step_x) + np.arange(left, left + wide, dtype=np.float32)
    row = back[..., 1] * np.float32(1 / step_y) + np.arange(top, top + high, dtype=np.float32)[:, None]
    alpha = cv2.remap(mask.alpha, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    moved = SoftMask(np.asarray(alpha), place)
    before, after = _Spread.of(mask), _Spread.of(moved)
    if not 0 < _LEAST_LEFT * before.mass <= after.mass <= _MOST_GROWTH * before.mass:
        return None
    return Carried(_box_along(sight.box, before, after), moved)


class _Spread(NamedTuple):
    """A mask's sum, and along x and y its centre and standard deviation (px); nan where it is empty."""

    mass: float
    centre: tuple[float, float]
    deviation: tuple[float, float]

    @classmethod
    def of(cls, mask: SoftMask) -> "_Spread":
        found = cv2.moments(mask.alpha)
        mass = found["m00"]
        if not mass:
            return cls(0.0, (np.nan, np.nan), (np.nan, np.nan))
        height, width = mask.alpha.shape
        x0, y0, x1, y1 = mask.box
        step_x, step_y = (x1 - x0) / width, (y1 - y0) / height
        # the first cell's middle is 0 there
        centre = x0 + (found["m10"] / mass + 0.5) * step_x, y0 + (found["m01"] / mass + 0.5) * step_y
        return cls(mass, centre, (step_x * (found["mu20"] / mass) ** 0.5, step_y * (found["mu02"] / mass) ** 0.5))


def _box_along(box: Box, before: _Spread, after: _Spread) -> Box:
    """The box, moved and stretched as its mask was."""
    (then_x, then_y), (now_x, now_y) = before.centre, after.centre
    grown_x, grown_y = (now / max(then, 1e-6) for now, then in zip(after.deviation, before.deviation, strict=True))
    x0, y0, x1, y1 = box
    return (
        now_x + (x0 - then_x) * grown_x,
        now_y + (y0 - then_y) * grown_y,
        now_x + (x1 - then_x) * grown_x,
        now_y + (y1 - then_y) * grown_y,
    )
