"""Writing files so that none is ever seen half done, and stopping before the disk is full."""

import errno
import io
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from streamseg.errors import SinkError, causes

_FULL = (errno.ENOSPC, errno.EDQUOT)

logger = logging.getLogger(__name__)


@contextmanager
def sink_errors(path: Path) -> Iterator[None]:
    """Turn what the system or FFmpeg says about path into a SinkError that names it."""
    try:
        yield
    except SinkError:
        raise
    except (OSError, av.error.FFmpegError) as error:
        raise SinkError(f"{path}: cannot be written: {error.strerror or error}") from error


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk has no room, or its quota is used up."""
    return any(isinstance(cause, OSError) and cause.errno in _FULL for cause in causes(error))


def refuse_link(path: Path) -> Path:
    """The path itself; SinkError if it is a symbolic link, which could lead out of the output folder."""
    if path.is_symlink():
        raise SinkError(f"{path}: is a symbolic link; streamseg writes only into its own folders")
    return path


def write_atomic(path: Path, content: bytes, temporary: Path | None = None) -> None:
    """Write a file under a temporary name and rename it: readers see the old one or the new one, whole.

    Args:
        path: of the file.
        content: all of it.
        temporary: a path on the same file system, overwritten; beside path when missing.
    """
    temporary = temporary or path.with_name(f".{path.name}.part")
    with sink_errors(path):
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def reopen(path: Path, size: int) -> io.FileIO:
    """Open a file to go on writing after its first size bytes; what follows them is cut off.

    Raises:
        SinkError: it is missing or shorter: what was written before is lost.
    """
    with sink_errors(path):
        try:
            file = io.FileIO(refuse_link(path), "r+b")
        except FileNotFoundError:
            raise SinkError(f"{path}: is missing; its first {size} bytes were written before") from None
        there = file.seek(0, os.SEEK_END)
        if there < size:
            file.close()
            raise SinkError(f"{path}: holds {there} bytes; {size} were written before")
        file.truncate(size)
        file.seek(size)
    return file


def append(file: io.FileIO, content: bytes) -> None:
    """Write all of content at a file's end, or nothing; OSError where it cannot be done."""
    start = file.tell()
    left = memoryview(content)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError:
        file.truncate(start)
        file.seek(start)
        raise


class DiskGuard:
    """Says whether a folder's disk has room; each change is logged once.

    Args:
        folder: any folder on the disk in question.
        free_mb: room that must stay free, in megabytes of 10^6 bytes.
        what: stops while the disk is nearly full, as the log names it.
    """

    def __init__(self, folder: Path, free_mb: float, what: str = "cut-outs"):
        self.folder = folder
        self.free_mb = free_mb
        self.what = what
        self._full = False

    def has_room(self) -> bool:
        """True while at least free_mb are free."""
        with sink_errors(self.folder):
            free_mb = shutil.disk_usage(self.folder).free / 1e6
        full = free_mb < self.free_mb
        if full and not self._full:
            logger.warning(
                "%s stop: disk nearly full folder=%s free_mb=%.0f disk_free_mb=%.0f",
                self.what,
                self.folder,
                free_mb,
                self.free_mb,
            )
        elif self._full and not full:
            logger.info("%s go on: disk has room again folder=%s free_mb=%.0f", self.what, self.folder, free_mb)
        self._full = full
        return not full
