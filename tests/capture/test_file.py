from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from streamseg.capture.file import FileSource
from streamseg.config import CaptureConfig
from streamseg.pixels import frame_rgb
from streamseg.records import Frame
from tests.conftest import SHARED, shared_file

from .conftest import WriteClip, picture


def _open(path: Path, **capture: Any) -> FileSource:
    return FileSource(str(path), CaptureConfig(**capture), "clip")


def _frames(path: Path, **capture: Any) -> list[Frame]:
    return list(_open(path, **capture))


@pytest.mark.parametrize("size", [(314, 242), (626, 32), (96, 64)])
def test_every_plane_is_the_decoder_s(write_clip: WriteClip, size: tuple[int, int]) -> None:
    path = write_clip("clip.mp4", size=size, frames=5)
    with av.open(str(path)) as container:
        decoded = [frame.to_ndarray() for frame in container.decode(video=0)]
    height = size[1]
    for frame, wanted in zip(_frames(path), decoded, strict=True):
        planes = frame.planes
        np.testing.assert_array_equal(planes.y, wanted[:height])
        np.testing.assert_array_equal(np.concatenate([planes.u.ravel(), planes.v.ravel()]), wanted[height:].ravel())


@pytest.mark.parametrize(
    ("name", "codec", "fmt", "note"),
    [
        ("odd.mkv", "ffv1", "yuv420p", None),
        ("odd444.mp4", "libx264", "yuv444p", "yuv444p to 8-bit 4:2:0"),
        ("deep.mp4", "libx264", "yuv420p10le", "yuv420p10le to 8-bit 4:2:0"),
        ("wide.mp4", "libx264", "yuv422p", "yuv422p to 8-bit 4:2:0"),
        ("gray.mkv", "ffv1", "gray", None),
        ("jpeg.mkv", "mjpeg", "yuvj420p", None),
        ("rgb.avi", "ffv1", "bgr0", "bgr0 to 8-bit 4:2:0"),
    ],
)
def test_pixel_formats(write_clip: WriteClip, name: str, codec: str, fmt: str, note: str | None) -> None:
    odd = fmt in ("yuv444p", "gray", "bgr0") or codec in ("ffv1", "mjpeg")
    size = (313, 241) if odd else (94, 62)
    frames = _frames(write_clip(name, size=size, codec=codec, fmt=fmt, frames=3))
    assert len(frames) == 3
    assert frames[0].size_hw == size[::-1]
    assert frames[0].notes == (() if note is None else (note,))
    if fmt == "gray":
        # luma as it is: ffv1 does not say which range it has
        with av.open(write_clip("gray.mkv", size=size, codec=codec, fmt=fmt, frames=3)) as container:
            np.testing.assert_array_equal(frames[0].planes.y, next(container.decode(video=0)).to_ndarray())
        return
    wanted = picture(2, *size).astype(int)
    assert np.abs(frame_rgb(frames[2]).astype(int) - wanted).mean() < 6


def test_info(write_clip: WriteClip) -> None:
    path = write_clip("clip.mp4", frames=20, audio=True)
    info = _open(path).open()
    assert (info.name, info.source, info.live) == ("clip", str(path), False)
    assert (info.size_hw, info.fps, info.frames) == ((64, 96), Fraction(25), 20)
    assert info.duration_s == pytest.approx(0.8)
    assert info.audio_from == str(path)
    assert _open(write_clip("mute.mp4", frames=2)).open().audio_from is None


def test_seq_pts_and_names(write_clip: WriteClip) -> None:
    frames = _frames(write_clip("clip.mp4", frames=6))
    assert [f.seq for f in frames] == list(range(6))
    assert [f.pts_ns for f in frames] == [i * 40_000_000 for i in range(6)]
    assert {f.stream for f in frames} == {"clip"}
    assert all(f.arrived_ns > 0 and f.wall_ns is None and f.wall_quality == "none" for f in frames)


def test_read_twice(write_clip: WriteClip) -> None:
    source = _open(write_clip("clip.mp4", frames=6), max_frames=4)
    assert [f.seq for f in source] == [f.seq for f in source] == [0, 1, 2, 3]


def test_variable_frame_rate(write_clip: WriteClip) -> None:
    stamps = [0, 10, 50, 51, 200, 1000]
    frames = _frames(write_clip("vfr.mkv", frames=6, pts=stamps))
    assert [f.pts_ns // 1_000_000 for f in frames] == stamps


@pytest.mark.parametrize("name", ["late.mkv", "late.ts", "late.mp4"])
def test_media_time_begins_with_the_stream(write_clip: WriteClip, name: str) -> None:
    frames = _frames(write_clip(name, frames=4, pts=[5000 + 40 * i for i in range(4)]))
    first = frames[0].pts_ns
    assert first in (0, 5_000_000_000)  # mkv and mp4 may keep the gap before the first picture
    assert [round((f.pts_ns - first) / 1e6) for f in frames] == [0, 40, 80, 120]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
@pytest.mark.parametrize("start", [0.04, 0.5, 1.12, 1.999])
def test_start_is_exact(write_clip: WriteClip, name: str, start: float) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = write_clip(name, frames=60, gop=12, codec=codec)
    whole = [f for f in _frames(path) if f.pts_ns >= start * 1e9]
    part = _frames(path, start=start)
    assert [f.pts_ns for f in part] == [f.pts_ns for f in whole]
    assert [f.seq for f in part] == list(range(len(whole)))
    for one, other in zip(part, whole, strict=True):
        np.testing.assert_array_equal(one.planes.y, other.planes.y)


def test_end_and_max_frames(write_clip: WriteClip) -> None:
    path = write_clip("clip.mp4", frames=50)
    assert [f.pts_ns // 1_000_000 for f in _frames(path, start=0.4, end=0.52)] == [400, 440, 480]
    assert len(_frames(path, max_frames=7)) == 7
    info = _open(path, start=0.4, end=1.4, max_frames=20).open()
    assert (info.frames, info.duration_s) == (20, pytest.approx(1.0))
    assert _open(path, start=0.4, end=1.4).open().frames == 25


def test_start_after_the_end_gives_nothing(write_clip: WriteClip) -> None:
    source = _open(write_clip("clip.mp4", frames=10), start=60)
    assert source.open().duration_s == 0
    assert list(source) == []


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_rotation_is_applied(write_clip: WriteClip, degrees: int) -> None:
    path = write_clip("turned.mp4", size=(96, 64), frames=2, rotation=degrees)
    source = _open(path)
    info = source.open()
    frame = next(iter(source))
    wanted = np.rot90(picture(0, 96, 64), degrees // 90)
    assert info.size_hw == frame.size_hw == wanted.shape[:2]
    assert np.abs(frame_rgb(frame).astype(int) - wanted).mean() < 6
    assert frame.notes == info.notes == (f"rotated by {degrees % 360} degrees counterclockwise",)


def test_rotation_by_the_matrix_a_phone_writes(write_clip: WriteClip) -> None:
    # a phone held upright: x' = -y, y' = x, the picture is to be turned clockwise
    path = write_clip("phone.mp4", size=(96, 64), frames=2)
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    content[at : at + 36] = b"".join(n.to_bytes(4, "big", signed=True) for n in _PHONE)
    path.write_bytes(content)
    frame = _frames(path)[0]
    assert np.abs(frame_rgb(frame).astype(int) - np.rot90(picture(0, 96, 64), -1)).mean() < 6


_PHONE = (0, 65536, 0, -65536, 0, 0, 64 * 65536, 0, 0x40000000)


def test_mirrored(write_clip: WriteClip) -> None:
    path = write_clip("selfie.mp4", size=(96, 64), frames=2)
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    content[at : at + 4] = (-65536).to_bytes(4, "big", signed=True)
    path.write_bytes(content)
    frame = _frames(path)[0]
    assert np.abs(frame_rgb(frame).astype(int) - picture(0, 96, 64)[:, ::-1]).mean() < 6
    assert frame.notes == ("mirrored",)


@pytest.mark.parametrize(("rotation", "wanted"), [(0, Fraction(4, 3)), (90, Fraction(3, 4)), (180, Fraction(4, 3))])
def test_aspect(write_clip: WriteClip, rotation: int, wanted: Fraction) -> None:
    path = write_clip("anamorphic.mp4", frames=2, aspect=Fraction(4, 3), rotation=rotation)
    assert _frames(path)[0].aspect == wanted


def test_wall_time_from_the_file(write_clip: WriteClip) -> None:
    path = write_clip("dated.mp4", frames=3, metadata={"creation_time": "2024-05-06T07:08:09.500000Z"})
    frame = _frames(path)[2]
    assert frame.wall_quality == "file"
    assert frame.wall_ns == 1714979289_000_000_000 + frame.pts_ns  # mp4 keeps whole seconds


def test_close_ends_the_iteration(write_clip: WriteClip) -> None:
    source = _open(write_clip("clip.mp4", frames=50))
    source.open()
    frames = iter(source)
    next(frames)
    source.close()
    assert list(frames) == []


def test_same_frames_with_any_number_of_threads(write_clip: WriteClip) -> None:
    path = write_clip("clip.mp4", frames=20)
    one, four = _frames(path, threads=1), _frames(path, threads=4)
    for first, second in zip(one, four, strict=True):
        assert first.pts_ns == second.pts_ns
        np.testing.assert_array_equal(first.planes.u, second.planes.u)


def test_a_change_of_size_is_scaled_and_said(write_clip: WriteClip, tmp_path: Path) -> None:
    small = write_clip("small.ts", size=(96, 64), frames=5).read_bytes()
    large = write_clip("large.ts", size=(192, 128), frames=5).read_bytes()
    both = tmp_path / "both.ts"
    both.write_bytes(small + large)
    frames = _frames(both)
    assert {f.size_hw for f in frames} == {(64, 96)}
    assert frames[-1].notes[0] == "scaled from 192 x 128"
    assert np.abs(frame_rgb(frames[-1]).astype(int) - picture(2, 96, 64)).mean() < 12
    times = [f.pts_ns for f in frames]
    assert times == sorted(set(times))


def test_a_stream_that_appears_later_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "late-sound.flv"
    with av.open(str(path), "w") as container:
        video, sound = container.add_stream("flv1", rate=10), container.add_stream("libmp3lame", rate=44100)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        for index in range(100):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture(index, 96, 64), format="rgb24")))
            if index > 80:
                silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
                silence.sample_rate, silence.pts = 44100, index * 4410
                container.mux(sound.encode(silence))
        container.mux(video.encode())
        container.mux(sound.encode())
    content = bytearray(path.read_bytes())
    content[4] = 1  # the header tells of video only
    path.write_bytes(content)
    assert [f.seq for f in _frames(path)] == list(range(100))


@pytest.mark.parametrize(
    "clip", sorted(p.name for p in (SHARED / "data/clips").glob("*.*")) if SHARED else ["none.mp4"]
)
def test_real_clips(clip: str) -> None:
    path = shared_file(f"clips/{clip}")
    source = _open(path)
    info = source.open()
    frames = list(islice(source, 5))
    source.close()
    assert len(frames) == 5
    assert info.size_hw == frames[0].size_hw
    assert info.frames and info.fps and info.duration_s
    assert frames[0].planes.y.std() > 5


@pytest.mark.parametrize("clip", ["cat.mp4", "road-msmpeg4.avi"])
def test_real_clips_to_the_end(clip: str) -> None:
    source = _open(shared_file(f"clips/{clip}"))
    info = source.open()
    frames = [f.pts_ns for f in source]
    assert len(frames) == info.frames
    assert frames == sorted(set(frames))
    assert source.dropped == {}
