"""The head of an MP4 file without its sound: a player that was promised sound would wait for it."""

import struct
from collections.abc import Iterator

from streamseg.sinks.fragments import VIDEO

_HEADER = 8
_TRACK_ID_AT = {b"trak": _HEADER + _HEADER + 12, b"trex": _HEADER + 4}
"""Where a box names its track: in a `trak` the `tkhd` comes first (version 0)."""


def video_only(head: bytes) -> bytes:
    """`ftyp` and `moov` with the video track alone."""
    return b"".join(_kept(box) for box in _boxes(head))


def _kept(box: bytes) -> bytes:
    kind = box[4:8]
    if kind in (b"moov", b"mvex"):
        inner = b"".join(_kept(part) for part in _boxes(box[_HEADER:]))
        return struct.pack(">I4s", _HEADER + len(inner), kind) + inner
    at = _TRACK_ID_AT.get(kind)
    if at is not None and struct.unpack_from(">I", box, at)[0] != VIDEO:
        return b""
    return box


def _boxes(content: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(content):
        [size] = struct.unpack_from(">I", content, at)
        yield content[at : at + size]
        at += size
