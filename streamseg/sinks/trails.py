"""Where objects walked: the last seconds of each active track's foot point."""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.records import Track
from streamseg.sinks.canvas import SHIFT

U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Feet = tuple[int, dict[int, tuple[int, int]]]
"""A moment (pts in ns), and where each active track then stood: x, y in 1/16 pixel by track id."""

_PER_PX = 16
_MOST = 4000  # points and moments in memory, however many objects: packed they stay below 64 KiB

_KNOT_NS = 160_000_000
"""From point to point of a line: nobody who walks turns within it."""
_FAR = 1 << 24
"""cv2's fixed-point numbers end, but not this near."""
_STEADY_NS = 400_000_000
"""About half a step of one who walks."""


@dataclass(frozen=True, slots=True)
class Trail:
    """A smoothed path [N, 2] (x, y in frame pixels, oldest first) and each segment's freshness [N - 1], 0..1."""

    points: F64
    freshness: F64

    def drawn(self, size_hw: tuple[int, int], width_px: int, strength: float) -> tuple[U8, tuple[int, int]]:
        """Coverage uint8 [h, w] and the x, y of its first pixel, even: a line that grows wider and stronger.

        Args:
            size_hw: of the frame; what lies outside is left out.
            width_px: at the line's end.
            strength: 0..1, of its end.
        """
        reach = width_px / 2 + 2
        low, high = (self.points.min(axis=0) - reach).tolist(), (self.points.max(axis=0) + reach).tolist()
        left, top = (2 * floor(max(0, edge) / 2) for edge in low)
        right, bottom = (ceil(min(edge, side)) for edge, side in zip(high, size_hw[::-1], strict=True))
        coverage = np.zeros((max(0, bottom - top), max(0, right - left)), np.uint8)
        if not coverage.size:
            return coverage, (left, top)
        # cv2's (0, 0) is the middle of the first pixel
        fixed = np.rint((self.points - (left + 0.5, top + 0.5)) * (1 << SHIFT))
        points = np.minimum(np.maximum(fixed, -_FAR), _FAR).astype(int).tolist()
        for start, end, share in zip(points[:-1], points[1:], self.freshness.tolist(), strict=True):
            thick = max(1, round(width_px * share))
            cv2.line(coverage, start, end, 255 * strength * share, thick, cv2.LINE_AA, SHIFT)
        return coverage, (left, top)


class Trails:
    """Remembers foot points (middle of the box's lower edge) of active tracks for a while.

    In a crowd the while is shorter: of more than 4000 points in all the oldest are forgotten.

    Args:
        seconds: how far back a trail reaches in media time; 0 keeps nothing.
    """

    def __init__(self, seconds: float):
        self.span_ns = round(seconds * 1e9)
        self._moments: deque[Feet] = deque()
        self._paths: dict[int, deque[tuple[int, int, int]]] = {}
        self._count = 0

    @property
    def state(self) -> list[Feet]:
        """All that is remembered; given to restore() the next pictures are the same."""
        return list(self._moments)

    def restore(self, state: list[Feet]) -> None:
        """Go on from a state."""
        self._moments, self._paths, self._count = deque(), {}, 0
        for moment in state:
            self._add(moment)

    def update(self, tracks: tuple[Track, ...], pts_ns: int) -> None:
        """Add where the active tracks stand, forget what is older than the span."""
        feet = {track.id: _foot(track) for track in tracks if track.state == "active"}
        if feet and self.span_ns:
            self._add((pts_ns, feet))
        while self._moments and (self._count > _MOST or self._moments[0][0] < pts_ns - self.span_ns):
            self._forget(self._moments.popleft())

    def _add(self, moment: Feet) -> None:
        pts_ns, feet = moment
        self._moments.append(moment)
        self._count += _weight(moment)
        for track_id, (x, y) in feet.items():
            self._paths.setdefault(track_id, deque()).append((pts_ns, x, y))

    def _forget(self, moment: Feet) -> None:
        self._count -= _weight(moment)
        for track_id in moment[1]:
            path = self._paths[track_id]
            path.popleft()
            if not path:
                del self._paths[track_id]

    def of(self, track_id: int, pts_ns: int, least_px: float = 0.0) -> Trail | None:
        """The trail of a track at pts_ns; None where it has no two points, or goes nowhere as far as least_px."""
        walked = self._paths.get(track_id)
        if walked is None or len(walked) < 2:
            return None
        moments = np.array(walked, np.float64)
        steps = moments[:, 1:] / _PER_PX
        if _extent(steps) < least_px:
            return None
        step_ns = max(1.0, (walked[-1][0] - walked[0][0]) / (len(walked) - 1))
        knots, around, weights = _smoothing(len(walked), *(round(span / step_ns) for span in (_KNOT_NS, _STEADY_NS)))
        points = weights @ steps[around]
        if _extent(points) < least_px:
            return None
        freshness = 1 - (pts_ns - moments[knots[1:], 0]) / self.span_ns
        return Trail(points, np.minimum(np.maximum(freshness, 0), 1))


def _extent(points: F64) -> float:
    """The longer side of the box around them."""
    return float((points.max(axis=0) - points.min(axis=0)).max())


def _foot(track: Track) -> tuple[int, int]:
    x0, _, x1, y1 = track.box
    return round((x0 + x1) / 2 * _PER_PX), round(y1 * _PER_PX)


def _weight(moment: Feet) -> int:
    return 1 + len(moment[1])


@lru_cache(maxsize=64)
def _smoothing(count: int, stride: int, reach: int) -> tuple[Indices, Indices, F64]:
    """Which of count points a line goes through, which lie around each, and what these weigh: [K], [K, N], [N].

    The last one, every so many before it, and the first one; each the mean over reach points to either side, the near
    ones counting most: the walk, not the swing of legs and boxes. Beyond its ends a path stays where it is.
    """
    knots = np.unique(np.append(np.arange(count - 1, 0, -max(1, stride)), 0))
    reach = min(max(2, reach), count)
    around = np.clip(knots[:, None] + np.arange(-reach, reach + 1), 0, count - 1)
    bell = np.hanning(2 * reach + 3)[1:-1]
    return knots, around, bell / bell.sum()
