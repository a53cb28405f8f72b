"""Small clips made by the tests that need them."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from streamseg.capture.live import LiveSource
from streamseg.config import CaptureConfig
from tests.servers import RtspServer, rtsp_server

WriteClip = Callable[..., Path]


def picture(index: int, width: int, height: int) -> np.ndarray:
    """uint8 [h, w, 3] RGB: four coloured quarters, and a white block that moves with index."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2] = 200, 40, 40
    rgb[: height // 2, width // 2 :] = 40, 200, 40
    rgb[height // 2 :, : width // 2] = 40, 40, 200
    rgb[height // 2 :, width // 2 :] = 90, 90, 90
    left = (index * 3) % max(1, width - 8)
    rgb[4:12, left : left + 8] = 255
    return rgb


def encode(
    path: Path,
    *,
    size: tuple[int, int] = (96, 64),
    frames: int = 20,
    fps: int = 25,
    fmt: str = "yuv420p",
    codec: str = "libx264",
    gop: int = 10,
    pts: list[int] | None = None,
    audio: bool = False,
    rotation: int = 0,
    aspect: Fraction | None = None,
    mux: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    setup: Callable[[Any], None] = lambda stream: None,
    source: Callable[[int, int, int], np.ndarray] = picture,
) -> Path:
    """Encode a clip, its pts in ms; options are added to those of x264. Returns its path."""
    with av.open(str(path), "w", options=mux or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt, stream.gop_size = fmt, gop
        # an avi has one slot for every tick, MPEG-2 knows its own few rates
        ticks = fps if path.suffix in (".avi", ".mpg") else 1000
        stream.codec_context.time_base = stream.time_base = Fraction(1, ticks)
        x264 = {"crf": "12", "preset": "ultrafast", "bf": "0", "threads": "1"} if codec == "libx264" else {}
        stream.options = {**x264, **(options or {})}
        if rotation:
            stream.set_display_rotation(rotation)
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        setup(stream)
        sound = container.add_stream("aac", rate=48000) if audio else None
        for i in range(frames):
            rgb = av.VideoFrame.from_ndarray(source(i, *size), format="rgb24")
            frame = rgb.reformat(format=fmt)
            frame.pts = pts[i] if pts else i * 1000 // fps
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            _add_silence(container, sound, frames / fps)
    return path


@pytest.fixture
def write_clip(tmp_path: Path) -> WriteClip:
    """write_clip(name, ...) encodes a clip (see encode) and returns its path."""

    def write(name: str, **clip: Any) -> Path:
        return encode(tmp_path / name, **clip)

    return write


def _add_silence(container: Any, stream: Any, seconds: float) -> None:
    for i in range(int(seconds * 48000 / 1024)):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, i * 1024
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


LIVE: dict[str, Any] = {"wait": False, "open_timeout_s": 5, "read_timeout_s": 2, "backoff_max_s": 0.2}
"""Timeouts of tests against a server of this machine."""


def live_source(url: str, **capture: Any) -> LiveSource:
    """A live source that gives up and comes back quickly."""
    return LiveSource(url, CaptureConfig(**{**LIVE, **capture}), "gate")


@pytest.fixture
def clip(write_clip: WriteClip) -> Path:
    """What the RTSP server shows."""
    return write_clip("served.mp4", frames=50, gop=5)


@pytest.fixture
def server(clip: Path) -> Iterator[RtspServer]:
    """A real RTSP server in a child process, with the clip in a loop."""
    with rtsp_server(clip, seconds=30) as running:
        yield running
