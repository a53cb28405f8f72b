"""What chance, or malice, makes of good input: bytes cut, flipped and repeated; documents with other values in them."""

import copy
import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import yaml
from hypothesis import strategies as st

Bytes = st.SearchStrategy[bytes]

DEEP = "(deep)"
"""Stands in a document for arrays within arrays; no writer of documents goes that deep."""
_LEVELS = 20_000
_FILLERS = (b"\x00", b"\xff", b"\x7f", b"\x80", b"[", b"{", b'"', b"9", b"\x91", b"\xdd\xff\xff\xff\xff", b"\n", b"../")
_NUMBERS = (-1, 0, 1, 255, 4097, 2**31, 2**32 - 1, 2**53, 2**63 - 1, -(2**63), 2**64 - 1)
_FLOATS = (0.5, -0.0, 1e19, 1e300, -1e300, 5e-324)
_NAMES = (
    "",
    "person",
    "nan",
    "../../etc/passwd",
    "/dev/zero",
    "a/b",
    "a\0b",
    "\n",
    "é" * 9,
    "x" * 5000,
    "=",
    "<<",
    DEEP,
)
_TIMES = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00Z", "now")
_URLS = ("rtsp://a:b@h:99999/", "http://[::1", "http://h\r\nX: y/", "file:///etc/passwd", "concat:a|b", "rtsp://\x00/")
_SCALARS = (None, True, False, *_NUMBERS, *_FLOATS, *_NAMES, *_TIMES, *_URLS)


def mutated(seeds: Sequence[bytes], *, most: int = 4) -> Bytes:
    """One of the seeds with up to `most` pieces flipped, overwritten, left out, repeated or cut off."""

    @st.composite
    def made(draw: st.DrawFn) -> bytes:
        content = bytearray(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(0, most))):
            _mutate(content, draw)
        return bytes(content)

    return made()


def _mutate(content: bytearray, draw: st.DrawFn) -> None:
    at = draw(st.integers(0, min(len(content), draw(st.sampled_from([16, 400, 1 << 30])))))
    length = draw(st.sampled_from([1, 1, 2, 4, 8, 64, 1000]))
    match draw(st.integers(0, 6)):
        case 0 if at < len(content):
            content[at] ^= 1 << draw(st.integers(0, 7))
        case 1:
            content[at : at + length] = draw(st.binary(min_size=1, max_size=8))
        case 2:
            del content[at : at + length]
        case 3:
            content[at:at] = content[at : at + length]
        case 4:
            content[at : at + length] = draw(st.sampled_from(_FILLERS)) * length
        case 5:
            del content[at:]
        case _:
            content[at:at] = draw(st.sampled_from(_FILLERS)) * draw(st.sampled_from([1, 3, 5000]))


def documents(seeds: Sequence[Any], write: Callable[[Any], bytes]) -> Bytes:
    """One of the seeds (lists, dicts, scalars) with values replaced, left out, repeated, renamed, and written."""

    @st.composite
    def made(draw: st.DrawFn) -> bytes:
        document = copy.deepcopy(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(0, 3))):
            document = _changed(document, draw)
        return write(document)

    return made()


def _changed(document: Any, draw: st.DrawFn) -> Any:
    """The document with one thing different, as deep in it as chance has it."""
    value = st.sampled_from(_SCALARS) | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=12)
    other = value | st.sampled_from([[], {}, [[]], [None] * 50, {"a": {"b": []}}, [0] * 4])
    if not isinstance(document, dict | list) or not document or draw(st.integers(0, 9)) == 0:
        return draw(other)
    at = draw(st.sampled_from(sorted(document, key=str) if isinstance(document, dict) else range(len(document))))
    match draw(st.integers(0, 6)):
        case 0:
            del document[at]
        case 1 if isinstance(document, dict):
            document[draw(st.sampled_from(["", "name", "source", "../x", *map(str, document)]))] = document.pop(at)
        case 1 | 2 if isinstance(document, list):
            document[at:at] = [document[at]] * draw(st.sampled_from([1, 300]))
        case 3:
            document[at] = draw(other)
        case _:
            document[at] = _changed(document[at], draw)
    return document


def as_json(document: Any) -> bytes:
    """With NaN and infinities as other writers have them, and what is to be deep, deep."""
    return json.dumps(document).encode().replace(f'"{DEEP}"'.encode(), b"[" * _LEVELS)


def as_json_lines(rows: Any) -> bytes:
    """A line for each of a list's members."""
    return b"".join(as_json(row) + b"\n" for row in (rows if isinstance(rows, list) else [rows]))


def as_yaml(document: Any) -> bytes:
    """YAML, which may be deep, too."""
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    return text.encode("utf-8", "replace").replace(DEEP.encode(), b"[" * 3000)


def as_msgpack(document: Any) -> bytes:
    """MessagePack."""
    written = msgspec.msgpack.encode(DEEP)
    return msgspec.msgpack.encode(document).replace(written, b"\x91" * _LEVELS)
