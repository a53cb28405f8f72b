from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streamseg.errors import SinkError
from streamseg.records import Color, Extraction, Planes
from streamseg.sinks.encoder import picture_of
from tests.sinks.scenes import extraction, make_frame, make_track
from tests.sinks.videos import STEADY, TICK_S, VARIABLE, indexed, opened, pictures, psnr_db, write


@pytest.mark.parametrize("times_ns", [STEADY, VARIABLE, [5_000_000_000 + t for t in VARIABLE]])
def test_every_frame_is_there_at_its_own_time(tmp_path: Path, times_ns: list[int]) -> None:
    write(opened(tmp_path), times_ns, make_track())
    decoded = pictures(tmp_path / "annotated.mp4")
    assert len(decoded) == len(times_ns)
    for picture, pts_ns in zip(decoded, times_ns, strict=True):
        assert abs(picture.pts * picture.time_base - Fraction(pts_ns, 10**9)) <= TICK_S / 2


def test_times_that_stand_still_are_moved_by_a_tick(tmp_path: Path) -> None:
    write(opened(tmp_path), [0, 40_000_000, 40_000_000, 40_000_001, 80_000_000])
    times = [picture.pts * picture.time_base for picture in pictures(tmp_path / "annotated.mp4")]
    assert times == [
        0,
        Fraction(40, 1000),
        Fraction(40, 1000) + TICK_S,
        Fraction(40, 1000) + 2 * TICK_S,
        Fraction(80, 1000),
    ]


@pytest.mark.parametrize("size_hw", [(64, 96), (63, 95), (64, 95), (17, 18)])
def test_what_is_not_drawn_on_looks_like_the_source(tmp_path: Path, size_hw: tuple[int, int]) -> None:
    write(opened(tmp_path, {"crf": 10}), STEADY[:3], size_hw=size_hw)
    picture = pictures(tmp_path / "annotated.mp4")[-1]
    height, width = size_hw
    assert (picture.height, picture.width) == (height + height % 2, width + width % 2)
    planes = make_frame(size_hw=size_hw).planes
    for decoded, source in zip(picture.planes, (planes.y, planes.u, planes.v), strict=True):
        rows = np.frombuffer(decoded, np.uint8).reshape(-1, decoded.line_size)[: source.shape[0], : source.shape[1]]
        assert psnr_db(rows, source) > 38


def test_only_the_copy_is_drawn_on(tmp_path: Path) -> None:
    taken = extraction()
    before = make_frame()
    sink = opened(tmp_path)
    sink.write(taken)
    sink.close()
    for name in ("y", "u", "v"):
        np.testing.assert_array_equal(getattr(taken.frame.planes, name), getattr(before.planes, name))
    [picture] = pictures(tmp_path / "annotated.mp4")
    luma = np.frombuffer(picture.planes[0], np.uint8).reshape(-1, picture.planes[0].line_size)[:, :96]
    assert psnr_db(luma[20:40, 28:45], before.planes.y[20:40, 28:45]) < 35


@pytest.mark.parametrize("size_hw", [(4, 6), (5, 7), (1, 1)])
def test_a_picture_of_odd_size_repeats_its_last_row_and_column(size_hw: tuple[int, int]) -> None:
    height, width = size_hw
    half = (height + 1) // 2, (width + 1) // 2
    wide = np.random.default_rng(0).integers(0, 256, (height, width + 9)).astype(np.uint8)
    planes = Planes(wide[:, :width], wide[: half[0], : half[1]], wide[: half[0], : half[1]])
    picture = picture_of(planes)
    padded = np.pad(planes.y, ((0, height % 2), (0, width % 2)), mode="edge")
    np.testing.assert_array_equal(picture.planes.y, padded)
    np.testing.assert_array_equal(picture.planes.u, planes.u)
    assert picture.frame.to_ndarray().shape == (padded.shape[0] * 3 // 2, padded.shape[1])


def test_every_picture_is_its_own_frame(tmp_path: Path) -> None:
    sink, frames = opened(tmp_path, {"crf": 10}), []
    for seq in range(6):
        frame = make_frame(seq)
        turned = Planes(
            *(np.roll(plane, 8 * seq, axis=1) for plane in (frame.planes.y, frame.planes.u, frame.planes.v))
        )
        frames.append(replace(frame, planes=turned))
        sink.write(Extraction(frames[-1], ()))
    sink.close()
    for picture, frame in zip(pictures(tmp_path / "annotated.mp4"), frames, strict=True):
        luma = np.frombuffer(picture.planes[0], np.uint8).reshape(-1, picture.planes[0].line_size)[:, :96]
        assert psnr_db(luma, frame.planes.y) > 36


@pytest.mark.parametrize("size_hw", [(64, 96), (5, 7)])
def test_a_picture_can_be_used_again(size_hw: tuple[int, int]) -> None:
    planes, other = make_frame(size_hw=size_hw).planes, make_frame(size_hw=(8, 8)).planes
    first = picture_of(planes)
    before = first.frame.to_ndarray()
    for plane in (first.planes.y, first.planes.u, first.planes.v):
        plane[...] = 0
    second = picture_of(planes, first)
    assert second is first
    np.testing.assert_array_equal(second.frame.to_ndarray(), before)
    assert picture_of(other, first) is not first


@pytest.mark.parametrize(
    ("color", "matrix", "span"),
    [(Color("bt709"), 1, 1), (Color("bt601", full_range=True), 6, 2), (Color("bt601", chroma_site="center"), 6, 1)],
)
def test_colour_and_pixel_shape_are_tagged(tmp_path: Path, color: Color, matrix: int, span: int) -> None:
    write(opened(tmp_path), STEADY[:2], color=color, aspect=Fraction(16, 11))
    with av.open(str(tmp_path / "annotated.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        picture = next(container.decode(stream))
        assert (int(picture.colorspace), int(picture.color_range)) == (matrix, span)
        assert stream.codec_context.sample_aspect_ratio == Fraction(16, 11)
        assert stream.codec_context.pix_fmt in {"yuv420p", "yuvj420p"}


def test_there_is_a_key_picture_every_two_seconds_and_the_index_knows_them(tmp_path: Path) -> None:
    write(opened(tmp_path), [seq * 200_000_000 for seq in range(31)])
    path = tmp_path / "annotated.mp4"
    keys = [picture.pts for picture in pictures(path) if picture.key_frame]
    assert keys == [0, 180_000, 360_000, 540_000]
    assert [entry.ticks for entry in indexed(path)] == keys


def test_every_picture_can_be_played_as_soon_as_it_is_written(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    for seq in range(12):
        sink.write(extraction(seq, seq * 100_000_000))
        copy = tmp_path / "copy.mp4"
        copy.write_bytes((tmp_path / "annotated.mp4").read_bytes())
        assert len(pictures(copy)) == seq + 1
        sink.settle()
    sink.close()


def test_planes_may_be_padded_and_read_only(tmp_path: Path) -> None:
    frame = make_frame()
    padded = []
    for plane in (frame.planes.y, frame.planes.u, frame.planes.v):
        wide = np.zeros((plane.shape[0], plane.shape[1] + 24), np.uint8)
        wide[:, :-24] = plane
        wide.flags.writeable = False
        padded.append(wide[:, :-24])
    for folder, planes in (("plain", frame.planes), ("padded", Planes(*padded))):
        sink = opened(tmp_path / folder)
        sink.write(Extraction(replace(frame, planes=planes), (make_track(),)))
        sink.close()
    assert (tmp_path / "plain/annotated.mp4").read_bytes() == (tmp_path / "padded/annotated.mp4").read_bytes()


def test_parts_by_media_time_keep_their_times(tmp_path: Path) -> None:
    write(opened(tmp_path, output={"rotate_s": 0.2}), STEADY, make_track())
    parts = [tmp_path / name for name in ("annotated.mp4", "annotated-0002.mp4", "annotated-0003.mp4")]
    assert sorted(tmp_path.glob("*.mp4")) == sorted(parts)
    times = [[round(p.pts * p.time_base * 10**9) for p in pictures(part)] for part in parts]
    assert times == [STEADY[:5], STEADY[5:10], STEADY[10:]]


def test_parts_by_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    sink = opened(tmp_path, output={"rotate_mb": 0.01})
    for seq in range(12):
        noise = Planes(*(rng.integers(16, 235, s).astype(np.uint8) for s in ((64, 96), (32, 48), (32, 48))))
        sink.write(Extraction(replace(make_frame(seq), planes=noise), ()))
    sink.close()
    parts = sorted(tmp_path.glob("*.mp4"))
    assert len(parts) > 2
    assert sum(len(pictures(part)) for part in parts) == 12
    assert all(part.stat().st_size < 25_000 for part in parts)


def test_a_change_of_look_begins_a_part(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    looks = [{}, {}, {"size_hw": (48, 64)}, {"size_hw": (48, 64), "color": Color("bt601")}, {"aspect": Fraction(4, 3)}]
    for seq, look in enumerate(looks):
        sink.write(Extraction(make_frame(seq, **look), ()))
    sink.close()
    names = ["annotated.mp4", "annotated-0002.mp4", "annotated-0003.mp4", "annotated-0004.mp4"]
    assert [len(pictures(tmp_path / name)) for name in names] == [2, 1, 1, 1]
    assert [pictures(tmp_path / name)[0].width for name in names] == [96, 64, 64, 96]


def test_reopened_it_goes_on_in_a_new_part(tmp_path: Path) -> None:
    write(opened(tmp_path), STEADY[:3])
    first = (tmp_path / "annotated.mp4").read_bytes()
    write(opened(tmp_path), STEADY[3:])
    assert (tmp_path / "annotated.mp4").read_bytes() == first
    assert len(pictures(tmp_path / "annotated-0002.mp4")) == 9


def test_a_stream_without_frames_leaves_no_file(tmp_path: Path) -> None:
    opened(tmp_path).close()
    assert not list(tmp_path.glob("*.mp4"))


def test_a_link_in_the_place_of_the_video_is_refused(tmp_path: Path) -> None:
    folder, outside = tmp_path / "street", tmp_path / "theirs.mp4"
    outside.write_bytes(b"precious")
    sink = opened(folder)
    (folder / "annotated.mp4").symlink_to(outside)
    with pytest.raises(SinkError, match="symbolic link"):
        sink.write(extraction())
    assert outside.read_bytes() == b"precious"


def test_a_folder_that_vanished_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    sink = opened(tmp_path / "street")
    for path in (tmp_path / "street").iterdir():
        path.unlink()
    (tmp_path / "street").rmdir()
    with pytest.raises(SinkError, match=r"street/annotated\.mp4: cannot be written: No such file"):
        sink.write(extraction())
    sink.close()


def test_a_full_disk_is_an_error_that_names_the_file(small_disk: Path) -> None:
    rng = np.random.default_rng(3)
    sink = opened(small_disk / "street", {"crf": 0})
    with pytest.raises(SinkError, match=r"street/annotated\.mp4: cannot be written: No space left on device"):
        for seq in range(0, 5000, 25):
            noise = Planes(*(rng.integers(16, 235, s).astype(np.uint8) for s in ((64, 96), (32, 48), (32, 48))))
            sink.write(Extraction(replace(make_frame(seq), planes=noise), ()))
    sink.close()
