"""Turns a picture upright: a display matrix in, planes that need no turning out.

Source: ISO/IEC 14496-12, 6.2.2 (the transformation matrix of a track): x' = a x + c y, y' = b x + d y.
"""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.records import U8, Planes, Stored

Sign = Literal[-1, 1]


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight ways to lay a picture down: first transposed, then mirrored where a sign is -1."""

    transposed: bool = False
    sign_x: Sign = 1
    sign_y: Sign = 1

    @classmethod
    def from_matrix(cls, matrix: npt.NDArray[np.int32]) -> "Orientation":
        """The nearest of the eight to a display matrix: int32 [9], a b u c d v x y w."""
        a, b, c, d = (int(matrix[i]) for i in (0, 1, 3, 4))
        transposed = abs(b) > abs(a)
        return cls(transposed, _sign(c if transposed else a), _sign(b if transposed else d))

    @classmethod
    def from_degrees(cls, degrees: int) -> "Orientation":
        """A rotation, counterclockwise, to the nearest quarter turn."""
        return (cls(), cls(True, 1, -1), cls(False, -1, -1), cls(True, -1, 1))[round(degrees / 90) % 4]

    def stored(self, size_hw: tuple[int, int]) -> Stored:
        """What a frame tells of a picture of size_hw that was turned so."""
        return Stored(size_hw, self.transposed, self.sign_x, self.sign_y)

    def __str__(self) -> str:
        turns = {(True, 1, -1): 90, (False, -1, -1): 180, (True, -1, 1): 270}
        degrees = turns.get((self.transposed, self.sign_x, self.sign_y))
        return f"rotated by {degrees} degrees counterclockwise" if degrees else "mirrored"


UPRIGHT = Orientation()


def _sign(value: int) -> Sign:
    return -1 if value < 0 else 1


def turn_upright(planes: Planes, orientation: Orientation, *, chroma_left: bool) -> Planes:
    """The planes turned; chroma comes out centred (chroma_site "center").

    Luma pixels are only moved. Chroma is moved too where its samples fall on samples, else interpolated: those of
    left-sited chroma and of odd sizes lie between the samples of the turned picture.
    """
    luma = cv2.transpose(planes.y) if orientation.transposed else planes.y
    if orientation.sign_x < 0:
        luma = cv2.flip(luma, 1)
    if orientation.sign_y < 0:
        luma = cv2.flip(luma, 0)
    turned = replace(planes, y=np.ascontiguousarray(luma))
    matrix = _chroma_matrix(turned.size_hw, orientation, 0.0 if chroma_left else 0.5)
    size = (turned.size_hw[1] + 1) // 2, (turned.size_hw[0] + 1) // 2
    return replace(turned, u=_sample(planes.u, matrix, size), v=_sample(planes.v, matrix, size))


def _chroma_matrix(size_hw: tuple[int, int], orientation: Orientation, site: float) -> npt.NDArray[np.float64]:
    """2x3: column and row of a turned chroma sample to column and row of the one it came from."""
    across, down = orientation.sign_x, orientation.sign_y
    # luma position of turned chroma column i is 2 i + 0.5, counted from the other side where mirrored
    column = np.array([2.0 * across, 0, 0.5 * across + (size_hw[1] - 1 if across < 0 else 0)])
    row = np.array([0, 2.0 * down, 0.5 * down + (size_hw[0] - 1 if down < 0 else 0)])
    x, y = (row, column) if orientation.transposed else (column, row)
    return np.array([(x - [0, 0, site]) / 2, (y - [0, 0, 0.5]) / 2])


def _sample(plane: U8, matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> U8:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(plane, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
