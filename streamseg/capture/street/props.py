"""Things that stand in the street for good: lamps, bollards, a bus shelter, bins, benches, signs, planters."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streamseg.capture.street.layout import Prop
from streamseg.capture.street.looks import Rgb
from streamseg.capture.street.solid import Solid, ball, box, join, paint, stroke, tube
from streamseg.capture.street.trees import trunk

F32 = npt.NDArray[np.float32]
_IRON: Rgb = (0.13, 0.14, 0.14)


def prop(thing: Prop, *, lit: bool = False) -> Solid:
    """The faces of a thing at its place; lit turns its lamp on. A tree is only its trunk here."""
    made = {
        "tree": lambda: trunk(thing.seed),
        "lamp": lambda: _lamp(lit),
        "bollard": _bollard,
        "shelter": lambda: _shelter(thing.seed, lit),
        "bin": _bin,
        "bench": _bench,
        "sign": lambda: _sign(thing.seed),
        "planter": lambda: _planter(thing.seed),
        "column": _bollard,
    }[thing.kind]()
    return made.placed(0.0, thing.s, thing.t)


def _turned(profile: Sequence[tuple[float, float]], points: int) -> F32:
    """Faces of a body turned on a lathe; profile: (height, radius) in metres from below."""
    heights, radii = np.array(profile, np.float32).T
    path = np.stack([np.zeros_like(heights), np.zeros_like(heights), heights], -1)
    return tube(path, np.stack([radii, radii], -1), (0, 1, 0), points)


def _post(height: float, radius: float, rgb: Rgb = _IRON) -> Solid:
    return paint(_turned([(z, radius) for z in np.linspace(0, height, 7)], 10), rgb, gloss=0.12)


def _lamp(lit: bool) -> Solid:
    glass = (1.0, 0.86, 0.58) if lit else (0.72, 0.72, 0.68)
    return join(
        [
            _post(4.4, 0.055),
            paint(_turned([(0, 0.13), (0.05, 0.12), (0.7, 0.10), (0.8, 0.065)], 12), _IRON),
            paint(stroke([[-0.3, 0, 4.0], [0.3, 0, 4.0]], 0.04, 6), _IRON),
            paint(_turned([(4.35, 0.10), (4.4, 0.12), (4.85, 0.20)], 8), glass, glow=1.0 if lit else 0.1),
            paint(_turned([(4.86, 0.25), (4.9, 0.24), (5.05, 0.06)], 10), _IRON),
        ]
    )


def _bollard() -> Solid:
    band = paint(_turned([(0.78, 0.066), (0.86, 0.066)], 10), (0.80, 0.80, 0.78), bias=0.03)
    return join([_post(0.95, 0.06), band, paint(ball((0, 0, 0.96), (0.07, 0.07, 0.06), 5, 10), _IRON)])


def _bin() -> Solid:
    green = (0.15, 0.24, 0.19)
    body = paint(_turned([(0.06, 0.21), (0.1, 0.24), (0.72, 0.25)], 16), green, gloss=0.15)
    slot = paint(_turned([(0.72, 0.215), (0.84, 0.215)], 16), (0.03, 0.03, 0.03))
    lid = paint(_turned([(0.84, 0.26), (0.88, 0.26), (0.97, 0.20), (1.0, 0.06)], 16), green, gloss=0.2)
    hoop = paint(_turned([(0.34, 0.255), (0.38, 0.255)], 16), (0.62, 0.52, 0.28), gloss=0.3, bias=0.02)
    return join([body, slot, lid, hoop])


def _bench() -> Solid:
    wood = (0.44, 0.29, 0.18)
    parts = [paint(box((-0.85, y, 0.43), (0.85, y + 0.11, 0.47)), wood) for y in (-0.18, -0.04, 0.10)]
    parts += [paint(box((-0.85, 0.26, z), (0.85, 0.30, z + 0.11)), wood) for z in (0.60, 0.76)]
    parts += [paint(box((x, -0.2, 0), (x + 0.06, 0.3, 0.43)), _IRON) for x in (-0.7, 0.65)]
    return join(parts)


def _sign(seed: int) -> Solid:
    rng = np.random.default_rng([seed, 51])
    rgb = ((0.16, 0.30, 0.58), (0.66, 0.12, 0.12), (0.80, 0.79, 0.75))[int(rng.integers(3))]
    plate = tube(
        [[0, 0.03, 2.5], [0, -0.04, 2.5], [0, -0.05, 2.5]],
        np.array([[0.25], [0.25], [0.24]]).repeat(2, 1),
        (1, 0, 0),
        20,
    )
    inner = tube([[0, -0.055, 2.5], [0, -0.06, 2.5]], np.array([[0.165], [0.165]]).repeat(2, 1), (1, 0, 0), 16)
    return join([_post(2.85, 0.035, (0.45, 0.46, 0.47)), paint(plate, rgb), paint(inner, (0.88, 0.87, 0.84), bias=0.1)])


def _planter(seed: int) -> Solid:
    rng = np.random.default_rng([seed, 52])
    parts = [paint(box((-0.5, -0.28, 0), (0.5, 0.28, 0.5), 1.06), (0.50, 0.48, 0.45))]
    for _ in range(34):
        x, y, r = rng.uniform(-0.42, 0.42), rng.uniform(-0.22, 0.22), rng.uniform(0.08, 0.15)
        bloom = rng.random() < 0.25
        rgb = np.array([0.72, 0.24, 0.32] if bloom else [0.22, 0.34, 0.14]) * rng.uniform(0.75, 1.2)
        parts.append(paint(ball((x, y, 0.55 + rng.uniform(0, 0.28)), (r, r, r * 0.9), 3, 6), rgb))
    return join(parts)


def _shelter(seed: int, lit: bool) -> Solid:
    rng = np.random.default_rng([seed, 53])
    steel = (0.24, 0.26, 0.27)
    parts = [paint(box((-1.9, -0.75, 2.32), (1.9, 0.65, 2.44)), steel)]
    parts += [paint(box((x - 0.035, 0.5, 0), (x + 0.035, 0.57, 2.32)), steel) for x in (-1.8, -0.6, 0.6, 1.8)]
    parts.append(paint(box((-1.8, 0.52, 0.35), (1.8, 0.54, 2.2)), (0.30, 0.35, 0.37), gloss=0.6))
    parts.append(paint(box((-1.2, 0.1, 0.42), (0.9, 0.42, 0.47)), (0.42, 0.30, 0.20)))
    poster = rng.uniform(0.25, 0.8, 3)
    parts.append(paint(box((1.79, -0.65, 0.4), (1.9, 0.45, 2.15)), steel))
    parts.append(paint(box((1.76, -0.58, 0.5), (1.92, 0.38, 2.05)), poster, glow=0.7 if lit else 0.0, bias=0.1))
    return join(parts)
