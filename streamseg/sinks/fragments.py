"""Movie fragments of ISO/IEC 14496-12, one a picture, so that each is whole in the file as soon as it is encoded.

A fragment is a `moof` (what its samples are) and an `mdat` (their bytes); it says itself when it begins, and nothing
in it depends on its place in the file. So a file can be cut after any fragment, and another process can go on with it.
"""

import mmap
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

VIDEO, AUDIO = 1, 2
"""Track ids, in the order of the streams in the head."""

DURATION_AT = 88
"""Where a fragment holds the duration (u32) of the first sample of its first run."""

_HEADER = 8  # of every box: its size, its type
_RUN_AT = DURATION_AT - 20  # trun: header, version and flags, count, data offset, then the samples
_TIME_AT = _RUN_AT - 8
_TRACK_AT = _RUN_AT - 24
_FLAGS_AT = DURATION_AT + 8
_BASE_IS_MOOF = 0x020000
_RUN_HOLDS = 0x000701  # data offset; duration, size and flags of each sample
_KEY, _NOT_KEY = 0x02000000, 0x01010000
_U32 = 0xFFFFFFFF
_BEGINNING = (b"ftyp", b"moov", b"moof", b"mdat")


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture or packet of sound: its bytes, its duration in ticks of its track, whether decoding can begin."""

    data: bytes
    duration: int
    key: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """Samples of one track, each beginning where the one before ends; begin is the first one's time in ticks."""

    track: int
    begin: int
    samples: Sequence[Sample]


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture where decoding can begin: its time in ticks, and where its fragment lies in the file."""

    ticks: int
    offset: int


def fragment(number: int, runs: Sequence[Run]) -> bytes:
    """One fragment.

    Args:
        number: from 1, growing through the file.
        runs: not empty, each with samples; of a picture and its sound the picture first.
    """
    size = len(_moof(number, runs, 0))
    data = b"".join(sample.data for run in runs for sample in run.samples)
    return _moof(number, runs, size + _HEADER) + _box(b"mdat", data)


def duration_bytes(ticks: int) -> bytes:
    """What stands at DURATION_AT."""
    return struct.pack(">I", min(ticks, _U32))


def index(entries: Sequence[Entry]) -> bytes:
    """The box at the end of a file (`mfra`) that tells players where the video's key pictures are."""
    rows = [struct.pack(">QQBBB", entry.ticks, entry.offset, 1, 1, 1) for entry in entries]
    table = _full(b"tfra", 1, 0, struct.pack(">III", VIDEO, 0, len(rows)), *rows)
    size = _HEADER + len(table) + 16
    return _box(b"mfra", table, _full(b"mfro", 0, 0, struct.pack(">I", size)))


def key_pictures(path: Path, end: int) -> list[Entry]:
    """The key pictures in the first end bytes of a file made of fragments as above."""
    if not end:
        return []
    entries = []
    with path.open("rb") as file, mmap.mmap(file.fileno(), end, access=mmap.ACCESS_READ) as content:
        for kind, offset in _boxes(content):
            if kind == b"moof" and struct.unpack_from(">I", content, offset + _TRACK_AT)[0] == VIDEO:
                [ticks] = struct.unpack_from(">Q", content, offset + _TIME_AT)
                [flags] = struct.unpack_from(">I", content, offset + _FLAGS_AT)
                if flags == _KEY:
                    entries.append(Entry(ticks, offset))
    return entries


def barely_begun(path: Path) -> bool:
    """Whether a file is such a one, but ends with its first fragment, within it or before it."""
    if not path.stat().st_size:
        return True
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        kinds = tuple(kind for kind, _ in islice(_boxes(content), len(_BEGINNING) + 1))
    return kinds == _BEGINNING[: len(kinds)]


def _boxes(content: mmap.mmap | bytes) -> Iterator[tuple[bytes, int]]:
    """Type and offset of each box; the last one may be torn."""
    at = 0
    while at + _HEADER <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        yield kind, at
        at += max(size, _HEADER)


def _moof(number: int, runs: Sequence[Run], data_offset: int) -> bytes:
    tracks = []
    for run in runs:
        samples = [
            struct.pack(">III", min(s.duration, _U32), len(s.data), _KEY if s.key else _NOT_KEY) for s in run.samples
        ]
        tracks.append(
            _box(
                b"traf",
                _full(b"tfhd", 0, _BASE_IS_MOOF, struct.pack(">I", run.track)),
                _full(b"tfdt", 1, 0, struct.pack(">Q", run.begin)),
                _full(b"trun", 0, _RUN_HOLDS, struct.pack(">Ii", len(samples), data_offset), *samples),
            )
        )
        data_offset += sum(len(s.data) for s in run.samples)
    return _box(b"moof", _full(b"mfhd", 0, 0, struct.pack(">I", number)), *tracks)


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box with a version and flags."""
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _box(kind: bytes, *parts: bytes) -> bytes:
    return b"".join((struct.pack(">I4s", _HEADER + sum(map(len, parts)), kind), *parts))
