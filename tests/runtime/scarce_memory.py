"""Memory that runs out: for a worker by a limit of its own, for a whole run by that of its cgroup (version 1 or 2)."""

import contextlib
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

_CGROUPS = Path("/sys/fs/cgroup")
_BALLOON = """
import mmap, sys
open(sys.argv[1], "w").write("0")
held = []
for _ in sys.stdin:
    held.append(mmap.mmap(-1, 1 << 23, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE))
    print(flush=True)
"""
"""Takes 8 MiB for each line that it is given."""


def starve(pid: int, room_mb: float = 0.0) -> None:
    """Limit a process to the data it has now and so much more: what it asks for beyond that it does not get."""
    has_mb = _data_bytes(pid) / 1e6
    resource.prlimit(pid, resource.RLIMIT_DATA, (round(1e6 * (has_mb + room_mb)),) * 2)


def _data_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return 1024 * int(line.split()[1])
    raise AssertionError(f"process {pid} has no memory")


class MemoryGroup:
    """A cgroup that limits memory; processes that are put into it have their children there, too."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._v2 = (folder / "memory.max").exists()

    def take(self, pid: int) -> None:
        """Put a process in."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    @property
    def used_mb(self) -> float:
        """What its processes have, page cache and all."""
        return int((self._folder / ("memory.current" if self._v2 else "memory.usage_in_bytes")).read_text()) / 1e6

    @property
    def kills(self) -> int:
        """How many processes the kernel has killed for want of memory."""
        told = (self._folder / ("memory.events" if self._v2 else "memory.oom_control")).read_text()
        return next(int(line.split()[1]) for line in told.splitlines() if line.startswith("oom_kill "))

    def limit(self, most_mb: float) -> None:
        """From now on; a limit below what is used is refused by version 1."""
        name = "memory.max" if self._v2 else "memory.limit_in_bytes"
        (self._folder / name).write_text(str(round(most_mb * 1e6)))

    def squeeze(self) -> None:
        """Have another process of the group take more and more, until the kernel has killed a larger one for it."""
        before = self.kills
        command = [sys.executable, "-c", _BALLOON, str(self._folder / "cgroup.procs")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as balloon:
            assert balloon.stdin and balloon.stdout
            while self.kills == before:
                balloon.stdin.write(b"\n")
                balloon.stdin.flush()
                assert balloon.stdout.readline(), "the balloon has burst"


@contextlib.contextmanager
def memory_group() -> Iterator[MemoryGroup]:
    """A new one; skips where none can be made."""
    name = f"streamseg-test-{uuid.uuid4().hex[:8]}"
    for parent in (_CGROUPS / "memory", _CGROUPS):
        folder = parent / name
        with contextlib.suppress(OSError):
            folder.mkdir()
            if (folder / "memory.max").exists() or (folder / "memory.limit_in_bytes").exists():
                break
            folder.rmdir()
    else:
        pytest.skip("needs the right to make a cgroup that limits memory")
    try:
        yield MemoryGroup(folder)
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    for pid in (folder / "cgroup.procs").read_text().split():
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(int(pid)).kill()
    for _ in range(500):
        with contextlib.suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.01)
    raise AssertionError(f"{folder} cannot be removed")
