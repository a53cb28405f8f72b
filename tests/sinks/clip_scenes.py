"""Frames with a disc that moves in them, and what is in the clips made of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from streamseg.config import Config
from streamseg.geometry import SoftMask
from streamseg.pixels import planes_from_rgb, yuv_to_rgb
from streamseg.provenance import Provenance
from streamseg.records import U8, Color, Extraction, Frame, Track
from streamseg.sinks.clips import ClipsSink
from tests.sinks.scenes import info, make_track

SIZE_HW = 120, 160
RADIUS = 20
RED, GREEN = (200, 60, 20), (20, 140, 60)
BT601 = Color("bt601", chroma_site="center")
PROVENANCE = Provenance("0.1.0", "street.mp4", "s", "0" * 64, "1" * 64, {"size": 1.0}, None)


def scene(
    seq: int, centre: tuple[float, float], *, track: int = 1, pts_ns: int | None = None, **more: Any
) -> Extraction:
    """A red disc on green, seen as an active track; more: changes of the track."""
    rgb = np.empty((*SIZE_HW, 3), np.uint8)
    rgb[:] = GREEN
    middle = round((centre[0] - 0.5) * 16), round((centre[1] - 0.5) * 16)
    cv2.circle(rgb, middle, RADIUS * 16, RED, -1, cv2.LINE_AA, shift=4)
    pts_ns = seq * 40_000_000 if pts_ns is None else pts_ns
    frame = Frame("street", seq, pts_ns, planes_from_rgb(rgb, BT601), BT601)
    return Extraction(frame, (disc_track(track, centre, **more),))


def disc_track(track: int, centre: tuple[float, float], **more: Any) -> Track:
    x, y = centre
    box = x - RADIUS - 2, y - RADIUS - 2, x + RADIUS + 2, y + RADIUS + 2
    alpha = np.zeros((88, 88), np.uint8)
    cv2.circle(alpha, (44, 44), 2 * RADIUS, 255, -1, cv2.LINE_AA)
    return make_track(track, **({"box": box, "mask": SoftMask(alpha, box)} | more))


def empty(seq: int, pts_ns: int | None = None) -> Extraction:
    """A frame that no track is in."""
    shown = scene(seq, (80, 60), pts_ns=pts_ns)
    return Extraction(shown.frame, ())


def walk(count: int, *, first: int = 0, **more: object) -> list[Extraction]:
    """A disc that crosses the frame in steps of 1.5 px."""
    return [scene(seq, (50 + 1.5 * seq, 60), **more) for seq in range(first, first + count)]


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def made(folder: Path, **clips: Any) -> ClipsSink:
    sections = {"clips": {"enabled": True, "min_s": 0, "padding": 4} | clips, "output": {"disk_free_mb": 0}}
    return ClipsSink(Config.model_validate(sections), folder, PROVENANCE)


def written(folder: Path, extractions: Sequence[Extraction], **clips: Any) -> Path:
    """The folder of clips of a whole stream."""
    sink = made(folder, **clips)
    assert sink.open(info(size_hw=SIZE_HW)) == -1
    for extraction in extractions:
        assert sink.write(extraction)
        sink.settle()
    sink.close()
    return folder / "clips"


def record(folder: Path, name: str = "1-person") -> dict[str, Any]:
    return json.loads((folder / f"{name}.json").read_text())


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of a WebM file: when, and its pixels, straight alpha."""

    at_ms: int
    rgba: U8


def shown(path: Path, first: int = 0) -> list[Shown]:
    """The pictures from the first one wanted on, decoded by libvpx: FFmpeg's own decoder leaves alpha out."""
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    return [_shown(frame) for packet in packets[first:] for frame in decoder.decode(packet)]


def _shown(frame: av.VideoFrame) -> Shown:
    y, u, v, alpha = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    )
    chroma = (cv2.resize(plane, y.shape[::-1], interpolation=cv2.INTER_LINEAR) for plane in (u, v))
    assert frame.pts is not None
    return Shown(frame.pts, np.dstack([yuv_to_rgb(cv2.merge([y, *chroma]), BT601), alpha]))


def read_png(path: Path) -> U8:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA)
