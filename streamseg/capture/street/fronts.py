"""House fronts: each painted flat, at the scale it will be seen at, then laid into the picture in perspective."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.street.layout import Lot
from streamseg.capture.street.looks import Rgb
from streamseg.capture.street.shops import shop
from streamseg.capture.street.wall import WALLS, Wall, glass

F32 = npt.NDArray[np.float32]

TRIMS: tuple[Rgb, ...] = ((0.86, 0.85, 0.81), (0.92, 0.91, 0.88), (0.30, 0.29, 0.28), (0.70, 0.68, 0.63))
DOORS: tuple[Rgb, ...] = (
    (0.16, 0.26, 0.22),
    (0.40, 0.12, 0.11),
    (0.14, 0.18, 0.30),
    (0.30, 0.19, 0.12),
    (0.10, 0.10, 0.11),
)


@dataclass(frozen=True, slots=True)
class Front:
    """albedo: float32 [h, w, 3] RGB 0..1; glow: float32 [h, w] 0..1, 1 where albedo is light of its own."""

    albedo: F32
    glow: F32


def wall_colour(lot: Lot) -> npt.NDArray[np.float64]:
    """RGB 0..1 of a lot's walls."""
    rng = np.random.default_rng([lot.seed, 31])
    return np.asarray(WALLS[int(rng.integers(len(WALLS)))]) * rng.uniform(0.92, 1.05)


def paint_front(lot: Lot, scale: float, *, evening: bool) -> Front:
    """A lot's front at scale pixels a metre; evening lights some windows."""
    rng = np.random.default_rng([lot.seed, 32])
    width, height = lot.s1 - lot.s0, lot.height_m
    size = max(4, round(height * scale)), max(4, round(width * scale))
    rgb = wall_colour(lot)
    wall = Wall(
        np.broadcast_to(rgb.astype(np.float32), (*size, 3)).copy(), np.zeros(size, np.float32), scale, height, evening
    )
    brick = rgb[0] - rgb[2] > 0.2 or rng.random() < 0.25
    _surface(wall, rng, brick)
    trim = np.array(TRIMS[int(rng.integers(len(TRIMS)))])
    ground = 3.4 if lot.kind == "shop" else 3.0
    y, storey = ground + 0.55, 2.95
    count = max(2, int(width / rng.uniform(2.1, 3.1)))
    shape = float(rng.uniform(0.95, 1.25)), float(rng.uniform(1.45, 1.85))
    panes = int(rng.integers(1, 4))
    while y + shape[1] < height - 0.4:
        for i in range(count):
            _window(wall, rng, ((i + 0.5) * width / count - shape[0] / 2, y), shape, trim, panes)
        y += storey
    _bands(wall, rng, trim, width, ground)
    if lot.kind == "shop":
        shop(wall, rng, width, trim)
    else:
        _house(wall, rng, width, trim, shape)
    if rng.random() < 0.7:
        _pipe(wall, float(rng.choice([0.15, width - 0.25])), height)
    _grime(wall, rng)
    return Front(np.clip(wall.pixels, 0.015, 0.97), wall.glow)


def _surface(wall: Wall, rng: np.random.Generator, brick: bool) -> None:
    height, width = wall.pixels.shape[:2]
    blotch = cv2.resize(
        rng.normal(0, 1, (max(2, height // 40), max(2, width // 40))).astype(np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    grain = rng.standard_normal((height, width), np.float32)
    tone = 1 + 0.035 * blotch + 0.03 * grain
    if brick and wall.scale > 14:
        course, length = 0.085 * wall.scale, 0.24 * wall.scale
        rows = np.arange(height, dtype=np.float32)[:, None] / course
        columns = np.arange(width, dtype=np.float32)[None] / length + 0.5 * (np.floor(rows) % 2)
        hashed = np.sin(np.floor(rows) * 127.1 + np.floor(columns) * 311.7) * 43758.5
        tone *= 1 + 0.20 * (hashed - np.floor(hashed) - 0.5)
        seams = [
            np.clip((0.012 * wall.scale - (at % 1) * pitch) + 0.5, 0, 1)
            for at, pitch in ((rows, course), (columns, length))
        ]
        tone *= 1 + 0.13 * np.maximum(*seams)
    wall.pixels *= tone[..., None]


def _window(
    wall: Wall, rng: np.random.Generator, at: tuple[float, float], shape: tuple[float, float], trim: F32, panes: int
) -> None:
    (x, y), (w, h) = at, shape
    wall.fill(x - 0.09, y - 0.05, x + w + 0.09, y + h + 0.10, trim * 0.97)
    wall.dim(x - 0.09, y - 0.05, x - 0.07, y + h + 0.1, 0.8)
    glass(wall, rng, x, y, x + w, y + h)
    frame = trim * 0.92
    for i in range(1, panes):
        wall.fill(x + w * i / panes - 0.025, y, x + w * i / panes + 0.025, y + h, frame)
    wall.fill(x, y + h * 0.62 - 0.02, x + w, y + h * 0.62 + 0.02, frame)
    for edge in (x, x + w - 0.05):
        wall.fill(edge, y, edge + 0.05, y + h, frame)
    wall.fill(x - 0.14, y - 0.13, x + w + 0.14, y - 0.04, trim)
    wall.dim(x - 0.14, y - 0.24, x + w + 0.14, y - 0.13, 0.74)
    wall.fill(x - 0.12, y + h + 0.08, x + w + 0.12, y + h + 0.24, trim * 0.93)
    wall.dim(x - 0.12, y + h + 0.05, x + w + 0.12, y + h + 0.08, 0.72)
    if rng.random() < 0.16:
        _flowers(wall, rng, x - 0.05, x + w + 0.05, y - 0.02)


def _flowers(wall: Wall, rng: np.random.Generator, x0: float, x1: float, y: float) -> None:
    wall.fill(x0, y - 0.16, x1, y, (0.33, 0.21, 0.15))
    for _ in range(26):
        x, up = rng.uniform(x0, x1), rng.uniform(0, 0.26)
        rgb = (
            np.array([0.20, 0.34, 0.14]) if rng.random() < 0.6 else np.array([0.78, 0.24, 0.26]) * rng.uniform(0.8, 1.2)
        )
        wall.fill(x - 0.05, y + up - 0.06, x + 0.05, y + up + 0.04, rgb * rng.uniform(0.8, 1.2))


def _bands(wall: Wall, rng: np.random.Generator, trim: F32, width: float, ground: float) -> None:
    """Plinth, string course and cornice with the shadows they throw."""
    wall.area(0, 0, width, 0.45)[:] *= np.array([0.62, 0.62, 0.64], np.float32)
    wall.dim(0, 0.43, width, 0.47, 1.25)
    if rng.random() < 0.7:
        wall.fill(0, ground + 0.06, width, ground + 0.22, trim * 0.92)
        wall.dim(0, ground - 0.06, width, ground + 0.06, 0.72)
    top = wall.height_m
    wall.fill(0, top - 0.34, width, top, trim * 0.9)
    wall.dim(0, top - 0.16, width, top - 0.10, 0.75)
    wall.dim(0, top - 0.62, width, top - 0.34, 0.66)
    # the joint to the neighbour
    wall.dim(0, 0, 0.03, top, 0.55)
    wall.dim(width - 0.03, 0, width, top, 0.7)


def _door(wall: Wall, rng: np.random.Generator, x: float, trim: F32, width: float = 0.95) -> None:
    rgb = np.array(DOORS[int(rng.integers(len(DOORS)))])
    wall.fill(x - 0.14, 0.12, x + width + 0.14, 2.75, trim)
    wall.dim(x - 0.02, 0.12, x + width + 0.02, 2.62, 0.45)
    glass(wall, rng, x, 2.25, x + width, 2.58)
    wall.fill(x, 0.14, x + width, 2.18, rgb)
    for low, high in ((0.30, 0.95), (1.10, 2.02)):
        for left in (0.10, width / 2 + 0.05):
            wall.dim(x + left, low, x + left + width / 2 - 0.15, high, 0.78)
            wall.dim(x + left, low, x + left + width / 2 - 0.15, low + 0.03, 1.5)
    wall.fill(x + width - 0.14, 1.02, x + width - 0.08, 1.09, (0.75, 0.62, 0.30))
    wall.dim(x, 2.08, x + width, 2.18, 0.6)
    wall.fill(x - 0.2, 0.0, x + width + 0.2, 0.14, (0.55, 0.54, 0.52))
    wall.dim(x - 0.2, 0.0, x + width + 0.2, 0.05, 0.7)


def _house(wall: Wall, rng: np.random.Generator, width: float, trim: F32, shape: tuple[float, float]) -> None:
    door = float(rng.choice([0.9, width / 2 - 0.5, width - 2.0]))
    _door(wall, rng, door, trim)
    count = max(2, int(width / 2.6))
    for i in range(count):
        x = (i + 0.5) * width / count - shape[0] / 2
        if x + shape[0] + 0.35 < door or x > door + 1.3:
            _window(wall, rng, (x, 0.95), (shape[0], min(shape[1], 1.65)), trim, 2)


def _pipe(wall: Wall, x: float, height: float) -> None:
    wall.dim(x + 0.10, 0, x + 0.16, height, 0.7)
    wall.fill(x, 0.1, x + 0.10, height, (0.40, 0.39, 0.38))
    wall.dim(x + 0.06, 0.1, x + 0.10, height, 0.7)


def _grime(wall: Wall, rng: np.random.Generator) -> None:
    height, width = wall.pixels.shape[:2]
    up = np.linspace(wall.height_m, 0, height, dtype=np.float32)
    wall.pixels *= (1 - 0.20 * np.exp(-up / 0.5))[:, None, None]
    columns = cv2.GaussianBlur(rng.normal(0, 1, (1, width)).astype(np.float32), (0, 0), max(1.0, 0.06 * wall.scale))
    wall.pixels *= 1 + 0.05 * columns[..., None] * np.linspace(1, 0.2, height, dtype=np.float32)[:, None, None]
