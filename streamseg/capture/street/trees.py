"""Trees as sprites: a trunk that forks, and a crown of many small leaf clumps lit from the sky."""

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.street.camera import Camera
from streamseg.capture.street.light import Light
from streamseg.capture.street.raster import Sprite, _fixed, _window
from streamseg.capture.street.solid import Solid, join, paint, tube

F32 = npt.NDArray[np.float32]
_GREENS = ((0.22, 0.33, 0.12), (0.28, 0.37, 0.14), (0.17, 0.29, 0.14), (0.36, 0.38, 0.15), (0.46, 0.34, 0.13))
_SHIFT = 4


def trunk(seed: int) -> Solid:
    """Trunk and limbs of a street tree at the origin."""
    rng = np.random.default_rng([seed, 41])
    bark = np.array([0.27, 0.22, 0.18]) * rng.uniform(0.85, 1.2)
    height = rng.uniform(2.3, 2.9)
    lean = rng.normal(0, 0.10, 2)
    points = np.array(
        [[0, 0, 0], [0.01, 0, 0.35], [lean[0] * 0.5, lean[1] * 0.5, 1.3], [*lean, height], [*lean * 1.3, height + 1.2]]
    )
    radius = np.array([0.20, 0.15, 0.125, 0.115, 0.05])[:, None].repeat(2, 1)
    quads = [tube(points, radius, (0, 1, 0), 12)]
    for turn in rng.uniform(0, 2 * np.pi, 4):
        tip = points[3] + [np.cos(turn) * 1.1, np.sin(turn) * 1.1, rng.uniform(1.0, 1.8)]
        limb = np.stack([points[3] - [0, 0, 0.3], (points[3] + tip) / 2 + [0, 0, -0.1], tip])
        quads.append(tube(limb, np.array([[0.08], [0.055], [0.03]]).repeat(2, 1), (0, 1, 0), 7))
    solids = []
    for q in quads:
        wave = np.sin(np.arange(q.shape[0] * q.shape[1]) * 12.9898) * 43758.5
        tone = 1 + 0.3 * (wave - np.floor(wave) - 0.5)
        solids.append(paint(q, (bark * tone[:, None]).astype(np.float32)))
    return join(solids)


def leaves(seed: int, count: int = 1500) -> tuple[F32, F32, F32]:
    """Clumps of a crown around the origin: centres [N, 3], the way they face [N, 3], albedo [N, 3]."""
    rng = np.random.default_rng([seed, 42])
    lobes = rng.normal(0, 1, (9, 3))
    lobes *= (rng.uniform(0.5, 1.0, 9) / np.linalg.norm(lobes, axis=1))[:, None]
    middles = lobes * [1.25, 1.25, 0.95] + [0, 0, 4.3]
    sizes = rng.uniform(0.65, 1.05, 9)
    which = rng.integers(0, 9, count)
    way = rng.normal(0, 1, (count, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    centres = middles[which] + way * (sizes[which] * rng.uniform(0.55, 1.05, count))[:, None]
    green = np.array(_GREENS[int(rng.integers(len(_GREENS)))]) * rng.uniform(0.85, 1.15)
    # clumps deep in the crown get little light
    deep = np.linalg.norm((centres - [0, 0, 4.3]) / [1.9, 1.9, 1.6], axis=1)
    tone = np.clip(0.35 + 0.65 * deep, 0.4, 1.05) * rng.uniform(0.72, 1.28, count)
    albedo = green[None] * tone[:, None] * rng.uniform(0.93, 1.07, (count, 3))
    return centres.astype(np.float32), way.astype(np.float32), albedo.astype(np.float32)


def crown(seed: int, place: tuple[float, float], camera: Camera, light: Light) -> Sprite | None:
    """The crown of a tree that stands at place (s, t)."""
    zoom = camera.scale(*place)
    count = int(np.clip(zoom * 70, 400, 7000))
    centres, way, albedo = leaves(seed, count)
    centres = centres + np.array([*place, 0], np.float32)
    seen = camera.project(centres)
    radius = 0.30 * (1500 / count) ** 0.42 * zoom
    margin = np.float32(radius * 1.5)
    window = _window(np.concatenate([seen[:, :2] - margin, seen[:, :2] + margin]), camera.size_hw)
    if window is None or float(seen[:, 2].min()) < 0.8:
        return None
    haze = light.fade(float(seen[:, 2].mean()))
    lit = light.shade(way * np.float32(0.8) + np.array([0, 0, 0.35], np.float32), albedo, 0.95) * 1.1
    lit = lit * (1 - haze) + np.asarray(light.haze, np.float32) * haze
    order = np.argsort(-seen[:, 2])
    shapes = _clumps(seed, seen[order, :2], radius)
    x0, y0, x1, y1 = window
    fine = 3 if y1 - y0 < 160 else 2
    canvas = np.zeros(((y1 - y0) * fine, (x1 - x0) * fine, 4), np.uint8)
    colours = np.clip(np.c_[lit[order] * 255, np.full(count, 255)], 0, 255).tolist()
    for shape, colour in zip(_fixed(shapes, (x0, y0), fine), colours, strict=True):
        cv2.fillPoly(canvas, [shape], colour, cv2.LINE_8, _SHIFT)
    small = cv2.resize(canvas, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return Sprite(np.ascontiguousarray(small[..., :3]), np.ascontiguousarray(small[..., 3]), (x0, y0))


def _clumps(seed: int, centres: F32, radius: float) -> F32:
    """Ragged leaf-like outlines [N, 7, 2] around centres [N, 2] in pixels."""
    rng = np.random.default_rng([seed, 43])
    angle = np.linspace(0, 2 * np.pi, 7, endpoint=False) + rng.uniform(0, 2 * np.pi, (len(centres), 1))
    reach = radius * rng.uniform(0.25, 0.85, (len(centres), 7))
    outline = np.stack([np.cos(angle) * reach, np.sin(angle) * reach * 0.8], -1)
    return (centres[:, None] + outline).astype(np.float32)


def crown_shadow(seed: int, place: tuple[float, float], light: Light) -> Solid:
    """Small upright faces where the crown's clumps are, to throw a dappled shadow with."""
    centres, _, _ = leaves(seed, 420)
    half = np.float32(0.17)
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32) * half
    quads = centres[:, None] + corners + np.array([*place, 0], np.float32)
    return paint(quads, (0.0, 0.0, 0.0))
