"""A real disk that is small, that can be filled, given room again, and frozen. Skips where none can be mounted."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_BALLAST = ".ballast"


class SmallDisk:
    """A mounted file system; folder: where."""

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def free(self) -> int:
        """Bytes that may still be written."""
        told = os.statvfs(self.folder)
        return told.f_bavail * told.f_bsize

    def fill(self, *, but: int = 0) -> None:
        """Take all that is free but so many bytes."""
        with (self.folder / _BALLAST).open("ab") as file, contextlib.suppress(OSError):
            while (room := self.free - but) > 0:
                file.write(bytes(min(room, 1 << 20)))
                file.flush()

    def make_room(self) -> None:
        """Give back what fill() took."""
        (self.folder / _BALLAST).unlink()


@contextlib.contextmanager
def small_disk(folder: Path, *, mb: int = 1) -> Iterator[SmallDisk]:
    """A tmpfs of so many MiB, mounted at a new folder."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={mb}m", "tmpfs", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextlib.contextmanager
def freezable_disk(image: Path, folder: Path, *, mb: int = 64) -> Iterator[None]:
    """An ext4 in a file, mounted at a new folder by a loop device: what is written while it is frozen hangs."""
    if not shutil.which("mkfs.ext4") or not shutil.which("fsfreeze"):
        pytest.skip("needs mkfs.ext4 and fsfreeze")
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(mb << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    _mount("-o", "loop", str(image), str(folder))
    (folder / "lost+found").rmdir()  # a folder of results begins empty
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextlib.contextmanager
def frozen(folder: Path) -> Iterator[None]:
    """A freezable disk stands still."""
    subprocess.run(["fsfreeze", "--freeze", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "--unfreeze", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    mount = shutil.which("mount")
    done = mount and subprocess.run([mount, *arguments], capture_output=True, check=False)
    if not done or done.returncode:
        pytest.skip("needs the right to mount a file system")
