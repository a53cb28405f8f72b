"""A picture as blocks of 2x2 pixels: those in doubt, and what a network is to see of each (refiner.py)."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.geometry import U8
from streamseg.tracking.colour_lines import Lines

_ZERO, _ONE = 43, 213
"""What stands for alpha 0 and 1 in a guess: there is room beyond both."""
_CELL_SCALE = 20
"""What a cell's width in pixels counts, so that 12 px come near 255."""
INPUTS = 9 * 16 + 9 + 3

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Blocks:
    """rows and columns (in blocks) [N] of blocks, in a picture of grid_hw blocks."""

    rows: Indices
    columns: Indices
    grid_hw: tuple[int, int]

    def around(self, step: int) -> list[Indices]:
        """Flat indices [N] of the 3x3 blocks step apart around each; beyond the picture's edge, of the nearest."""
        height, width = self.grid_hw
        rows = [np.clip(self.rows + step * d, 0, height - 1) * width for d in (-1, 0, 1)]
        columns = [np.clip(self.columns + step * d, 0, width - 1) for d in (-1, 0, 1)]
        return [row + column for row in rows for column in columns]


def blocks_of(band: npt.NDArray[np.bool_]) -> tuple[Blocks, Indices]:
    """The blocks of band (bool [h, w], h and w even) with a True, and flat indices of them and their neighbours."""
    quads = band.reshape(band.shape[0] // 2, 2, band.shape[1] // 2, 2)
    touched = quads[:, 0, :, 0] | quads[:, 0, :, 1] | quads[:, 1, :, 0] | quads[:, 1, :, 1]
    near = cv2.dilate(touched.view(np.uint8), np.ones((3, 3), np.uint8))
    rows, columns = np.divmod(np.flatnonzero(touched), touched.shape[1])
    return Blocks(rows, columns, touched.shape), np.flatnonzero(near)


def look(rgb: U8, coarse: U8, lines: Lines, *, blocks: Blocks, near: Indices, cell_px: float) -> U8:
    """What the network sees: uint8 [N, INPUTS], of rgb (uint8 [h, w, 3]) and coarse, the mask on it (uint8 [h, w]).

    The four guesses at the pixels of 3x3 blocks, the mask at 3x3 blocks twice as far apart, how far object and
    background are apart, and the size of a cell.
    """
    height, width = blocks.grid_hw
    guesses = np.zeros((height * width, 16), np.uint8)
    guesses[near] = _guesses(rgb, lines, near)
    mask = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_AREA).ravel()
    seen = np.empty((len(blocks.rows), INPUTS), np.uint8)
    for k, index in enumerate(blocks.around(1)):
        seen[:, 16 * k : 16 * k + 16] = guesses.take(index, axis=0)
    for k, index in enumerate(blocks.around(2)):
        seen[:, 144 + k] = mask.take(index)
    seen[:, -3:-1] = lines.apart.reshape(-1, 2).take(_points(lines, blocks.rows, blocks.columns), axis=0)
    seen[:, -1] = min(255, round(_CELL_SCALE * cell_px))
    return seen


def put(picture: U8, blocks: Blocks, values: U8) -> None:
    """Write values (uint8 [N, 4]: upper left, upper right, lower left, lower right) into picture (uint8 [h, w])."""
    flat, width = picture.reshape(-1), picture.shape[1]
    first = 2 * (blocks.rows * width + blocks.columns)
    for k, offset in enumerate((0, 1, width, width + 1)):
        flat[first + offset] = values[:, k]


def _guesses(rgb: U8, lines: Lines, near: Indices) -> U8:
    """The guesses at the four pixels of some blocks (flat indices [N]) by their lines: uint8 [N, 16]."""
    width = rgb.shape[1]
    rows, columns = np.divmod(near, width // 2)
    terms = lines.terms.reshape(-1, 16).take(_points(lines, rows, columns), axis=0).reshape(-1, 4, 4)
    # one number a pixel, red to 255: quicker to pick than three
    packed = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA).view(np.uint32).ravel()
    first = 2 * (rows * width + columns)
    shown = np.stack([packed.take(first + offset) for offset in (0, 1, width, width + 1)], 1)
    colours = shown.view(np.uint8).reshape(-1, 4, 4).astype(np.float32) * np.float32((_ONE - _ZERO) / 255)
    guesses = colours @ terms + np.float32(_ZERO + 0.5)
    return np.clip(guesses, 0, 255, out=guesses).astype(np.uint8).reshape(-1, 16)


def _points(lines: Lines, rows: Indices, columns: Indices) -> Indices:
    """Flat index of the grid's point that each block's middle lies in."""
    return (2 * rows + 1) // lines.step * lines.terms.shape[1] + (2 * columns + 1) // lines.step
