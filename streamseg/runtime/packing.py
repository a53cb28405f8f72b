"""Records in a fixed area of shared memory: arrays as they are, everything else as msgpack. No copies on reading.

Area: length of the msgpack part (u32), the msgpack part, then the arrays, each at a multiple of 64 bytes. An array that
occurs twice in a record is stored once, and is one object again for the reader.
"""

import math
import operator
from fractions import Fraction
from typing import Any, TypeVar

import msgspec
import numpy as np

T = TypeVar("T")

_ALIGN = 64
_HEAD = 4


class RecordTooBig(ValueError):
    """A record needs more room than its area has."""


def pack(record: object, area: memoryview) -> None:
    """Write a record (a dataclass of records.py, or of plain values and arrays) into a writable area.

    Raises:
        RecordTooBig: it does not fit; what the area held is lost.
    """
    offsets: dict[int, int] = {}
    arrays: list[tuple[int, np.ndarray[Any, Any]]] = []
    size = 0

    def hook(value: object) -> object:
        nonlocal size
        if isinstance(value, np.ndarray):
            if id(value) not in offsets:
                offsets[id(value)] = size
                arrays.append((size, value))
                size = _aligned(size + max(1, value.nbytes))
            return offsets[id(value)], value.dtype.str, value.shape
        if isinstance(value, Fraction):
            return value.numerator, value.denominator
        if isinstance(value, np.generic):
            return value.item()
        raise TypeError(f"{type(value).__name__}: cannot be packed")

    meta = msgspec.msgpack.encode(record, enc_hook=hook)
    end = _HEAD + len(meta)
    if _aligned(end) + size > len(area):
        raise RecordTooBig(f"{type(record).__name__}: {_aligned(end) + size} bytes, its area holds {len(area)}")
    area[:_HEAD] = len(meta).to_bytes(_HEAD, "little")
    area[_HEAD:end] = meta
    for offset, array in arrays:
        place = np.frombuffer(area, array.dtype, array.size, _aligned(end) + offset)
        np.copyto(place.reshape(array.shape), array)


def unpack(area: memoryview, kind: type[T]) -> T:
    """Read a record that pack() wrote; its arrays are read-only views of the area, valid while the area is.

    Raises:
        ValueError: the area holds no record of this kind.
    """
    end = _HEAD + int.from_bytes(area[:_HEAD], "little")
    arrays: dict[int, np.ndarray[Any, Any]] = {}
    reading = area.toreadonly()

    def hook(wanted: type, value: Any) -> object:
        if wanted is Fraction:
            return Fraction(*value)
        offset, dtype, shape = value
        if offset not in arrays:
            place = np.frombuffer(reading, dtype, math.prod(map(operator.index, shape)), _aligned(end) + offset)
            arrays[offset] = place.reshape(shape)
        return arrays[offset]

    try:
        return msgspec.msgpack.decode(area[_HEAD:end], type=kind, dec_hook=hook)
    except (msgspec.MsgspecError, ArithmeticError, RecursionError, SyntaxError) as error:
        raise ValueError(f"no {kind.__name__} here: {error}") from error


def _aligned(at: int) -> int:
    return -(-at // _ALIGN) * _ALIGN
