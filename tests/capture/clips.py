"""Clips of every kind that makes going on after a place easy or hard."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np

from .conftest import encode

_X264 = {"preset": "veryfast", "crf": "20"}
_B_FRAMES = {**_X264, "bf": "3", "x264-params": "b-adapt=0:keyint=12:min-keyint=4"}
_OPEN_GOP = {**_X264, "bf": "3", "x264-params": "b-adapt=0:open-gop=1:keyint=12:min-keyint=12:scenecut=0"}
_REFRESH = {**_X264, "x264-params": "intra-refresh=1:keyint=12"}
_SPARSE = {"size": (64, 48), "frames": 160, "fps": 5}


def noise(index: int, width: int, height: int) -> np.ndarray:
    """uint8 [h, w, 3] RGB in blocks: every picture its own, and a new scene every ten."""
    scene = np.random.default_rng(index // 10).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    rgb = scene.repeat(8, 0).repeat(8, 1)
    rgb[(index * 5) % height, :] = 255
    return rgb


def _joined(target: Path, parts: list[Path]) -> Path:
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


def _doubled(path: Path) -> Path:
    """The clip with every seventh time stamp told twice."""
    target = path.with_name("doubled.mkv")
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        copy = output.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(p for p in source.demux(video=0) if p.dts is not None):
            if index % 7 == 6:
                packet.pts = packet.dts = packet.pts - 40
            packet.stream = copy
            output.mux(packet)
    return target


def _rewritten(path: Path, name: str, change: Callable[[int, av.Packet], bytes]) -> Path:
    """The clip with each packet's content as change(number, packet) gives it."""
    target = path.with_name(name)
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        copy = output.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(p for p in source.demux(video=0) if p.dts is not None):
            changed = av.Packet(change(index, packet))
            changed.pts, changed.dts, changed.time_base = packet.pts, packet.dts, packet.time_base
            changed.is_keyframe, changed.stream = packet.is_keyframe, copy
            output.mux(changed)
    return target


def _holed(path: Path, every: int) -> Path:
    """Every so many packets one holds nothing that can be decoded."""
    return _rewritten(path, f"holed-{path.name}", lambda i, packet: bytes(64 if i % every == every - 1 else packet))


def _scratched(path: Path, number: int) -> Path:
    """The second half of one packet is noise."""
    noise = random.Random(5).randbytes(100_000)

    def scratch(index: int, packet: av.Packet) -> bytes:
        half = packet.size // 2
        return bytes(packet)[:half] + noise[half : packet.size] if index == number else bytes(packet)

    return _rewritten(path, f"scratched-{path.name}", scratch)


def _damaged(path: Path) -> Path:
    """The transport stream with payloads overwritten here and there."""
    content, rng = bytearray(path.read_bytes()), random.Random(5)
    for packet in range(20, len(content) // 188, 31):
        content[packet * 188 + 8 : packet * 188 + 180] = rng.randbytes(172)
    path.write_bytes(content)
    return path


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    return path


def make_clips(folder: Path) -> dict[str, Path]:
    """Encode them all; by name."""

    def clip(name: str, **how: Any) -> Path:
        return encode(folder / name, **{"size": (96, 64), "frames": 60, "source": noise, **how})

    def timed(first_ms: int, count: int) -> list[int]:
        return [first_ms + 40 * i for i in range(count)]

    gaps = [sum((7, 40, 3, 200, 33)[k % 5] for k in range(i)) for i in range(60)]
    jpeg = clip("jpeg.mkv", codec="mjpeg", fmt="yuvj420p")
    small = clip("small.ts", frames=30, options=_B_FRAMES, pts=timed(0, 30))
    open_gop = clip("open-gop.mkv", options=_OPEN_GOP, frames=120)
    refresh = clip("refresh.mkv", options=_REFRESH, frames=120)
    return {
        "b-frames": clip("b-frames.mp4", options=_B_FRAMES),
        "b-frames-flv": clip("b-frames.flv", options=_B_FRAMES),
        "fragmented": clip("fragmented.mp4", options=_B_FRAMES, mux={"movflags": "frag_keyframe+empty_moov"}),
        "open-gop": clip("open-gop.mp4", options=_OPEN_GOP),
        "open-gop-mkv": open_gop,
        "open-gop-long": clip("open-gop-long.ts", options=_OPEN_GOP, **_SPARSE),
        "intra-refresh": refresh,
        "variable-rate": clip("variable-rate.mkv", options=_B_FRAMES, pts=gaps),
        "turned": clip(
            "turned.mp4", options=_B_FRAMES, rotation=90, metadata={"creation_time": "2024-05-06T07:08:09Z"}
        ),
        "jpeg": jpeg,
        "jpeg-avi": clip("jpeg.avi", codec="mjpeg", fmt="yuvj420p"),
        "deep": clip("deep.mkv", codec="ffv1", fmt="yuv420p10le", gop=6),
        "mpeg2": clip("mpeg2.mpg", codec="mpeg2video", setup=_three_b_frames, gop=15, size=(64, 48), frames=320),
        "mpeg4": clip("mpeg4.avi", codec="mpeg4", setup=_three_b_frames, **_SPARSE),
        "no-time-stamps": clip("no-time-stamps.h264", options=_B_FRAMES),
        "guessed-time-stamps": clip("guessed.avi", options=_B_FRAMES),
        "doubled": _doubled(clip("single.mkv")),
        "spliced": _joined(folder / "spliced.ts", [small, small]),
        "grown": _joined(
            folder / "grown.ts", [small, clip("large.ts", size=(192, 128), frames=30, pts=timed(1200, 30))]
        ),
        "holed-jpeg": _holed(jpeg, 9),
        "holed": _holed(open_gop, 12),
        "holed-refresh": _holed(refresh, 12),
        "scratched-key": _scratched(clip("plain.mkv", codec="mpeg4", gop=12, frames=90), 36),
        "damaged": _damaged(clip("damaged.ts", options=_B_FRAMES, frames=90)),
        "truncated": _cut(clip("truncated.mkv", options=_B_FRAMES, frames=150)),
    }


def _three_b_frames(stream: Any) -> None:
    stream.codec_context.max_b_frames = 3


DOUBTFUL = ("mpeg2", "holed", "holed-refresh", "scratched-key")
NAMES = (
    *("b-frames", "b-frames-flv", "fragmented", "open-gop", "open-gop-mkv", "open-gop-long", "intra-refresh"),
    *("variable-rate", "turned", "jpeg", "jpeg-avi", "deep", "mpeg4", "no-time-stamps"),
    *("guessed-time-stamps", "doubled", "spliced", "grown", "holed-jpeg", "damaged", "truncated"),
    *DOUBTFUL,
)
