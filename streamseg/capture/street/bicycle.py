"""A bicycle as a solid: frame, wheels with spokes, cranks that turn with its way."""

from functools import cache

import numpy as np
import numpy.typing as npt

from streamseg.capture.street.looks import Rgb
from streamseg.capture.street.solid import Solid, join, loft, paint, stroke

F32 = npt.NDArray[np.float32]
WHEEL_M = 0.34
GEAR = 2.4
_REAR, _FRONT, _CRANK = (-0.52, 0.0, WHEEL_M), (0.52, 0.0, WHEEL_M), (-0.05, 0.0, 0.29)
_SEAT, _HEAD_LOW, _HEAD_TOP = (-0.22, 0.0, 0.86), (0.36, 0.0, 0.62), (0.31, 0.0, 0.86)


@cache
def _ring(radius: float, thick: float, points: int = 26, sides: int = 5) -> F32:
    """A torus in the x-z plane around the origin, faces [points, sides, 4, 3]."""
    turn = np.linspace(0, 2 * np.pi, points + 1)
    around = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    reach = radius + thick * np.cos(around)[None]
    grid = np.stack(
        [
            reach * np.cos(turn)[:, None],
            np.broadcast_to(thick * np.sin(around), reach.repeat(points + 1, 0).shape),
            reach * np.sin(turn)[:, None],
        ],
        -1,
    )
    return loft(grid.astype(np.float32))


def bicycle(rgb: Rgb, travel_m: float) -> Solid:
    """Faces of a bicycle in metres, x forward, its wheels at x = -0.52 and 0.52; travel_m turns wheels and cranks."""
    dark, steel = (0.06, 0.06, 0.065), (0.55, 0.56, 0.58)
    parts = []
    for centre in (_REAR, _FRONT):
        parts.append(paint(_ring(WHEEL_M - 0.018, 0.018) + np.array(centre, np.float32), dark))
        parts.append(paint(_ring(WHEEL_M - 0.045, 0.009) + np.array(centre, np.float32), steel, gloss=0.3))
        parts.append(_spokes(centre, travel_m))
    bars = (
        (_REAR, _CRANK),
        (_REAR, _SEAT),
        (_CRANK, _SEAT),
        (_CRANK, _HEAD_LOW),
        (_SEAT, _HEAD_TOP),
        (_HEAD_LOW, _HEAD_TOP),
    )
    parts += [paint(stroke([a, b], 0.036, 6), rgb, gloss=0.3) for a, b in bars]
    parts.append(paint(stroke([_HEAD_LOW, _FRONT], 0.03, 6), rgb, gloss=0.3))
    parts.append(paint(stroke([_SEAT, (-0.235, 0, 0.95)], 0.026, 5), steel))
    parts.append(paint(stroke([(-0.37, 0, 0.96), (-0.26, 0, 0.97), (-0.10, 0, 0.955)], 0.085, 6), dark))
    parts.append(paint(stroke([_HEAD_TOP, (0.30, 0, 1.0)], 0.026, 5), steel))
    parts.append(
        paint(stroke([(0.38, 0.28, 1.0), (0.33, 0.12, 1.02), (0.33, -0.12, 1.02), (0.38, -0.28, 1.0)], 0.03, 5), dark)
    )
    parts.append(_cranks(travel_m / WHEEL_M / GEAR))
    return join(parts)


def crank_angle(travel_m: float) -> float:
    """Radians of the cranks after a way."""
    return travel_m / WHEEL_M / GEAR


def _spokes(centre: tuple[float, float, float], travel_m: float) -> Solid:
    turn = -travel_m / WHEEL_M + np.arange(9) * 2 * np.pi / 9
    tips = np.stack([np.cos(turn), np.zeros(9), np.sin(turn)], -1) * (WHEEL_M - 0.05) + np.array(centre)
    return join([paint(stroke([centre, tip], 0.006, 3), (0.5, 0.5, 0.52)) for tip in tips])


def _cranks(angle: float) -> Solid:
    parts = [paint(_ring(0.07, 0.02, 12, 4) + np.array(_CRANK, np.float32), (0.25, 0.25, 0.26))]
    for side, a in ((1, angle), (-1, angle + np.pi)):
        y = 0.07 * side
        tip = (_CRANK[0] + 0.17 * np.cos(a), y, _CRANK[2] - 0.17 * np.sin(a))
        parts.append(paint(stroke([(_CRANK[0], y, _CRANK[2]), tip], 0.024, 4), (0.3, 0.3, 0.31)))
        parts.append(paint(stroke([tip, (tip[0], y + 0.1 * side, tip[2])], 0.05, 4), (0.08, 0.08, 0.08)))
    return join(parts)
