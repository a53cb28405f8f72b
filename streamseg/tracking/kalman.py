"""Constant-velocity Kalman filter of box centre and size, for all tracks at once; time in seconds, so any rate works.

The four coordinates (centre x, centre y, width, height) move independently with white-noise acceleration, so each
carries its own 2x2 covariance and no matrix is inverted. Source: Bar-Shalom, Li, Kirubarajan, "Estimation with
Applications to Tracking and Navigation", 2001, sections 5.2 and 6.2.2. Noise grows with the object's extent
(square root of its area), which makes the filter blind to resolution and distance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
_COASTING = np.exp(-1 / _COAST_S)
_MIN_SIDE_PX = 1.0

_NOISE = np.array([_CENTRE_NOISE, _CENTRE_NOISE, _SIZE_NOISE, _SIZE_NOISE])
_START = np.array([_SPEED, _SPEED, _GROWTH, _GROWTH])
_DRIFT = np.array([_AGILITY, _AGILITY, _SWELL, _SWELL])


@dataclass(frozen=True, slots=True)
class Motion:
    """What is known of the motion of N tracks.

    mean: float64 [N, 8], centre x, centre y, width, height (px) and their velocities (px/s); covariance: float64
    [N, 12], per coordinate the variances of position (0..3), their covariance with velocity (4..7), velocity (8..11).
    """

    mean: F64
    covariance: F64

    @classmethod
    def start(cls, boxes: npt.ArrayLike) -> "Motion":
        """First sight of boxes [N, 4] x0, y0, x1, y1 (px): the velocity is unknown, with zero mean."""
        position = _centre_size(boxes)
        extent = _extent(position)
        mean = np.hstack([position, np.zeros_like(position)])
        spread = [(extent * _NOISE) ** 2, np.zeros_like(position), (extent * _START) ** 2]
        return cls(mean, np.hstack(spread))

    def predict(self, dt_s: float, unseen: npt.NDArray[np.bool_]) -> "Motion":
        """Move all tracks on by dt_s >= 0; those unseen (bool [N]) lose speed and keep their size."""
        fade = np.ones_like(self.mean[:, 4:])
        fade[unseen] = _COASTING ** (dt_s, dt_s, np.inf, np.inf)
        position, velocity = self.mean[:, :4], self.mean[:, 4:] * fade
        var, cross, speed = self.covariance[:, :4], self.covariance[:, 4:8] * fade, self.covariance[:, 8:] * fade**2
        drift = (_extent(position) * _DRIFT) ** 2
        mean, covariance = np.empty_like(self.mean), np.empty_like(self.covariance)
        mean[:, :4], mean[:, 4:] = position + velocity * dt_s, velocity
        np.maximum(mean[:, 2:4], _MIN_SIDE_PX, out=mean[:, 2:4])
        covariance[:, :4] = var + 2 * dt_s * cross + dt_s**2 * speed + drift * (dt_s**3 / 3)
        covariance[:, 4:8] = cross + dt_s * speed + drift * (dt_s**2 / 2)
        covariance[:, 8:] = speed + drift * dt_s
        return Motion(mean, covariance)

    def correct(self, rows: npt.NDArray[np.intp], boxes: npt.ArrayLike) -> "Motion":
        """Tracks rows [K] were seen at boxes [K, 4] (px); the others stay as they are."""
        seen = _centre_size(boxes)
        mean, covariance = self.mean.copy(), self.covariance.copy()
        before, known = mean[rows], covariance[rows]
        var, cross = known[:, :4], known[:, 4:8]
        total = var + (_extent(seen) * _NOISE) ** 2
        gain, gain_speed = var / total, cross / total
        miss = seen - before[:, :4]
        before[:, :4] += gain * miss
        before[:, 4:] += gain_speed * miss
        np.maximum(before[:, 2:4], _MIN_SIDE_PX, out=before[:, 2:4])
        known[:, 8:] -= gain_speed * cross
        known[:, :8] *= np.tile(1 - gain, 2)
        mean[rows], covariance[rows] = before, known
        return Motion(mean, covariance)

    @classmethod
    def unpacked(cls, rows: Sequence[bytes]) -> "Motion":
        """What packed() gave, a row for each track."""
        both = np.frombuffer(b"".join(rows), np.float64).reshape(-1, 20)
        return cls(both[:, :8], both[:, 8:])

    def packed(self) -> list[bytes]:
        """Each track's mean and covariance as 20 float64."""
        return [row.tobytes() for row in np.hstack([self.mean, self.covariance])]

    @property
    def boxes(self) -> F64:
        """float64 [N, 4] x0, y0, x1, y1 (px)."""
        centre, half = self.mean[:, :2], self.mean[:, 2:4] / 2
        return np.hstack([centre - half, centre + half])


def _centre_size(boxes: npt.ArrayLike) -> F64:
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    out = np.empty_like(boxes)
    out[:, 2:] = boxes[:, 2:] - boxes[:, :2]
    out[:, :2] = boxes[:, :2] + out[:, 2:] / 2
    return out


def _extent(centre_size: F64) -> F64:
    side = np.maximum(centre_size[:, 2:4], _MIN_SIDE_PX)
    return np.sqrt(side[:, :1] * side[:, 1:])
