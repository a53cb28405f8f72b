"""What machine a benchmark ran on: without that a figure says nothing."""

import os
import platform
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_GIB = 2**30
_PACKAGES = ("av", "numpy", "opencv-python-headless", "openvino", "torch")


@dataclass(frozen=True, slots=True)
class Machine:
    """What it has of what counts.

    cpu: the processor's own name. cores: usable by this process; cores_all: those of the machine. memory_gib: what it
    has, or less where the control group allows less. gpus: that torch can use. load: processes that wanted a core, on
    the mean of the last minute, before the benchmark began. versions: by package.
    """

    cpu: str
    cores: int
    cores_all: int
    memory_gib: float
    gpus: tuple[str, ...]
    system: str
    load: float
    versions: dict[str, str]

    @property
    def busy(self) -> bool:
        """Whether other work took so much of it that figures will be too low."""
        return self.load > 0.25 * self.cores


def this_machine() -> Machine:
    """The machine that this runs on; takes a second or two where torch has to be imported."""
    return Machine(
        cpu=_told("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.processor() or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        cores_all=os.cpu_count() or 1,
        memory_gib=round(_memory_bytes() / _GIB, 1),
        gpus=_gpus(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}",
        load=round(os.getloadavg()[0], 2),
        versions=_versions(),
    )


def _memory_bytes() -> int:
    total = int(_told("/proc/meminfo", r"MemTotal:\s*(\d+) kB") or 0) * 1024
    limit = _told("/sys/fs/cgroup/memory.max", r"(\d+)")
    return min(total, int(limit)) if limit else total


def _gpus() -> tuple[str, ...]:
    try:
        import torch
    except ImportError:
        return ()
    return tuple(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _told(path: str, pattern: str) -> str:
    """The first group of pattern in a file of the system; empty where there is none."""
    try:
        match = re.search(pattern, Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return match[1].strip() if match else ""
