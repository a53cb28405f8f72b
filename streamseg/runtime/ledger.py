"""What outlives a stream's workers: each writer's state after the last frame it finished. One memfd per stream.

Writers are the stations, and capture. A state is stored twice by turns and its number flipped last, so that a writer
that dies at any instruction leaves either the old state or the new one, whole. The order that makes a death harmless:
results into the slot, state into the ledger, then the frame is let go.
"""

import mmap
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streamseg.runtime.packing import RecordTooBig

STATE_BYTES = 16 << 20
"""Most bytes of one state. Memory is taken only as far as states fill it."""
_HEAD = 16


@dataclass(frozen=True, slots=True)
class Committed:
    """A state and the seq of the frame after which it holds."""

    seq: int
    state: bytes


class Ledger:
    """A mapped ledger; every writer's place has this one writer.

    Args:
        fd: a memory file of Ledger.size(writers) bytes; stays the caller's.
        writers: how many states it keeps.
    """

    def __init__(self, fd: int, writers: int):
        self._buffer = memoryview(mmap.mmap(fd, self.size(writers)))
        self._turn: npt.NDArray[np.uint32] = np.frombuffer(self._buffer, np.uint32, writers)
        self._writers = writers

    @staticmethod
    def size(writers: int) -> int:
        """Bytes of a ledger."""
        return mmap.PAGESIZE + writers * 2 * (_HEAD + STATE_BYTES)

    def commit(self, writer: int, seq: int, state: bytes) -> None:
        """Keep the state that holds after frame seq.

        Raises:
            RecordTooBig: it is larger than STATE_BYTES; the old state stays.
        """
        if len(state) > STATE_BYTES:
            raise RecordTooBig(f"state after frame {seq}: {len(state)} bytes, the ledger holds {STATE_BYTES}")
        turn = int(self._turn[writer]) + 1
        head, body = self._place(writer, turn)
        head[:] = seq, len(state)
        body[: len(state)] = state
        self._turn[writer] = turn

    def committed(self, writer: int) -> Committed | None:
        """The last state committed, or None."""
        turn = int(self._turn[writer])
        if turn == 0:
            return None
        head, body = self._place(writer, turn)
        seq, size = head.tolist()
        return Committed(seq, bytes(body[:size]))

    def _place(self, writer: int, turn: int) -> tuple[npt.NDArray[np.int64], Any]:
        at = mmap.PAGESIZE + (2 * writer + turn % 2) * (_HEAD + STATE_BYTES)
        head = np.frombuffer(self._buffer, np.int64, 2, at)
        return head, self._buffer[at + _HEAD : at + _HEAD + STATE_BYTES]
