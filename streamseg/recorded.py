"""objects.jsonl in, what it says of each frame out: tracks that can be looked at again without a network.

The file is read once to check all of it and to note where each line lies; lines are read again when they are asked for.
Parts that follow (objects-0002.jsonl and so on) belong to it; all may be compressed by gzip (.gz).
"""

import gzip
import logging
import zlib
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated

import msgspec
import numpy as np

from streamseg.errors import DataError
from streamseg.geometry import rle_decode
from streamseg.records import TrackState
from streamseg.sinks.rotation import part_path

log = logging.getLogger(__name__)

_FAR = 1_000_000
"""No pixel lies further away."""
_LONGEST_S = 9_000_000_000
_LONGEST_LINE = 64 << 20

Number = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
Whole = Annotated[int, msgspec.Meta(ge=0, le=_FAR)]
Side = Annotated[int, msgspec.Meta(ge=1, le=_FAR)]
Place = Annotated[float, msgspec.Meta(ge=-_FAR, le=_FAR)]
Length = Annotated[float, msgspec.Meta(ge=0, le=_FAR)]


class Mask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """size: height, width in pixels; counts: COCO's compressed run lengths."""

    size: tuple[Side, Side]
    counts: str


class RecordedObject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One object of a frame, as objects.schema.json describes it: box is x, y, w, h."""

    id: Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]
    label: Annotated[str, msgspec.Meta(min_length=1)]
    score: Annotated[float, msgspec.Meta(ge=0, le=1)]
    box: tuple[Place, Place, Length, Length]
    mask: Mask | None
    mask_offset: tuple[Whole, Whole] | None
    state: TrackState


class RecordedFrame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line: pts in seconds; time is UTC in ISO 8601 or None; looked: whether the network looked at the frame."""

    seq: Number
    pts: Annotated[float, msgspec.Meta(ge=-_LONGEST_S, le=_LONGEST_S)]
    time: str | None
    objects: tuple[RecordedObject, ...]
    looked: bool = True


class RecordedObjects:
    """All lines of a recording, in the order of their seqs.

    Attributes:
        path: of the first part.
        seqs, pts_ns: int64 [N], of the frames.
        needs_hw: the least height and width of frames that its masks fit into.

    Args:
        path: of objects.jsonl.

    Raises:
        DataError: with file and line: it is no such file, or breaks its format; the last line may be torn.
    """

    def __init__(self, path: Path):
        self.path = path
        self.needs_hw = 0, 0
        self._decoder = msgspec.json.Decoder(RecordedFrame)
        self._paths = list(_parts(path))
        self._open: tuple[int, IO[bytes]] | None = None
        seqs, pts_ns, parts, offsets, numbers = (array("q") for _ in range(5))
        for part in range(len(self._paths)):
            for number, offset, frame in self._checked(part):
                if seqs and frame.seq <= seqs[-1]:
                    raise self._error(part, number, f"seq {frame.seq} follows seq {seqs[-1]}; seqs must grow")
                row = frame.seq, round(frame.pts * 1e9), part, offset, number
                for column, value in zip((seqs, pts_ns, parts, offsets, numbers), row, strict=True):
                    column.append(value)
        if not seqs:
            raise DataError(f"{path}: holds no line of a frame")
        self.seqs, self.pts_ns = np.array(seqs), np.array(pts_ns)
        self._part_of, self._offset_of, self._number_of = parts, offsets, numbers

    def __len__(self) -> int:
        return len(self.seqs)

    def __getitem__(self, index: int) -> RecordedFrame:
        """The frame of a line, counted from 0 through all parts."""
        file = self._part(self._part_of[index])
        file.seek(self._offset_of[index])
        return self._decoder.decode(file.readline())

    def of_seq(self, seq: int) -> RecordedFrame:
        """A frame by its seq; KeyError where there is none."""
        index = int(np.searchsorted(self.seqs, seq))
        if index == len(self.seqs) or self.seqs[index] != seq:
            raise KeyError(seq)
        return self[index]

    def where(self, index: int) -> str:
        """file:line of a frame."""
        return f"{self._paths[self._part_of[index]]}:{self._number_of[index]}"

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _part(self, part: int) -> IO[bytes]:
        if self._open is None or self._open[0] != part:
            self.close()
            self._open = part, _opened(self._paths[part])
        return self._open[1]

    def _checked(self, part: int) -> Iterator[tuple[int, int, RecordedFrame]]:
        """Number, offset and content of each line of a part."""
        offset = number = 0
        with _opened(self._paths[part]) as file:
            while line := self._line(file, part):
                number += 1
                try:
                    yield number, offset, self._frame(line)
                except (ValueError, RecursionError) as error:
                    torn = not line.endswith(b"\n") and part == len(self._paths) - 1
                    if not torn:
                        raise self._error(part, number, str(error)) from error
                    log.warning("the last line is torn and left out: %s:%d", self._paths[part], number)
                offset += len(line)

    def _line(self, file: IO[bytes], part: int) -> bytes:
        try:
            line = file.readline(_LONGEST_LINE + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{self._paths[part]}: cannot be read: {error}") from error
        if len(line) > _LONGEST_LINE:
            raise DataError(f"{self._paths[part]}: a line of over {_LONGEST_LINE >> 20} MiB")
        return line

    def _frame(self, line: bytes) -> RecordedFrame:
        frame = self._decoder.decode(line)
        if frame.time is not None:
            utc_ns(frame.time)
        for found in frame.objects:
            if (found.mask is None) != (found.mask_offset is None):
                raise ValueError(f"object {found.id}: mask and mask_offset go together, or both are null")
            if found.mask is not None and found.mask_offset is not None:
                rle_decode(found.mask.counts, found.mask.size)
                (height, width), (x, y) = found.mask.size, found.mask_offset
                self.needs_hw = max(self.needs_hw[0], y + height), max(self.needs_hw[1], x + width)
        return frame

    def _error(self, part: int, number: int, message: str) -> DataError:
        return DataError(f"{self._paths[part]}:{number}: {message}")


def utc_ns(time: str) -> int:
    """UTC nanoseconds since 1970 of an ISO 8601 time with a zone; ValueError where it is none."""
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None:
        raise ValueError(f"time {time!r}: has no zone; Z stands for UTC")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000


def _parts(path: Path) -> Iterator[Path]:
    yield path
    number = 2
    while (part := part_path(path.parent, path.name, number)).exists():
        yield part
        number += 1


def _opened(path: Path) -> IO[bytes]:
    try:
        file: IO[bytes] = gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[assignment]  # noqa: SIM115
        return file
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
