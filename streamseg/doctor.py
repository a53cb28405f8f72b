"""What this machine has and lacks: one Finding for each thing that the main job, or a part of it, needs."""

import importlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Literal

from streamseg.camera import child

_GIB = 2**30
_CPU_FLAGS = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8")
_CODECS = (
    ("h264", "r", True),
    ("hevc", "r", False),
    ("av1", "r", False),
    ("vp9", "r", False),
    ("mjpeg", "r", False),
    ("libx264", "w", True),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. needed: without it the main job cannot run; text: what there is, or what to do."""

    state: Literal["ok", "lacks"]
    subject: str
    text: str
    needed: bool = False


def examine() -> Iterator[Finding]:
    """Look at everything, one thing after the other; a look takes up to seconds where it imports a library."""
    for look in LOOKS:
        yield from look()


def _finding(fine: bool, subject: str, has: str, advice: str, needed: bool = False) -> Finding:
    return Finding("ok", subject, has, needed) if fine else Finding("lacks", subject, f"{has}; {advice}", needed)


def look_at_python() -> Iterator[Finding]:
    """The interpreter and the operating system."""
    version = platform.python_version()
    yield _finding(sys.version_info >= (3, 11), "python", version, "install Python 3.11 or newer", needed=True)
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    yield _finding(platform.system() == "Linux", "system", system, "streamseg is made for Linux")


def look_at_cores_and_memory() -> Iterator[Finding]:
    """What of the machine this process may use."""
    cores = len(os.sched_getaffinity(0))
    yield _finding(cores >= 2, "cores", f"{cores} of {os.cpu_count()} usable", "expect few frames per second")
    flags = set(_first_line("/proc/cpuinfo", r"flags\s*:(.*)").split())
    present = [flag for flag in _CPU_FLAGS if flag in flags]
    yield _finding("avx2" in flags, "cpu flags", " ".join(present) or "none of avx2 to amx", "inference will be slow")
    available = int(_first_line("/proc/meminfo", r"MemAvailable:\s*(\d+) kB") or 0) * 1024
    limit = _first_line("/sys/fs/cgroup/memory.max", r"(\d+)")
    memory = min(available, int(limit)) if limit else available
    yield _finding(memory >= 2 * _GIB, "memory", f"{memory / _GIB:.1f} GiB", "2 GiB are advised; run fewer streams")


def look_at_packages() -> Iterator[Finding]:
    """The Python packages that streamseg requires, and those of its extras."""
    try:
        requirements = metadata.requires("streamseg") or []
    except metadata.PackageNotFoundError:
        yield Finding("lacks", "streamseg", "not installed, run from a folder; pip install it to see its packages")
        return
    for requirement in requirements:
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", requirement)
        advice = f"pip install 'streamseg[{extra[1]}]'" if extra else f"pip install '{requirement}'"
        try:
            yield Finding("ok", name, metadata.version(name), needed=not extra)
        except metadata.PackageNotFoundError:
            yield Finding("lacks", name, f"not installed; {advice}", needed=not extra)


def look_at_codecs() -> Iterator[Finding]:
    """The decoders of common video, and the encoder of the annotated one."""
    av = _import("av")
    if av is None:
        yield Finding("lacks", "video codecs", "PyAV cannot be imported; pip install av", needed=True)
        return
    for name, mode, needed in _CODECS:
        role = "decoder" if mode == "r" else "encoder"
        try:
            text, has = av.Codec(name, mode).long_name, True
        except ValueError:
            text, has = "missing", False
        yield _finding(has, f"{role} {name}", text, "reinstall it: pip install --force-reinstall av", needed)


def look_at_networks() -> Iterator[Finding]:
    """The networks that ship, and what could run them."""
    names = sorted(file.name for file in (Path(__file__).parent / "weights").glob("*.safetensors"))
    yield _finding(
        bool(names), "networks", ", ".join(names) or "none ship", "reinstall, or give --model FILE", needed=True
    )
    openvino = _import("openvino")
    if openvino is not None:
        core = openvino.Core()
        abilities = " ".join(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        yield Finding("ok", "openvino devices", f"{' '.join(core.available_devices)} (CPU: {abilities})")
    onnxruntime = _import("onnxruntime")
    if onnxruntime is not None:
        yield Finding("ok", "onnxruntime", " ".join(onnxruntime.get_available_providers()))


def look_at_cuda() -> Iterator[Finding]:
    """NVIDIA devices that torch can use."""
    torch = _import("torch")
    if torch is None:
        return
    names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    advice = "the CPU is used; for a GPU install its driver and a CUDA build of torch"
    yield _finding(bool(names), "cuda", ", ".join(names) or "no device", advice)


def look_at_room() -> Iterator[Finding]:
    """Shared memory, and disk for the results in the working directory."""
    shared = shutil.disk_usage("/dev/shm").free if Path("/dev/shm").is_dir() else 0  # noqa: S108 (only looked at)
    yield _finding(shared >= _GIB // 4, "shared memory", f"{shared / _GIB:.1f} GiB", "enlarge /dev/shm (--shm-size)")
    disk = shutil.disk_usage(Path.cwd()).free
    yield _finding(disk >= _GIB, "disk", f"{disk / _GIB:.1f} GiB free in {Path.cwd()}", "1 GiB is advised: use --out")
    writable = os.access(Path.cwd(), os.W_OK)
    yield _finding(writable, "working folder", "writable" if writable else "not writable", "use --out")


def look_at_cameras() -> Iterator[Finding]:
    """Video4Linux devices."""
    devices = sorted(Path("/dev").glob("video*"))
    readable = [str(device) for device in devices if os.access(device, os.R_OK)]
    advice = "join the group video" if devices else "plug one in, or use files and URLs"
    yield _finding(bool(readable), "cameras", " ".join(readable) or "none that can be read", advice)


def look_at_camera_server() -> Iterator[Finding]:
    """The RTSP server of `streamseg camera`, which may belong to another Python than this one."""
    python = child.find_python()
    text = "present" if python else "missing"
    wanted = f"`streamseg camera --rtsp` and tests need it: apt-get install {child.DEBIAN_PACKAGES}"
    yield _finding(python is not None, "RTSP camera server", text, wanted)


LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    look_at_python,
    look_at_cores_and_memory,
    look_at_packages,
    look_at_codecs,
    look_at_networks,
    look_at_cuda,
    look_at_room,
    look_at_cameras,
    look_at_camera_server,
)


def _first_line(path: str, pattern: str) -> str:
    """The first group of pattern in a small text file; empty where there is no such file or line."""
    try:
        match = re.search(pattern, Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return match[1] if match else ""


def _import(name: str) -> ModuleType | None:
    """The module; None where it, or a library under it, is missing."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError):
        return None
