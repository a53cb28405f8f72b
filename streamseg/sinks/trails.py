"""Where objects walked: the last seconds of each active track's foot point."""

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.records import Track

F64 = npt.NDArray[np.float64]
Feet = tuple[int, dict[int, tuple[int, int]]]
"""A moment (pts in ns), and where each active track then stood: x, y in 1/16 pixel by track id."""

_PER_PX = 16
_MOST = 4000  # points and moments in memory, however many objects: packed they stay below 64 KiB

_STEADY_NS = 400_000_000
"""About half a step of one who walks."""


@dataclass(frozen=True, slots=True)
class Trail:
    """A smoothed path [N, 2] (x, y in frame pixels, oldest first) and each segment's freshness [N - 1], 0..1."""

    points: F64
    freshness: F64


class Trails:
    """Remembers foot points (middle of the box's lower edge) of active tracks for a while.

    In a crowd the while is shorter: of more than 4000 points in all the oldest are forgotten.

    Args:
        seconds: how far back a trail reaches in media time; 0 keeps nothing.
    """

    def __init__(self, seconds: float):
        self.span_ns = round(seconds * 1e9)
        self._moments: deque[Feet] = deque()
        self._count = 0

    @property
    def state(self) -> list[Feet]:
        """All that is remembered; given to restore() the next pictures are the same."""
        return list(self._moments)

    def restore(self, state: list[Feet]) -> None:
        """Go on from a state."""
        self._moments = deque(state)
        self._count = sum(map(_weight, state))

    def update(self, tracks: tuple[Track, ...], pts_ns: int) -> None:
        """Add where the active tracks stand, forget what is older than the span."""
        feet = {track.id: _foot(track) for track in tracks if track.state == "active"}
        if feet and self.span_ns:
            self._moments.append((pts_ns, feet))
            self._count += _weight(self._moments[-1])
        while self._moments and (self._count > _MOST or self._moments[0][0] < pts_ns - self.span_ns):
            self._count -= _weight(self._moments.popleft())

    def of(self, track_id: int, pts_ns: int) -> Trail | None:
        """The trail of a track at pts_ns; None where it has no two points."""
        walked = [(then_ns, *feet[track_id]) for then_ns, feet in self._moments if track_id in feet]
        if len(walked) < 2:
            return None
        array = np.array(walked, np.float64)
        freshness = 1 - (pts_ns - array[1:, 0]) / self.span_ns
        step_ns = max(1.0, (array[-1, 0] - array[0, 0]) / (len(array) - 1))
        return Trail(_smooth(array[:, 1:] / _PER_PX, round(_STEADY_NS / step_ns)), np.clip(freshness, 0, 1))


def _foot(track: Track) -> tuple[int, int]:
    x0, _, x1, y1 = track.box
    return round((x0 + x1) / 2 * _PER_PX), round(y1 * _PER_PX)


def _weight(moment: Feet) -> int:
    return 1 + len(moment[1])


def _smooth(points: F64, reach: int) -> F64:
    """A mean over reach points to either side, the near ones count most: the walk, not the swing of legs and boxes."""
    reach = min(max(2, reach), len(points))
    weights = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(points, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(padded[:, i], weights / weights.sum(), mode="valid") for i in (0, 1)]
    return np.stack(columns, axis=1)
