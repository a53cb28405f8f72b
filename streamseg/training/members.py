"""The files of a data set, out of a zip or a folder: none from outside of it, none larger than it can mean to be.

Sources: how JPEG tells its size, ITU-T T.81, B.2.2 (frame headers); PNG, RFC 2083, 4.1.1 (IHDR).
"""

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from streamseg.errors import DataError

_LARGE_BYTES = 64 << 20
_MOST_RATIO = 100
"""No text or picture of a data set becomes so much larger when it is unpacked."""
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset(range(0xD0, 0xD9)) | {0x01}


def reader_of(path: Path) -> Callable[[str], bytes]:
    """What reads a file of the data set by its name, and raises DataError where that cannot be done."""
    if path.is_dir():
        return lambda name: _of_folder(path, name)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; a data set is a zip or folder with annotations.json")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{path}: not a zip; a data set is a zip or folder with annotations.json") from error
    return lambda name: _of_zip(path, archive, name)


def image_size(content: bytes) -> tuple[int, int] | None:
    """Height and width that a JPEG or PNG says it has; None where it says nothing, or is of another kind."""
    if content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) >= 24:
        return int.from_bytes(content[20:24]), int.from_bytes(content[16:20])
    at = 2
    while content[:2] == b"\xff\xd8" and at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _FRAME_HEADERS:
            return int.from_bytes(content[at + 5 : at + 7]), int.from_bytes(content[at + 7 : at + 9])
        if marker == 0xFF:
            at += 1
        else:
            at += 2 if marker in _ALONE else 2 + int.from_bytes(content[at + 2 : at + 4])
    return None


def _of_folder(folder: Path, name: str) -> bytes:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise DataError(f"{folder}: file name {name[:200]!r} leads out of the data set")
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise DataError(f"{folder / name}: {error.strerror or error}") from error


def _of_zip(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        told = archive.getinfo(name)
        if told.file_size > max(_LARGE_BYTES, _MOST_RATIO * told.compress_size):
            raise DataError(f"{path}: {name[:200]} has {told.file_size} bytes in {told.compress_size}, a zip bomb")
        return archive.read(told)
    except KeyError as error:
        raise DataError(f"{path}: holds no {name[:200]!r}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: {name[:200]} cannot be unpacked ({error})") from error
