"""The frame store: one segment of shared memory per stream and epoch, with a slot table and each slot's records.

A segment is a memfd that the supervisor makes and hands to workers over their control sockets: it has no name, needs no
sweeping, and is gone with the last process that holds it. An epoch is a segment's number within its stream: when
frames no longer fit (a camera that came back with another size), the next epoch begins and the old one drains.

    slot table | slot 0: frame, sample, instances, result | slot 1: ...

Room for the table, frames and samples is reserved when the segment is made, so that a full machine is an error then
and there; the areas of instances and results are large, and take memory only as far as they are used.
"""

import fcntl
import mmap
import os
from enum import IntEnum
from pathlib import Path
from typing import Self

import msgspec

from streamseg.errors import ConfigError
from streamseg.inference.strides import MOTION_STRIDE
from streamseg.runtime.slots import SlotTable

_CGROUP = Path("/sys/fs/cgroup")
_PAGE = mmap.PAGESIZE
_NOTES = 16 * 1024
"""Room in a frame's area for all that is not pixels."""


class Area(IntEnum):
    """What a slot holds of its frame; each has one writer (capture, preprocess, inference, tracking)."""

    FRAME = 0
    SAMPLE = 1
    INSTANCES = 2
    RESULT = 3


class Layout(msgspec.Struct, frozen=True):
    """What all processes must agree on to read a segment: the frames' size, areas in bytes in the order of Area."""

    size_hw: tuple[int, int]
    slots: int
    upstream: tuple[int, ...]
    areas: tuple[int, int, int, int]

    @classmethod
    def of(cls, size_hw: tuple[int, int], view_hw: tuple[int, int], *, slots: int, upstream: tuple[int, ...]) -> Self:
        """For frames and views of these sizes (pixels).

        Masks at half the view's resolution for some tens of large objects fit, and cut-outs of three times the
        frame's area (four bytes a pixel).
        """
        pixels, view = size_hw[0] * size_hw[1], view_hw[0] * view_hw[1]
        half = ((size_hw[0] + 1) // 2) * ((size_hw[1] + 1) // 2)
        masks = 16 * view + 1_000_000
        sizes = pixels + 2 * half + _NOTES, 3 * view + view // MOTION_STRIDE**2 + _NOTES, masks, 12 * pixels + 2 * masks
        return cls(size_hw, slots, upstream, tuple(map(_pages, sizes)))  # type: ignore[arg-type]  # four in, four out

    @property
    def table_size(self) -> int:
        """Bytes before the first slot."""
        return _pages(SlotTable.size(self.slots, len(self.upstream)))

    @property
    def size(self) -> int:
        """Bytes of the whole segment."""
        return self.table_size + self.slots * sum(self.areas)

    @property
    def reserved(self) -> int:
        """Bytes that are taken from the start."""
        return self.table_size + self.slots * sum(self.areas[:2])

    def at(self, slot: int, area: Area) -> int:
        """Where a slot's area begins."""
        return self.table_size + slot * sum(self.areas) + sum(self.areas[:area])


class Segment:
    """A mapped segment. Readers must not keep views of a slot's areas after they have let its frame go."""

    def __init__(self, fd: int, layout: Layout):
        """Map what fd holds; fd stays the caller's."""
        self.layout = layout
        self._places = [[layout.at(slot, area) for area in Area] for slot in range(layout.slots)]
        # the buffer is freed with the last view of it, not before: views may still be on someone's stack
        self._buffer = memoryview(mmap.mmap(fd, layout.size))
        self.table = SlotTable(self._buffer, layout.slots, layout.upstream)

    def area(self, slot: int, area: Area) -> memoryview:
        """A slot's area, writable."""
        begin = self._places[slot][area]
        return self._buffer[begin : begin + self.layout.areas[area]]


def make_segment(name: str, layout: Layout) -> int:
    """A new segment's memfd, sealed against changes of its size.

    Raises:
        ConfigError: the machine (or its control group) has not enough memory left.
    """
    left = available_bytes()
    if layout.reserved > left:
        raise ConfigError(
            f"stream {name}: {layout.slots} slots need {layout.reserved / 1e6:.0f} MB of memory, "
            f"{left / 1e6:.0f} MB are available; use fewer streams at a time (--jobs), or a lower runtime.slots"
        )
    fd = make_memory(name, layout.size)
    try:
        os.posix_fallocate(fd, 0, layout.table_size)
        for slot in range(layout.slots):
            os.posix_fallocate(fd, layout.at(slot, Area.FRAME), sum(layout.areas[:2]))
    except OSError as error:
        os.close(fd)
        raise ConfigError(f"stream {name}: no memory for {layout.slots} slots: {error.strerror}") from error
    return fd


def make_memory(name: str, size: int) -> int:
    """An anonymous file of zeros in memory that keeps its size."""
    fd = os.memfd_create(f"streamseg-{name}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return fd


def available_bytes() -> int:
    """Memory that can still be had: what the machine has available, and what the control group leaves of it."""
    room = [_meminfo("MemAvailable:")]
    limit, used = (_number(_CGROUP / f"memory.{name}") for name in ("max", "current"))
    if limit is not None and used is not None:
        room.append(limit - used + _reclaimable())
    return max(0, min(room))


def _meminfo(key: str) -> int:
    with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123  # no path of the user's
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def _reclaimable() -> int:
    """What files have in memory that nobody used of late: it counts as used, and is given back when it is needed."""
    try:
        lines = (_CGROUP / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such control group, or "max": no limit
        return None


def _pages(size: int) -> int:
    return -(-size // _PAGE) * _PAGE
