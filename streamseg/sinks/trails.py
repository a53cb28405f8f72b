"""Where objects walked: the last seconds of each active track's foot point."""

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.records import Track

F64 = npt.NDArray[np.float64]
_LONGEST = 512  # points a trail keeps at most, however fast the stream


@dataclass(frozen=True, slots=True)
class Trail:
    """A smoothed path [N, 2] (x, y in frame pixels, oldest first) and each segment's freshness [N - 1], 0..1."""

    points: F64
    freshness: F64


class Trails:
    """Remembers foot points (middle of the box's lower edge) of active tracks for a while.

    Args:
        seconds: how far back a trail reaches in media time; 0 keeps nothing.
    """

    def __init__(self, seconds: float):
        self.span_ns = round(seconds * 1e9)
        self._points: dict[int, deque[tuple[int, float, float]]] = {}

    def update(self, tracks: tuple[Track, ...], pts_ns: int) -> None:
        """Add where the active tracks stand, forget what is older than the span."""
        if not self.span_ns:
            return
        for track in tracks:
            if track.state == "active":
                x0, _, x1, y1 = track.box
                kept = self._points.setdefault(track.id, deque(maxlen=_LONGEST))
                kept.append((pts_ns, (x0 + x1) / 2, y1))
        for kept in self._points.values():
            while kept and kept[0][0] < pts_ns - self.span_ns:
                kept.popleft()
        self._points = {key: kept for key, kept in self._points.items() if kept}

    def of(self, track_id: int, pts_ns: int) -> Trail | None:
        """The trail of a track at pts_ns; None where it has no two points."""
        kept = self._points.get(track_id, ())
        if len(kept) < 2:
            return None
        array = np.array(kept)
        freshness = 1 - (pts_ns - array[1:, 0]) / self.span_ns
        return Trail(_smooth(array[:, 1:]), np.clip(freshness, 0, 1))


def _smooth(points: F64) -> F64:
    """A five-point binomial mean, so that a trail shows the walk and not the box's trembling."""
    weights = np.array([1, 4, 6, 4, 1]) / 16
    padded = np.concatenate([points[:1], points[:1], points, points[-1:], points[-1:]])
    columns = [np.convolve(padded[:, i], weights, mode="valid") for i in (0, 1)]
    return np.stack(columns, axis=1)
