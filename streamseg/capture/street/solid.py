"""Solids made of four-sided faces: tubes, lofts, boxes and strokes, in metres.

A solid's own axes: x forward, y to its left, z up; `placed` puts it into the street.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Solid:
    """Faces seen from outside.

    quads: float32 [M, 4, 3] corners; albedo: float32 [M, 3] RGB 0..1; gloss: float32 [M] 0..1, how much of its
    surroundings a face mirrors; glow: float32 [M] 0..1, how much it shines by itself; bias: float32 [M] metres by which
    a face that lies on another one is drawn as if it were nearer.
    """

    quads: F32
    albedo: F32
    gloss: F32
    glow: F32
    bias: F32

    def placed(self, heading: float, s: float, t: float, z: float = 0.0) -> "Solid":
        """Turned by heading (radians from +s towards +t) and moved to (s, t, z)."""
        sine, cosine = np.float32(np.sin(heading)), np.float32(np.cos(heading))
        # a turn about z; y (left) points to +t when heading to +s
        turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]], np.float32)
        return Solid(self.quads @ turn + np.array([s, t, z], np.float32), self.albedo, self.gloss, self.glow, self.bias)


def paint(quads: F32, rgb: npt.ArrayLike, *, gloss: float = 0.0, glow: float = 0.0, bias: float = 0.0) -> Solid:
    """Faces [..., 4, 3] in one colour (RGB 0..1), or one colour a face [..., 3]."""
    flat = np.ascontiguousarray(quads.reshape(-1, 4, 3), np.float32)
    colours = np.asarray(rgb, np.float32)
    albedo = np.broadcast_to(colours.reshape(-1, 3), (len(flat), 3)) if colours.size == 3 else colours.reshape(-1, 3)
    gloss_all, glow_all, bias_all = (np.full(len(flat), value, np.float32) for value in (gloss, glow, bias))
    return Solid(flat, albedo, gloss_all, glow_all, bias_all)


def join(parts: Sequence[Solid]) -> Solid:
    """One solid of several."""
    return Solid(
        np.concatenate([p.quads for p in parts]),
        np.concatenate([p.albedo for p in parts]),
        np.concatenate([p.gloss for p in parts]),
        np.concatenate([p.glow for p in parts]),
        np.concatenate([p.bias for p in parts]),
    )


@cache
def _corners(rings: int, points: int, wrap: bool) -> I64:
    columns = points if wrap else points - 1
    i, j = np.mgrid[: rings - 1, :columns]
    k = (j + 1) % points
    return np.stack([i * points + j, i * points + k, (i + 1) * points + k, (i + 1) * points + j], axis=-1)


def loft(grid: F32, *, wrap: bool = True) -> F32:
    """Faces [..., rings - 1, columns, 4, 3] through a grid of points [..., rings, points, 3].

    Outside is where (next point) x (next ring) points. wrap joins the last point to the first.
    """
    rings, points = grid.shape[-3:-1]
    flat = grid.reshape(*grid.shape[:-3], rings * points, 3)
    return np.asarray(flat[..., _corners(rings, points, wrap), :], np.float32)


def cross(a: F32, b: F32) -> F32:
    """Cross product along the last axis; faster than NumPy's for many short calls."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape), np.float32)
    out[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    out[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    out[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return out


def unit(vectors: F32) -> F32:
    """Vectors [..., 3] at length 1; zero stays zero."""
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    return np.asarray(vectors / (length + 1e-9)[..., None], np.float32)


@cache
def _circle(points: int) -> tuple[F32, F32]:
    angle = np.arange(points, dtype=np.float32) * np.float32(2 * np.pi / points)
    return np.cos(angle), np.sin(angle)


def rings(path: F32, radii: F32, side: npt.ArrayLike, points: int) -> F32:
    """Rings [..., k + 2, points, 3] around paths [..., k, 3], closed at both ends.

    radii: [..., k, 2] metres along side (made square to the path) and across it.
    """
    along = np.empty_like(path)
    along[..., 1:-1, :] = path[..., 2:, :] - path[..., :-2, :]
    along[..., 0, :], along[..., -1, :] = path[..., 1, :] - path[..., 0, :], path[..., -1, :] - path[..., -2, :]
    along = unit(along)
    side = np.broadcast_to(np.asarray(side, np.float32), path.shape)
    first = unit(side - np.einsum("...i,...i->...", side, along)[..., None] * along)
    second = cross(along, first)
    cosine, sine = _circle(points)
    out = np.empty((*path.shape[:-2], path.shape[-2] + 2, points, 3), np.float32)
    out[..., 1:-1, :, :] = (
        path[..., None, :]
        + (radii[..., 0, None] * cosine)[..., None] * first[..., None, :]
        + (radii[..., 1, None] * sine)[..., None] * second[..., None, :]
    )
    out[..., 0, :, :], out[..., -1, :, :] = path[..., :1, :], path[..., -1:, :]
    return out


def tube(path: npt.ArrayLike, radii: npt.ArrayLike, side: npt.ArrayLike, points: int) -> F32:
    """Faces [..., k + 1, points, 4, 3] of tubes along paths [..., k, 3]; see rings."""
    centre, radius = np.asarray(path, np.float32), np.asarray(radii, np.float32)
    if radius.ndim < centre.ndim:
        radius = np.broadcast_to(radius, (*centre.shape[:-1], 2))
    return loft(rings(centre, radius, side, points))


def ball(centre: npt.ArrayLike, radii: Sequence[float], bands: int = 6, points: int = 10) -> F32:
    """Faces [bands, points, 4, 3] of an ellipsoid with half axes radii (x, y, z)."""
    tilt = np.linspace(-np.pi / 2, np.pi / 2, bands + 1, dtype=np.float32)
    cosine, sine = _circle(points)
    grid = np.empty((bands + 1, points, 3), np.float32)
    grid[..., 0] = np.cos(tilt)[:, None] * cosine * radii[0]
    grid[..., 1] = np.cos(tilt)[:, None] * sine * radii[1]
    grid[..., 2] = np.sin(tilt)[:, None] * radii[2]
    return loft(grid + np.asarray(centre, np.float32))


def box(low: npt.ArrayLike, high: npt.ArrayLike, taper: float = 1.0) -> F32:
    """Six faces [6, 4, 3] of a box; taper shrinks its top about the middle."""
    (x0, y0, z0), (x1, y1, z1) = np.asarray(low, float), np.asarray(high, float)
    base = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    top = (base - base.mean(0)) * taper + base.mean(0)
    a, b = np.c_[base, np.full(4, z0)], np.c_[top, np.full(4, z1)]
    sides = [[a[i], a[(i + 1) % 4], b[(i + 1) % 4], b[i]] for i in range(4)]
    return np.asarray([*sides, b, a[::-1]], np.float32)


def disc(centre: npt.ArrayLike, radius: float, side: float, points: int = 20) -> F32:
    """Faces [points / 2 - 1, 4, 3] of a wheel-like disc in the x-z plane that looks to side (+1: +y, -1: -y)."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, points // 2 + 1)
    front = np.stack([np.cos(angle), np.zeros_like(angle), np.sin(angle)], -1) * radius
    back = front * [-1, 1, 1]
    quads = np.stack([front[:-1], back[:-1], back[1:], front[1:]], 1) if side > 0 else None
    if quads is None:
        quads = np.stack([back[:-1], front[:-1], front[1:], back[1:]], 1)
    return np.asarray(quads + np.asarray(centre, float), np.float32)


def stroke(points: npt.ArrayLike, width: float, sides: int = 4) -> F32:
    """Faces of a thin round bar along a polyline [k, 3], width in metres."""
    path = np.asarray(points, np.float32)
    along = path[-1] - path[0]
    side = (0.0, 0.0, 1.0) if abs(along[2]) < 0.9 * np.linalg.norm(along) else (0.0, 1.0, 0.0)
    return tube(path, (width / 2, width / 2), side, sides)
