"""A JSONL file in parts: lines are there as a whole or not at all, and a successor goes on at a place told before."""

import io
import os
from pathlib import Path

import msgspec

from streamseg.errors import SinkError
from streamseg.sinks.disk import append, refuse_link, reopen, sink_errors
from streamseg.sinks.rotation import Rotation, part_path, remove_after


class Place(msgspec.Struct, frozen=True, array_like=True):
    """In which part, at which byte; when the part began (None: it holds nothing yet)."""

    part: int
    size: int
    first_pts_ns: int | None


class LinesFile:
    """Appends lines; each is in the file when append() returns, and safe from the process's end.

    Args:
        folder: where the parts lie.
        name: of the first part.
        rotation: when the next one begins.
    """

    def __init__(self, folder: Path, name: str, rotation: Rotation):
        self.folder, self.name = folder, name
        self._rotation = rotation
        self._file: io.FileIO | None = None
        self._path = folder / name
        self._part = 1
        self._first_pts_ns: int | None = None

    @property
    def place(self) -> Place:
        """Where a successor goes on."""
        return Place(self._part, self._opened().tell(), self._first_pts_ns)

    def resume(self, place: Place) -> None:
        """Go on at a predecessor's place; what was written after it is cut off."""
        self._part, self._first_pts_ns = place.part, place.first_pts_ns
        remove_after(self.folder, self.name, place.part)
        self._path = part_path(self.folder, self.name, place.part)
        self._file = reopen(self._path, place.size)

    def begin(self, part: int, first_pts_ns: int | None = None) -> None:
        """Go on at the end of a part; first_pts_ns: of the first frame in it, None if it is empty."""
        self.close()
        self._part, self._path = part, part_path(self.folder, self.name, part)
        self._first_pts_ns = first_pts_ns
        with sink_errors(self._path):
            self._file = io.FileIO(refuse_link(self._path), "ab")
            self._file.seek(0, os.SEEK_END)

    def append(self, lines: bytes, pts_ns: int) -> None:
        """Write whole lines about a moment; the next part begins where they would break a limit of this one."""
        if self._first_pts_ns is None:
            self._first_pts_ns = pts_ns
        filled = self._opened().tell()
        if filled and self._rotation.due(pts_ns - self._first_pts_ns, filled + len(lines)):
            self.begin(self._part + 1, pts_ns)
        with sink_errors(self._path):
            append(self._opened(), lines)

    def close(self) -> None:
        """Close the file; nothing is lost without it."""
        if self._file is not None:
            with sink_errors(self._path):
                self._file.close()
            self._file = None

    def _opened(self) -> io.FileIO:
        if self._file is None:
            raise SinkError(f"{self._path}: is closed; open() comes before write()")
        return self._file
