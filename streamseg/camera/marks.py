"""A picture's number drawn into it: for people as digits, for programs as cells of black and white that survive codecs.

The cells stand in the upper left corner, 8 columns and 4 rows, each a square of height / 90 (at least 4) pixels, around
them a black margin of one cell. Row by row: white, black, black, white; 20 bits of the number, highest first, white is
1; 8 bits of CRC-8 (polynomial 0x07) over the 20 bits as three bytes.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]

COLUMNS, ROWS = 8, 4
NUMBERS = 1 << 20
"""Numbers begin again at 0 after so many."""
LEAST_SIZE_PX = (40, 24)
"""The smallest picture (width, height) that holds a mark."""
_FRAMING = (True, False, False, True)
_LEAST_CELL_PX = 4.0
_LEAST_CONTRAST = 60.0


def draw_mark(rgb: U8, number: int, *, text: str = "") -> None:
    """Draw a number into a picture, in place.

    Args:
        rgb: uint8 [h, w, 3] (or [h, w]), at least LEAST_SIZE_PX.
        number: what to write, modulo NUMBERS.
        text: shown below the cells where there is room for it.
    """
    cell = _cell_px(rgb.shape[0])
    rows, columns = _edges(cell, ROWS), _edges(cell, COLUMNS)
    rgb[: round((ROWS + 2) * cell), : round((COLUMNS + 2) * cell)] = 0
    for index, bit in enumerate(_bits(number)):
        row, column = divmod(index, COLUMNS)
        rgb[rows[row] : rows[row + 1], columns[column] : columns[column + 1]] = 255 if bit else 0
    if text:
        _write(rgb, text, cell)


def read_mark(picture: npt.NDArray[Any]) -> int | None:
    """The number in a picture: uint8 [h, w] luma, or [h, w, 3] in any order of colours; None where none can be read.

    The picture may have been encoded, and scaled as a whole if it had 360 lines or more.
    """
    luma = picture if picture.ndim == 2 else picture[:, :, 1]
    cell = _cell_px(luma.shape[0])
    if luma.shape[0] < (ROWS + 2) * cell or luma.shape[1] < (COLUMNS + 2) * cell:
        return None
    centres = np.array([[_centre(luma, row, column, cell) for column in range(COLUMNS)] for row in range(ROWS)])
    dark, bright = centres.min(), centres.max()
    if bright - dark < _LEAST_CONTRAST:
        return None
    bits = [bool(b) for b in (centres > (dark + bright) / 2).ravel()]
    number = sum(bit << (19 - place) for place, bit in enumerate(bits[4:24]))
    return number if bits == _bits(number) else None


def _cell_px(height: int) -> float:
    return max(_LEAST_CELL_PX, height / 90)


def _edges(cell: float, count: int) -> list[int]:
    return [round((1 + index) * cell) for index in range(count + 1)]


def _centre(luma: npt.NDArray[Any], row: int, column: int, cell: float) -> float:
    """Mean of a cell's inner half."""
    top, left = (1 + row) * cell, (1 + column) * cell
    inner = luma[round(top + cell / 4) : round(top + 3 * cell / 4), round(left + cell / 4) : round(left + 3 * cell / 4)]
    return float(inner.mean())


def _bits(number: int) -> list[bool]:
    number %= NUMBERS
    word = (number << 8) | _crc8(number.to_bytes(3, "big"))
    return [*_FRAMING, *(bool(word >> place & 1) for place in range(27, -1, -1))]


def _crc8(content: bytes) -> int:
    value = 0
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = ((value << 1) ^ 0x07 if value & 0x80 else value << 1) & 0xFF
    return value


def _write(rgb: U8, text: str, cell: float) -> None:
    scale = cell / 10
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    left, top = 0, round((ROWS + 2) * cell)
    right, bottom = round(width + 2 * cell), round(top + height + below + cell)
    if right > rgb.shape[1] or bottom > rgb.shape[0]:
        return
    rgb[top:bottom, left:right] = 0
    thickness = max(1, round(scale))
    place = (round(cell), round(top + height + cell / 2))
    cv2.putText(rgb, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), thickness, cv2.LINE_AA)
