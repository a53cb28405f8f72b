"""Planes are the decoder's own memory, read-only: it keeps off it while they are held, and everybody can use them."""

import gc
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamseg.capture.address import file_address
from streamseg.capture.container import open_container
from streamseg.capture.decoder import Decoder, Skip
from streamseg.capture.file import FileSource
from streamseg.capture.orientation import Orientation, turn_upright
from streamseg.capture.planes import read_picture
from streamseg.config import CaptureConfig
from streamseg.geometry import SoftMask
from streamseg.pixels import crop_rgb, frame_rgb
from streamseg.preprocess.fit_view import FitView
from streamseg.records import Frame, Planes, Track
from streamseg.sinks.encoder import picture_of
from streamseg.tracking.best_shot import pixel_terms

from .conftest import WriteClip, encode

_FRAMES = 60
_X264 = {"preset": "veryfast", "crf": "20"}
_KINDS = {
    "b-frames.mp4": ("libx264", {**_X264, "bf": "3"}),
    "slices.mp4": ("libx264", {**_X264, "bf": "2", "slices": "4"}),
    "low-delay.mp4": ("libx264", {**_X264, "bf": "0", "tune": "zerolatency"}),
    "mpeg2.mkv": ("mpeg2video", {"bf": "2"}),
    "mpeg4.mkv": ("mpeg4", {"bf": "2"}),
    "vp8.webm": ("libvpx", {"deadline": "realtime", "cpu-used": "8"}),
    "vp9.webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    "jpeg.avi": ("mjpeg", {}),
    "raw.avi": ("rawvideo", {}),
}


def _noise(index: int, width: int, height: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 255, (height, width, 3), np.uint8)


@pytest.fixture(scope="module", params=_KINDS)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of which no two pictures are alike."""
    codec, options = _KINDS[request.param]
    path = tmp_path_factory.mktemp("held") / request.param
    setup = _every_rate if codec == "mpeg2video" else _nothing
    fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    return encode(path, codec=codec, options=options, fmt=fmt, frames=_FRAMES, setup=setup, source=_noise)


def _every_rate(stream: Any) -> None:
    stream.codec_context.time_base = Fraction(1, 25)


def _nothing(stream: Any) -> None:
    pass


def _from_file(path: Path, threads: int) -> Iterator[Planes]:
    for frame in FileSource(str(path), CaptureConfig(threads=threads), "clip"):
        yield frame.planes


def _from_live(path: Path, threads: int) -> Iterator[Planes]:
    """As LiveSource decodes: slice threads, low delay."""
    opened = open_container(file_address(str(path)), 5, 5)
    decoder = Decoder(opened, CaptureConfig(threads=threads), dropped={}, closed=threading.Event())
    decoder.live(60, lambda: Skip.NOTHING)
    with opened.container:
        for picture in decoder:
            yield read_picture(picture, copied=opened.stream.codec_context.name == "rawvideo").planes


def _copy(planes: Planes) -> Planes:
    return Planes(planes.y.copy(), planes.u.copy(), planes.v.copy())


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("decode", [_from_file, _from_live])
def test_held_frames_keep_their_pixels(
    clip: Path, decode: Callable[[Path, int], Iterator[Planes]], threads: int
) -> None:
    held, copies = [], []
    for planes in decode(clip, threads):
        held.append(planes)
        copies.append(_copy(planes))
    gc.collect()
    assert len(held) == _FRAMES
    # the container is closed and the decoder gone
    for planes, copy in zip(held, copies, strict=True):
        for name in ("y", "u", "v"):
            np.testing.assert_array_equal(getattr(planes, name), getattr(copy, name))
    assert len({copy.y.tobytes() for copy in copies}) == _FRAMES


def _address(planes: Planes) -> int:
    return planes.y.__array_interface__["data"][0]


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Nothing is freed but by its reference count."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_a_held_frame_pins_only_itself(write_clip: WriteClip) -> None:
    path = write_clip("clip.mp4", frames=200, options={**_X264, "bf": "3"})
    planes = _from_file(path, 2)
    held = next(planes)
    addresses = [_address(later) for later in planes]
    # while one is held all others go back to the decoder, which takes them again, but never that one
    assert _address(held) not in addresses
    assert len(set(addresses)) < 40


def test_raw_pictures_are_copied_out_of_their_packets(write_clip: WriteClip) -> None:
    path = write_clip("raw.avi", codec="rawvideo", frames=3)
    for planes in _from_file(path, 1):
        assert planes.y.base is planes.u.base is planes.v.base is None


def _padded(plane: np.ndarray) -> np.ndarray:
    """The plane as a read-only view with other pixels at the end of its lines."""
    height, width = plane.shape
    wide = np.full((height, width + 37), 99, np.uint8)
    wide[:, :width] = plane
    wide.flags.writeable = False
    return wide[:, :width]


@pytest.mark.parametrize("size", [(96, 64), (93, 61)])
def test_everybody_takes_padded_read_only_planes(size: tuple[int, int]) -> None:
    width, height = size
    rng = np.random.default_rng(1)
    shapes = (height, width), ((height + 1) // 2, (width + 1) // 2), ((height + 1) // 2, (width + 1) // 2)
    plain = Frame("x", 0, 0, Planes(*(rng.integers(0, 255, shape, np.uint8) for shape in shapes)))
    planes = plain.planes
    padded = replace(plain, planes=Planes(_padded(planes.y), _padded(planes.u), _padded(planes.v)))
    track = Track(1, "person", 0.9, (8, 8, 50, 50), "active", SoftMask(np.full((9, 9), 255, np.uint8), (8, 8, 50, 50)))
    users: tuple[Callable[[Frame], object], ...] = (
        frame_rgb,
        lambda frame: crop_rgb(frame, (3, 5, 40, 41)),
        lambda frame: FitView((32, 64))(frame).view,
        lambda frame: FitView((96, 160), region=(10, 7, 60, 40))(frame).view,
        lambda frame: picture_of(frame.planes).frame.to_ndarray(),
        lambda frame: list(pixel_terms(frame, track).values()),
        lambda frame: turn_upright(frame.planes, Orientation(True, -1, 1), chroma_left=True).u,
    )
    for use in users:
        np.testing.assert_array_equal(use(padded), use(plain))
