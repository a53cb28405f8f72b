"""A fixed camera's background at native resolution, and pictures with objects replaced by it.

Every pixel that no object covers is taken as it is when it is first seen, and followed by small steps from then on: a
running median (Manzanera & Richefeu 2007, "A new motion detection algorithm based on sigma-delta background
estimation", sec. 2), so that what the network overlooks once leaves hardly a trace. The steps shrink with every look,
down to one grey level. What was never seen is filled in smoothly from around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from streamseg.geometry import U8
from streamseg.records import Planes
from streamseg.sinks.canvas import blend, chroma_coverage
from streamseg.sinks.plate_file import PlateArrays
from streamseg.sinks.pull_push import filled_in
from streamseg.sinks.silhouettes import Silhouette

_ROUND_NS = 320_000_000
"""In this media time each row is looked at once; only first sights are taken at once."""
_STEPS = np.maximum(1, 32 // np.maximum(1, np.arange(256))).astype(np.uint8)
_STEPS[0] = 0
_MOST_OFFSET = 32
_LEAST_RING = 64
"""Samples around an object that tell how much brighter the frame is than the background,"""
_EVERY = 4
"""from every so many-th row."""
_FILL = 4
"""Samples of chroma to each side of a cell of what is made up."""
_LEAST_KNOWN = 127
"""Of 255: cells that know less of themselves hold mostly the soft edges of what is removed."""
_GREY = 128
"""Where nothing was ever seen."""
_GRID = 8
_STRANGE, _MOST_STRANGE = 24, 0.5
"""Where more than this share of the picture is so many grey levels away, it shows something else."""


@dataclass(frozen=True, slots=True)
class Things:
    """Silhouettes in a frame: all that is no background, and of those what is to be removed.

    movers are removed wherever they are; stayers, which may belong to the scene, only where the background behind them
    was seen.
    """

    all: Sequence[Silhouette]
    movers: Sequence[Silhouette]
    stayers: Sequence[Silhouette]


class Plate:
    """Works frames into a background, and takes objects out of pictures.

    Args:
        arrays: what is known; changed in place.
    """

    def __init__(self, arrays: PlateArrays):
        self._planes, self._looks = arrays.planes, arrays.looks

    def is_strange(self, planes: Planes) -> bool:
        """Whether a frame shows another scene than the background does, brightness aside."""
        known = self._looks[::_GRID, ::_GRID] > 0
        away = planes.y[:: 2 * _GRID, :: 2 * _GRID].astype(np.int16) - self._planes.y[:: 2 * _GRID, :: 2 * _GRID]
        away = away[known]
        if away.size == 0:
            return False
        return float(np.mean(np.abs(away - np.median(away)) > _STRANGE)) > _MOST_STRANGE

    def forget(self) -> None:
        """All is unknown again."""
        self._looks[:] = 0

    def learn(self, planes: Planes, things: Things, rows: tuple[int, int]) -> None:
        """Take from a frame what is seen for the first time, and in some rows of chroma (from, to) follow it."""
        busy = self._map(things.all)
        if cv2.minMaxLoc(self._looks)[0] == 0:
            self._begin(planes, busy, self._map(things.movers))
        band = slice(*rows)
        free = cv2.bitwise_not(busy[band])
        looks = cv2.add(self._looks[band], cv2.min(free, 1))
        self._looks[band] = looks
        step = cv2.bitwise_and(cv2.LUT(looks, _STEPS), free)
        for seen, known, by in (
            (planes.y, self._planes.y, 2),
            (planes.u, self._planes.u, 1),
            (planes.v, self._planes.v, 1),
        ):
            lines = slice(by * rows[0], min(seen.shape[0], by * rows[1]))
            _follow(known[lines], seen[lines], _doubled(step, known[lines].shape) if by == 2 else step)

    def remove(self, picture: Planes, things: Things) -> None:
        """Lay the background over objects in a picture: a frame's planes, padded by a pixel or not."""
        busy = self._map(things.all)
        for thing in things.movers:
            self._cover(picture, thing, thing.coverage, busy)
        for thing in things.stayers:
            x0, y0, x1, y1 = thing.crop
            seen = cv2.inRange(self._looks[y0 // 2 : (y1 + 1) // 2, x0 // 2 : (x1 + 1) // 2], 1, 255)
            self._cover(picture, thing, cv2.min(thing.coverage, _doubled(seen, thing.coverage.shape)), busy)

    def _begin(self, planes: Planes, busy: U8, movers: U8) -> None:
        """What was never seen: from the frame, but for what movers cover."""
        never = cv2.inRange(self._looks, 0, 0)
        holes = cv2.bitwise_and(never, movers)
        shown = cv2.subtract(never, holes)
        self._take(planes, shown)
        part = _around(never)
        seen_now = cv2.bitwise_and(never[part], cv2.bitwise_not(busy[part]))
        self._looks[part] = cv2.max(self._looks[part], cv2.min(seen_now, 1))
        if cv2.hasNonZero(holes):
            self._take(self._filled(holes), holes)

    def _take(self, planes: Planes, where: U8) -> None:
        """Pixels of other planes, where a map like looks says so."""
        if not cv2.hasNonZero(where):
            return
        half = _around(where)
        whole = slice(2 * half[0].start, 2 * half[0].stop), slice(2 * half[1].start, 2 * half[1].stop)
        for seen, known in ((planes.u, self._planes.u), (planes.v, self._planes.v)):
            cv2.copyTo(seen[half], where[half], known[half])
        luma = self._planes.y[whole]
        cv2.copyTo(planes.y[whole], _doubled(where[half], luma.shape), luma)

    def _filled(self, holes: U8) -> Planes:
        """The background with soft colours in its holes, from what is around them."""
        kept = cv2.bitwise_not(holes)
        size = -(-holes.shape[1] // _FILL), -(-holes.shape[0] // _FILL)
        planes = self._planes.y, self._planes.u, self._planes.v
        maps = _doubled(kept, self._planes.y.shape), kept, kept
        rest = [cv2.copyTo(plane, where) for plane, where in zip(planes, maps, strict=True)]
        *sums, weights = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (*rest, kept))
        known = np.where(weights > _LEAST_KNOWN, weights, 0).astype(np.float32) / np.float32(255)
        colours = filled_in(cv2.merge(sums).astype(np.float32) * (known > 0)[:, :, None], known)
        coarse = cv2.convertScaleAbs(colours) if known.any() else np.full_like(colours, _GREY, np.uint8)
        spread = (
            cv2.resize(one, plane.shape[::-1], interpolation=cv2.INTER_LINEAR)
            for one, plane in zip(cv2.split(coarse), planes, strict=True)
        )
        return Planes(*spread)

    def _cover(self, picture: Planes, thing: Silhouette, coverage: U8, busy: U8) -> None:
        """Paste the background through a coverage, as bright as the frame is around it."""
        x0, y0, x1, y1 = thing.crop
        half = slice(y0 // 2, (y1 + 1) // 2), slice(x0 // 2, (x1 + 1) // 2)
        ring = cv2.bitwise_and(cv2.bitwise_not(busy[half]), cv2.inRange(self._looks[half], 1, 255))
        crop, quarter = (slice(y0, y1), slice(x0, x1)), chroma_coverage(coverage, thing.origin)
        sides = (picture.y, self._planes.y, crop), (picture.u, self._planes.u, half), (picture.v, self._planes.v, half)
        for plane, known, part in sides:
            alpha, around = (coverage, _doubled(ring, coverage.shape)) if part is crop else (quarter, ring)
            shift = _offset(plane[part], known[part], around)
            blend(plane[part], alpha, cv2.add(known[part], shift) if shift >= 0 else cv2.subtract(known[part], -shift))

    def _map(self, silhouettes: Sequence[Silhouette]) -> U8:
        """uint8 like looks, 255 wherever a silhouette reaches."""
        covered = np.zeros(self._looks.shape, np.uint8)
        for thing in silhouettes:
            x0, y0, x1, y1 = thing.crop
            part = covered[y0 // 2 : (y1 + 1) // 2, x0 // 2 : (x1 + 1) // 2]
            reached = cv2.inRange(chroma_coverage(thing.coverage, thing.origin), 1, 255)
            np.maximum(part, reached, out=part)
        return covered


def rows_due(first: int, rows: int, step_ns: int) -> tuple[int, int]:
    """The rows from first on, of so many in all, that media time of step_ns is enough for; never beyond the last."""
    first = first % rows
    return first, min(rows, first + max(1, round(rows * step_ns / _ROUND_NS)))


def _follow(known: U8, seen: U8, step: U8) -> None:
    """Every pixel a step towards what is seen, in place."""
    up, down = cv2.min(cv2.subtract(seen, known), step), cv2.min(cv2.subtract(known, seen), step)
    known[...] = cv2.subtract(cv2.add(known, up), down)


def _around(mask: U8) -> tuple[slice, slice]:
    """The rows and columns in which a mask is not 0."""
    x, y, width, height = cv2.boundingRect(mask)
    return slice(y, y + height), slice(x, x + width)


def _doubled(mask: U8, size_hw: tuple[int, ...]) -> U8:
    """A mask of chroma samples for the luma pixels of size_hw that they stand for."""
    whole = cv2.resize(mask, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    return whole[: size_hw[0], : size_hw[1]]


def _offset(seen: U8, known: U8, around: U8) -> int:
    seen, known, around = seen[::_EVERY], known[::_EVERY], around[::_EVERY]
    if cv2.countNonZero(around) < _LEAST_RING:
        return 0
    difference = cv2.mean(seen, around)[0] - cv2.mean(known, around)[0]
    return int(np.clip(round(difference), -_MOST_OFFSET, _MOST_OFFSET))
