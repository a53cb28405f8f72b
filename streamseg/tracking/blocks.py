"""A picture as blocks of 2x2 pixels: some of them, and what a network is to see of each (refiner.py)."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.geometry import F32, U8
from streamseg.tracking.grid import Indices, Points

_CELL_SCALE = 20
"""What a cell's width in pixels counts, so that 12 px come near 255."""
_GUESSES, _MASK = 9 * 8, 9
INPUTS = _GUESSES + _MASK + 3
_PAIR = np.dtype("V6")
"""Two pixels side by side: to pick and put them as one is several times as quick as number by number."""
_WORDS = -(-INPUTS // 8)
"""An input is a byte, a block's guesses are a word of 8."""


@dataclass(frozen=True)
class Blocks:
    """Some blocks [N] of a picture, as points of a grid of all of them."""

    points: Points

    @classmethod
    def holding(cls, marked: U8) -> "Blocks":
        """Those with a marked pixel in a picture of even sides (uint8 [h, w], 0 or 255)."""
        # the average of four is 64 or more where one of them is 255
        height, width = marked.shape
        return cls(Points.where(cv2.resize(marked, (width // 2, height // 2), interpolation=cv2.INTER_AREA)))

    def __len__(self) -> int:
        return len(self.points.at)

    @cached_property
    def places(self) -> tuple[Indices, Indices]:
        """Rows and columns [N], in blocks."""
        rows, columns = np.divmod(self.points.at, self.points.size_hw[1])
        return rows, columns

    def grown(self) -> "Blocks":
        """These and all next to one of them."""
        return Blocks(self.points.grown())

    def around(self, step: int) -> list[Indices]:
        """Flat indices [N] of the 3x3 blocks step apart around each; beyond the picture's edge, of the nearest."""
        (height, width), (rows, columns) = self.points.size_hw, self.places
        above = [one * width for one in (np.maximum(rows - step, 0), rows, np.minimum(rows + step, height - 1))]
        aside = np.maximum(columns - step, 0), columns, np.minimum(columns + step, width - 1)
        return [row + column for row in above for column in aside]

    def pixels(self) -> Indices:
        """Flat indices [4, N] of their pixels in the picture: upper left, lower left, upper right, lower right."""
        (rows, columns), width = self.places, 2 * self.points.size_hw[1]
        first = 2 * (rows * width + columns)
        return np.stack([first, first + width, first + 1, first + width + 1])

    def colours(self, rgb: U8) -> U8:
        """Those of their pixels, left and right, upper and lower: uint8 [2, 3, 2, N]."""
        pairs = _pairs(rgb).take(self._pairs_at()).view(np.uint8)
        return cv2.transpose(pairs.reshape(-1, 6)).reshape(2, 3, 2, -1)

    def put_colours(self, rgb: U8, colours: U8) -> None:
        """Write them (uint8 [2, 3, 2, N]) into rgb, in place."""
        pairs = cv2.transpose(colours.reshape(6, -1)).view(_PAIR).reshape(-1)
        np.put(_pairs(rgb), self._pairs_at(), pairs)

    def _pairs_at(self) -> Indices:
        """Flat indices [2 N] of their upper and of their lower two pixels, in a picture of pairs."""
        (rows, columns), width = self.places, self.points.size_hw[1]
        upper = 2 * rows * width + columns
        return np.concatenate([upper, upper + width])

    def within(self, step: int) -> Indices:
        """Flat indices [N] of the step x step pixels that they lie in (step even), in a grid of those."""
        rows, columns = self.places
        return rows // (step // 2) * (2 * self.points.size_hw[1] // step) + columns // (step // 2)

    def grid_points(self, step: int) -> Points:
        """Those, each once."""
        chosen = np.zeros([2 * side // step for side in self.points.size_hw], np.uint8)
        chosen.reshape(-1)[self.within(step)] = 1
        return Points.where(chosen)


def guesses(rgb: U8, terms: F32, blocks: Blocks) -> U8:
    """The guesses at the four pixels of some blocks by their lines (float32 [4, 2, N]): uint8 [N, 8]."""
    red, green, blue = blocks.colours(rgb).astype(np.float32).swapaxes(0, 1)
    terms = terms[:, :, None, None]
    made = terms[0] * red
    made += terms[1] * green
    made += terms[2] * blue
    made += terms[3]
    np.clip(made, 0, 255, out=made)
    return cv2.transpose(made.reshape(8, -1).astype(np.uint8))


def look(coarse: U8, guessed: U8, apart: U8, *, blocks: Blocks, near: Blocks, cell_px: float) -> U8:
    """What the network sees: uint8 [N, INPUTS].

    The two guesses at the pixels of 3x3 blocks (guessed: uint8 [M, 8], of the blocks near), the mask at 3x3 blocks
    twice as far apart (coarse: uint8 [h, w]), how far object and background are apart (uint8 [2, N]), a cell's size.
    """
    height, width = blocks.points.size_hw
    placed = np.zeros(height * width, np.uint64)
    placed[near.points.at] = guessed.view(np.uint64)[:, 0]
    mask = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_AREA).reshape(-1)
    words = np.empty((len(blocks), _WORDS), np.uint64)
    seen = words.view(np.uint8)
    for k, index in enumerate(blocks.around(1)):
        words[:, k] = placed.take(index)
    for k, index in enumerate(blocks.around(2)):
        seen[:, _GUESSES + k] = mask.take(index)
    seen[:, INPUTS - 3 : INPUTS - 1] = apart.T
    seen[:, INPUTS - 1] = min(255, round(_CELL_SCALE * cell_px))
    return seen[:, :INPUTS]


def _pairs(rgb: U8) -> npt.NDArray[np.void]:
    return rgb.reshape(-1).view(_PAIR)
