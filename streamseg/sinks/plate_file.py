"""A background's planes in a file, twice: what was settled stays whole while the next frames are worked into the other.

The file is mapped: what is written is safe from the end of the process without being written out. Room for it is taken
when it is made, so a full disk is an error there and then.
"""

import mmap
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streamseg.errors import SinkError
from streamseg.geometry import U8
from streamseg.records import Planes
from streamseg.sinks.disk import refuse_link, sink_errors


@dataclass(frozen=True, slots=True)
class PlateArrays:
    """planes: the background; looks: uint8 [ceil(h / 2), ceil(w / 2)], how often each part of it was seen, 0 never."""

    planes: Planes
    looks: U8


class PlateFile:
    """An open file; nothing of it is in the caller's memory.

    Args:
        path: of the file; made where no turn is given.
        size_hw: of the frames.
        turn: which copy a predecessor settled; None: a new file, all zeros.

    Raises:
        SinkError: it cannot be made, or a predecessor's is not what it was.
    """

    def __init__(self, path: Path, size_hw: tuple[int, int], turn: int | None = None):
        self.path, self.turn = path, turn or 0
        height, width = size_hw
        half = (height + 1) // 2, (width + 1) // 2
        self._shapes = size_hw, half, half, half
        size = 2 * sum(rows * columns for rows, columns in self._shapes)
        with sink_errors(path):
            flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_TRUNC if turn is None else 0)
            descriptor = os.open(refuse_link(path), flags, 0o666)
            try:
                if turn is None:
                    os.posix_fallocate(descriptor, 0, size)
                if os.fstat(descriptor).st_size != size:
                    raise SinkError(f"{path}: is not the {size} bytes that were written before")
                self._copies = np.frombuffer(mmap.mmap(descriptor, size), np.uint8).reshape(2, -1)
            finally:
                os.close(descriptor)
        self._settled = True

    def current(self) -> PlateArrays:
        """To read: the newest."""
        return self._arrays(self.turn if self._settled else 1 - self.turn)

    def next(self) -> PlateArrays:
        """To change: the newest; what was settled is not touched."""
        if self._settled:
            self._copies[1 - self.turn] = self._copies[self.turn]
            self._settled = False
        return self._arrays(1 - self.turn)

    def settle(self) -> int:
        """The newest is settled; gives its turn, at which a successor goes on."""
        if not self._settled:
            self.turn, self._settled = 1 - self.turn, True
        return self.turn

    def _arrays(self, turn: int) -> PlateArrays:
        arrays, at = [], 0
        for shape in self._shapes:
            end = at + shape[0] * shape[1]
            arrays.append(self._copies[turn, at:end].reshape(shape))
            at = end
        return PlateArrays(Planes(*arrays[:3]), arrays[3])
