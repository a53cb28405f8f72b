"""Constant-velocity Kalman filter of box centre and size, for all tracks at once; time in seconds, so any rate works.

The four coordinates (centre x, centre y, width, height) move independently with white-noise acceleration, so each
carries its own 2x2 covariance and no matrix is inverted. Source: Bar-Shalom, Li, Kirubarajan, "Estimation with
Applications to Tracking and Navigation", 2001, sections 5.2 and 6.2.2. Noise grows with the object's extent
(square root of its area), which makes the filter blind to resolution and distance.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

_CENTRE_NOISE, _SIZE_NOISE = 0.06, 0.08
"""Standard deviation of a detection's centre and size, in extents."""
_SPEED, _GROWTH = 2.0, 0.5
"""Standard deviation of an unknown object's velocity and change of size, extents per second."""
_AGILITY, _SWELL = 1.0, 0.5
"""Spectral density of acceleration, as standard deviation of velocity after one second, extents per second."""
_COAST_S = 3.0
"""Time constant with which the velocity of an unseen object fades: nobody walks straight on for ever."""
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
        keep = np.where(unseen, np.exp(-dt_s / _COAST_S), 1.0)[:, None]
        resize = np.where(unseen, 0.0, 1.0)[:, None]
        fade = np.hstack([keep, keep, resize, resize])
        position, velocity = self.mean[:, :4], self.mean[:, 4:] * fade
        var, cross, speed = self.covariance[:, :4], self.covariance[:, 4:8] * fade, self.covariance[:, 8:] * fade**2
        drift = (_extent(position) * _DRIFT) ** 2
        moved = position + velocity * dt_s
        moved[:, 2:] = np.maximum(moved[:, 2:], _MIN_SIDE_PX)
        spread = [
            var + 2 * dt_s * cross + dt_s**2 * speed + drift * dt_s**3 / 3,
            cross + dt_s * speed + drift * dt_s**2 / 2,
            speed + drift * dt_s,
        ]
        return Motion(np.hstack([moved, velocity]), np.hstack(spread))

    def correct(self, rows: npt.NDArray[np.intp], boxes: npt.ArrayLike) -> "Motion":
        """Tracks rows [K] were seen at boxes [K, 4] (px); the others stay as they are."""
        seen = _centre_size(boxes)
        mean, covariance = self.mean.copy(), self.covariance.copy()
        var, cross, speed = np.split(covariance[rows], 3, axis=1)
        total = var + (_extent(seen) * _NOISE) ** 2
        gain, gain_speed = var / total, cross / total
        miss = seen - mean[rows, :4]
        mean[rows] += np.hstack([gain * miss, gain_speed * miss])
        mean[rows, 2:4] = np.maximum(mean[rows, 2:4], _MIN_SIDE_PX)
        covariance[rows] = np.hstack([(1 - gain) * var, (1 - gain) * cross, speed - gain_speed * cross])
        return Motion(mean, covariance)

    @property
    def boxes(self) -> F64:
        """float64 [N, 4] x0, y0, x1, y1 (px)."""
        centre, half = self.mean[:, :2], self.mean[:, 2:4] / 2
        return np.hstack([centre - half, centre + half])


def _centre_size(boxes: npt.ArrayLike) -> F64:
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    return np.hstack([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]])


def _extent(centre_size: F64) -> F64:
    return np.sqrt(np.prod(np.maximum(centre_size[:, 2:4], _MIN_SIDE_PX), axis=1, keepdims=True))
