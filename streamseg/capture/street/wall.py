"""A wall being painted, in metres, and the glass in it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.capture.street.looks import Rgb

F32 = npt.NDArray[np.float32]

WALLS: tuple[Rgb, ...] = (
    (0.55, 0.31, 0.24),
    (0.62, 0.42, 0.31),
    (0.83, 0.77, 0.66),
    (0.80, 0.69, 0.50),
    (0.62, 0.66, 0.68),
    (0.86, 0.84, 0.80),
    (0.66, 0.69, 0.58),
    (0.77, 0.58, 0.48),
    (0.50, 0.46, 0.43),
    (0.71, 0.74, 0.77),
    (0.45, 0.28, 0.23),
    (0.78, 0.72, 0.62),
)


@dataclass(slots=True)
class Wall:
    """A front being painted: metres from its lower left corner, x to the right, y up; see Front."""

    pixels: F32
    glow: F32
    scale: float
    height_m: float
    evening: bool

    def area(self, x0: float, y0: float, x1: float, y1: float) -> F32:
        """The pixels of a rectangle, to be changed in place (may be empty)."""
        return self.pixels[self.part(x0, y0, x1, y1)]

    def part(self, x0: float, y0: float, x1: float, y1: float) -> tuple[slice, slice]:
        """Rows and columns of a rectangle."""
        top, low = round((self.height_m - y1) * self.scale), round((self.height_m - y0) * self.scale)
        left, right = round(x0 * self.scale), round(x1 * self.scale)
        return slice(max(0, top), max(0, low)), slice(max(0, left), max(0, right))

    def fill(self, x0: float, y0: float, x1: float, y1: float, rgb: npt.ArrayLike) -> None:
        """One colour over a rectangle."""
        part = self.part(x0, y0, x1, y1)
        self.pixels[part], self.glow[part] = np.asarray(rgb, np.float32), 0

    def dim(self, x0: float, y0: float, x1: float, y1: float, factor: float) -> None:
        """Darker or lighter over a rectangle."""
        self.area(x0, y0, x1, y1)[:] *= np.float32(factor)


def glass(wall: Wall, rng: np.random.Generator, x0: float, y0: float, x1: float, y1: float) -> None:
    """A pane: dark, the sky in its upper part, sometimes a curtain, in the evening sometimes a light."""
    pane = wall.area(x0, y0, x1, y1)
    if pane.size == 0:
        return
    height, width = pane.shape[:2]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    lit = wall.evening and rng.random() < 0.45
    top, low = np.array([0.36, 0.42, 0.48], np.float32), np.array([0.10, 0.11, 0.13], np.float32)
    pane[:] = (top * (1 - down) + low * down) * np.float32(rng.uniform(0.7, 1.05))
    slant = (np.arange(width)[None] + np.arange(height)[:, None] * 0.6) / max(1, wall.scale)
    streak = np.clip(1 - np.abs(slant - rng.uniform(0.2, 1.4)) / 0.16, 0, 1).astype(np.float32)
    pane += 0.10 * streak[..., None]
    if rng.random() < 0.5:
        share = rng.uniform(0.12, 0.32)
        cloth = np.array([0.60, 0.57, 0.52], np.float32) * np.float32(rng.uniform(0.7, 1.1))
        edge = max(1, int(width * share))
        folds = 1 + 0.15 * np.sin(np.arange(edge, dtype=np.float32) / max(1.0, wall.scale) * 60)[None, :, None]
        pane[:, :edge] = pane[:, :edge] * 0.35 + cloth * folds * 0.65
        pane[:, -edge:] = pane[:, -edge:] * 0.35 + cloth * folds[:, ::-1] * 0.65
    if lit:
        pane[:] = pane * 0.35 + np.array([0.90, 0.66, 0.36], np.float32) * np.float32(rng.uniform(0.6, 1.0)) * (
            0.75 + 0.25 * down
        )
        wall.glow[wall.part(x0, y0, x1, y1)] = 0.92
    # the reveal throws a shadow on the glass
    pane[: max(1, int(0.07 * wall.scale))] *= np.float32(0.55)
    pane[:, : max(1, int(0.04 * wall.scale))] *= np.float32(0.65)
