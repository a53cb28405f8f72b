"""Shop fronts for the ground floor of a wall."""

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.capture.street.looks import Rgb
from streamseg.capture.street.wall import WALLS, Wall, glass

F32 = npt.NDArray[np.float32]

SIGNS: tuple[Rgb, ...] = (
    (0.13, 0.22, 0.20),
    (0.40, 0.11, 0.12),
    (0.13, 0.17, 0.28),
    (0.18, 0.17, 0.16),
    (0.72, 0.60, 0.36),
    (0.25, 0.34, 0.24),
    (0.52, 0.30, 0.16),
)
NAMES = (
    "BAKERY",
    "BOOKS",
    "CAFE LUNA",
    "FLOWERS",
    "OPTIK",
    "PHARMACY",
    "RECORDS",
    "TAILOR",
    "DELI",
    "BISTRO",
    "TOYS",
    "HARDWARE",
    "TEA HOUSE",
    "CYCLES",
    "GALLERY",
    "FISH & CO",
    "BARBER",
    "WINE BAR",
    "STATIONERS",
    "CLOCKS",
    "SHOES",
    "ANTIQUES",
)


def shop(wall: Wall, rng: np.random.Generator, width: float, trim: F32) -> None:
    """A shop on the ground floor: window, door, board with its name, sometimes an awning."""
    sign = np.array(SIGNS[int(rng.integers(len(SIGNS)))])
    wall.fill(0.15, 0.0, width - 0.15, 3.35, sign * 0.9)
    door = float(rng.choice([0.45, width - 1.6]))
    spots = [(1.65, width - 0.4)] if door < 1 else [(0.4, width - 1.85)]
    for x0, x1 in spots:
        wall.fill(x0 - 0.08, 0.48, x1 + 0.08, 2.62, sign * 1.25)
        _display(wall, rng, x0, x1)
    wall.fill(door - 0.06, 0.05, door + 1.06, 2.62, sign * 1.25)
    glass(wall, rng, door + 0.08, 0.35, door + 0.92, 2.5)
    wall.fill(door + 0.76, 1.0, door + 0.80, 1.4, (0.7, 0.68, 0.62))
    wall.fill(0.15, 2.72, width - 0.15, 3.30, sign)
    wall.dim(0.15, 2.66, width - 0.15, 2.74, 0.5)
    wall.fill(0.1, 3.30, width - 0.1, 3.42, trim)
    _letters(wall, rng, width, np.array([0.88, 0.82, 0.62]) if sign.mean() < 0.4 else np.array([0.16, 0.13, 0.10]))
    if rng.random() < 0.6:
        _awning(wall, rng, width)


def _display(wall: Wall, rng: np.random.Generator, x0: float, x1: float) -> None:
    """A shop window with goods behind it."""
    glass(wall, rng, x0, 0.55, x1, 2.55)
    inside = wall.area(x0, 0.55, x1, 2.55)
    inside *= np.float32(0.85)
    if wall.evening:
        inside[:] = (
            inside * 0.4
            + np.array([0.74, 0.57, 0.35], np.float32)
            * np.linspace(1.15, 0.7, len(inside), dtype=np.float32)[:, None, None]
        )
        wall.glow[wall.part(x0, 0.55, x1, 2.55)] = 0.9
    x = x0 + 0.15
    while x < x1 - 0.4:
        w, h = rng.uniform(0.18, 0.55), rng.uniform(0.25, 1.0)
        goods = np.array(WALLS[int(rng.integers(len(WALLS)))]) * rng.uniform(0.35, 0.8)
        patch = wall.area(x, 0.58, min(x + w, x1), 0.58 + h)
        patch[:] = patch * 0.45 + goods.astype(np.float32) * 0.55
        x += w + rng.uniform(0.05, 0.4)
    for share in np.arange(1, max(2, int((x1 - x0) / 1.5))) / max(2, int((x1 - x0) / 1.5)):
        middle = x0 + (x1 - x0) * share
        wall.fill(middle - 0.03, 0.55, middle + 0.03, 2.55, (0.2, 0.19, 0.18))


def _letters(wall: Wall, rng: np.random.Generator, width: float, rgb: F32) -> None:
    """The shop's name on its board."""
    name = NAMES[int(rng.integers(len(NAMES)))]
    board = wall.area(0.3, 2.78, width - 0.3, 3.26)
    if board.shape[0] < 6:
        return
    fonts = cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX
    font, fine = fonts[int(rng.integers(3))], 4
    size = 0.55 * board.shape[0] * fine / 21
    thick = max(1, round(size * 1.6))
    (wide, tall), _ = cv2.getTextSize(name, font, size, thick)
    canvas = np.zeros((board.shape[0] * fine, board.shape[1] * fine), np.uint8)
    origin = (canvas.shape[1] - wide) // 2, (canvas.shape[0] + tall) // 2
    cv2.putText(canvas, name, origin, font, size, 255, thick, cv2.LINE_AA)
    share = cv2.resize(canvas, board.shape[1::-1], interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
    board[:] = board * (1 - share) + rgb.astype(np.float32) * share


def _awning(wall: Wall, rng: np.random.Generator, width: float) -> None:
    rgb = np.array(SIGNS[int(rng.integers(len(SIGNS)))]) * 1.3
    other = np.array([0.86, 0.83, 0.76])
    wall.dim(0.3, 1.35, width - 0.3, 2.1, 0.6)
    cloth = wall.area(0.25, 1.98, width - 0.25, 2.70)
    if cloth.size == 0:
        return
    height, wide = cloth.shape[:2]
    stripes = (np.arange(wide) / wall.scale / 0.28).astype(int) % 2
    colours = np.where(stripes[:, None] == 0, rgb, other).astype(np.float32)
    cloth[:] = colours[None] * np.linspace(1.05, 0.82, height, dtype=np.float32)[:, None, None]
    hem = max(1, int(height * 0.2))
    cloth[-hem:] *= np.float32(0.72)
