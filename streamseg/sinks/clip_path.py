"""Where a clip's canvas goes: a smooth path along the object, so that the object stands still up to its own motion."""

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

_REACH_SIGMAS = 3.0
_ROUNDS = 2
_OUTLIER = 6.0
"""Points so many times farther off than the median one count for nothing."""


def smooth_path(times_s: F64, points: F64, trust: F64, *, sigma_s: float) -> F64:
    """Locally weighted linear regression, robust to outliers (LOWESS: Cleveland, JASA 74, 1979).

    A line through the neighbours, not their mean: a steady motion is followed to the very ends of the clip.

    Args:
        times_s: [N], growing.
        points: [N, 2] x, y in pixels.
        trust: [N, 2] above 0: how much each of these counts.
        sigma_s: of the Gaussian that weighs neighbours by their distance in time; what is slower is followed.

    Returns:
        float64 [N, 2].
    """
    path = _regressed(times_s, points, trust, sigma_s)
    for _ in range(_ROUNDS):
        off = np.abs(points - path)
        limit = _OUTLIER * np.maximum(np.median(off, axis=0), 0.5)
        inlier = np.square(1 - np.square(np.minimum(off / limit, 1)))
        path = _regressed(times_s, points, trust * np.maximum(inlier, 1e-6), sigma_s)
    return path


def lazy_path(path: F64, slack: float) -> F64:
    """A path [N, 2] that moves only where it must to stay within slack (pixels) of another, along each axis.

    What stands, or almost, gets a path that stands, and steady motion a steady one.
    """
    lazy = np.empty_like(path)
    here = path[0]
    for i, point in enumerate(path):
        here = lazy[i] = np.clip(here, point - slack, point + slack)
    return lazy


def _regressed(times_s: F64, points: F64, trust: F64, sigma_s: float) -> F64:
    """At each time the value there of the line through its neighbours."""
    reach_s = _REACH_SIGMAS * sigma_s
    begins = np.searchsorted(times_s, times_s - reach_s, side="left")
    ends = np.searchsorted(times_s, times_s + reach_s, side="right")
    path = np.empty_like(points)
    for i, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        apart = (times_s[begin:end, None] - times_s[i]) / sigma_s
        weight = np.exp(-0.5 * apart * apart) * trust[begin:end]
        mass, lean, spread = (np.sum(weight * power, axis=0) for power in (1, apart, apart * apart))
        spread = spread + 1e-9 * mass  # a lone point has no line
        share = weight * (spread - lean * apart) / (mass * spread - lean * lean)
        path[i] = np.sum(share * points[begin:end], axis=0)
    return path
