"""A way through the street: way points walked at one speed, with one rest."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is on a route; heading in radians from +s towards +t."""

    s: float
    t: float
    heading: float
    travel_m: float
    moving: bool


@dataclass(frozen=True, slots=True)
class Route:
    """points: float [N, 2] s, t in metres; walked from start_s (seconds) on; a rest of pause_s at points[pause_at]."""

    points: npt.NDArray[np.float64]
    speed: float
    start_s: float
    pause_at: int = 0
    pause_s: float = 0.0

    def at(self, time_s: float) -> Place | None:
        """The place at a time; None before the start and after the end."""
        walked_s = time_s - self.start_s
        if walked_s < 0:
            return None
        until = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(self.points, axis=0).T))])
        rest = until[self.pause_at] / self.speed
        if walked_s > until[-1] / self.speed + self.pause_s:
            return None
        moving = not (rest <= walked_s <= rest + self.pause_s) or self.pause_s == 0
        if walked_s > rest:
            walked_s = max(rest, walked_s - self.pause_s)
        way = walked_s * self.speed
        s, t = self._point(way, until)
        # looking a little back and ahead rounds the corners
        (s0, t0), (s1, t1) = self._point(way - 0.5, until), self._point(way + 0.5, until)
        heading = float(np.arctan2(t1 - t0, s1 - s0))
        return Place(s, t, heading, float(way), bool(moving))

    def _point(self, way: float, until: npt.NDArray[np.float64]) -> tuple[float, float]:
        return float(np.interp(way, until, self.points[:, 0])), float(np.interp(way, until, self.points[:, 1]))
