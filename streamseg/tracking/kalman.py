"""Constant-velocity Kalman filter of box centre and size, for all tracks at once; time in seconds, so any rate works.

The four coordinates (centre x, centre y, width, height) move independently with white-noise acceleration, so each
carries its own 2x2 covariance and no matrix is inverted. Source: Bar-Shalom, Li, Kirubarajan, "Estimation with
Applications to Tracking and Navigation", 2001, sections 5.2 and 6.2.2. Noise grows with the object's extent
(square root of its area), which makes the filter blind to resolution and distance.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

_CENTRE_NOISE, _SIZE_NOISE = 0.06, 0.08
"""Standard deviation of a detection's centre and size, in extents."""
_SPEED, _GROWTH = 2.0, 0.5
"""Standard deviation of an unknown object's velocity and change of size, extents per second."""
_AGILITY, _SWELL = 0.3, 0.3
"""Spectral density of acceleration, as standard deviation of velocity after one second, extents per second."""
_COAST_S = 3.0
"""Time constant with which the velocity of an unseen object fades: nobody walks straight on for ever."""
_MIN_SIDE_PX = 1.0
_ROW_BYTES = 5 * 4 * 8
_CORNERS = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [-0.5, 0, 0.5, 0], [0, -0.5, 0, 0.5]])
"""Centre and size times this are x0, y0, x1, y1; and back:"""
_CENTRE_SIZE = np.array([[0.5, 0, -1, 0], [0, 0.5, 0, -1], [0.5, 0, 1, 0], [0, 0.5, 0, 1]])

_NOISE = np.array([_CENTRE_NOISE, _CENTRE_NOISE, _SIZE_NOISE, _SIZE_NOISE]) ** 2
_START = np.array([_SPEED, _SPEED, _GROWTH, _GROWTH]) ** 2
_DRIFT = np.array([_AGILITY, _AGILITY, _SWELL, _SWELL]) ** 2


class Motion(msgspec.Struct, frozen=True):
    """What is known of the motion of N tracks.

    known: float64 [N, 5, 4]; of centre x, centre y, width and height (px, s) the position, velocity, variance of the
    position, its covariance with the velocity, variance of the velocity.
    """

    known: F64

    @classmethod
    def start(cls, boxes: npt.ArrayLike) -> "Motion":
        """First sight of boxes [N, 4] x0, y0, x1, y1 (px): the velocity is unknown, with zero mean."""
        position = _centre_size(boxes)
        area = _area(position)
        known = np.zeros((len(position), 5, 4))
        known[:, 0], known[:, 2], known[:, 4] = position, area * _NOISE, area * _START
        return cls(known)

    def predict(self, dt_s: float, unseen: npt.NDArray[np.bool_]) -> "Motion":
        """Move all tracks on by dt_s >= 0; those unseen (bool [N]) lose speed and keep their size."""
        step, drift, fade = _passing(dt_s)
        before = self.known
        if unseen.any():
            before = before.copy()
            before[unseen] *= fade
        after = step @ before
        after += _area(before[:, 0])[:, :, None] * drift
        np.maximum(after[:, 0, 2:], _MIN_SIDE_PX, out=after[:, 0, 2:])
        return Motion(after)

    def moved(self, linear: F64, shift: F64) -> "Motion":
        """All tracks in a picture that was turned and scaled by linear [2, 2], then shifted by shift [2] (px).

        A turn leaves the variances as they are: x and y are known equally well, always.
        """
        scale = np.hypot(linear[0, 0], linear[1, 0])
        after = self.known * (scale ** np.array([1, 1, 2, 2, 2]))[:, None]
        after[:, :2, :2] = self.known[:, :2, :2] @ linear.T
        after[:, 0, :2] += shift
        return Motion(after)

    def correct(self, rows: npt.NDArray[np.intp], boxes: npt.ArrayLike) -> "Motion":
        """Tracks rows [K] were seen at boxes [K, 4] (px); the others stay as they are."""
        seen = _centre_size(boxes)
        part = self.known[rows]
        variances = part[:, 2:4]
        gain = variances / (variances[:, :1] + (_area(seen) * _NOISE)[:, None])
        part[:, :2] += gain * (seen - part[:, 0])[:, None]
        part[:, 4] -= gain[:, 1] * part[:, 3]
        part[:, 2:4] -= gain[:, :1] * variances
        np.maximum(part[:, 0, 2:], _MIN_SIDE_PX, out=part[:, 0, 2:])
        known = self.known.copy()
        known[rows] = part
        return Motion(known)

    @classmethod
    def unpacked(cls, rows: Sequence[bytes]) -> "Motion":
        """What packed() gave, a row for each track."""
        return cls(np.frombuffer(b"".join(rows)).reshape(-1, 5, 4))

    def packed(self) -> list[bytes]:
        """Each track's part of known as 20 float64."""
        data = np.ascontiguousarray(self.known).tobytes()
        return [data[at : at + _ROW_BYTES] for at in range(0, len(data), _ROW_BYTES)]

    @property
    def mean(self) -> F64:
        """Positions and velocities, float64 [N, 8]."""
        return self.known[:, :2].reshape(-1, 8)

    @property
    def covariance(self) -> F64:
        """Variances of positions, covariances with velocities, variances of velocities, float64 [N, 12]."""
        return self.known[:, 2:].reshape(-1, 12)

    @property
    def boxes(self) -> F64:
        """float64 [N, 4] x0, y0, x1, y1 (px)."""
        return self.known[:, 0] @ _CORNERS


@lru_cache(maxsize=8)
def _passing(dt_s: float) -> tuple[F64, F64, F64]:
    """What a time does to known: its linear step [5, 5], what it adds by area [5, 4], how the unseen fade [5, 4]."""
    step = np.eye(5)
    step[0, 1] = step[3, 4] = dt_s
    step[2, 3:] = 2 * dt_s, dt_s**2
    drift = np.array([0, 0, dt_s**3 / 3, dt_s**2 / 2, dt_s])[:, None] * _DRIFT
    left = np.array([np.exp(-dt_s / _COAST_S)] * 2 + [0, 0])
    return step, drift, np.stack([np.ones(4), left, np.ones(4), left, left**2])


def _centre_size(boxes: npt.ArrayLike) -> F64:
    return np.asarray(boxes, np.float64).reshape(-1, 4) @ _CENTRE_SIZE


def _area(centre_size: F64) -> F64:
    """The squared extent [N, 1] (px)."""
    side = np.maximum(centre_size[:, 2:], _MIN_SIDE_PX)
    return side[:, :1] * side[:, 1:]
