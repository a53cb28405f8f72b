"""RTSP cameras to measure with: each encodes ahead and serves from a process of its own, whose CPU is told."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil

from streamseg.camera.camera import Camera, Settings
from streamseg.camera.serving import Place


def settings(source: str, size: tuple[int, int], fps: float, *, seconds: float = 10) -> Settings:
    """Of a camera on a free port that shows so much of a source, again and again; size: width and height."""
    place = Place("127.0.0.1", 0, "/cam")
    return Settings(rtsp=place, source=source, size=size, fps=fps, seconds=seconds, key_every_s=2, marks=False)


@contextmanager
def cameras(count: int, each: Settings) -> Iterator[list[Camera]]:
    """So many that serve."""
    with ExitStack() as stack:
        yield [stack.enter_context(Camera(each)) for _ in range(count)]


def servers_cpu_s(serving: list[Camera]) -> float:
    """User and system time of their processes so far."""
    return sum(cpu_s(psutil.Process(camera.pid)) for camera in serving if camera.pid)


def cpu_s(process: psutil.Process) -> float:
    """User and system time of a process so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
