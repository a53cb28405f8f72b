from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamseg.capture import expand, open_source, parse_source
from streamseg.capture.folder import FolderSource
from streamseg.config import CaptureConfig
from streamseg.errors import SourceInvalid, SourceNotFound
from streamseg.pixels import frame_rgb
from streamseg.records import Frame, Place

from .conftest import picture


def _images(folder: Path, count: int = 4, suffix: str = ".png", size: tuple[int, int] = (48, 32)) -> Path:
    folder.mkdir(exist_ok=True)
    for index in range(count):
        cv2.imwrite(str(folder / f"frame{index}{suffix}"), picture(index, *size)[..., ::-1])
    return folder


def _frames(source: Path | str, **capture: Any) -> list[Frame]:
    return list(FolderSource(str(source), CaptureConfig(**capture), "folder"))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tiff", ".ppm"])
@pytest.mark.parametrize("size", [(48, 32), (33, 17)])
def test_formats(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    frames = _frames(_images(tmp_path / "in", 2, suffix, size))
    assert [f.size_hw for f in frames] == [size[::-1]] * 2
    assert np.abs(frame_rgb(frames[1]).astype(int) - picture(1, *size)).mean() < 10


def test_info_and_times(tmp_path: Path) -> None:
    folder = _images(tmp_path / "in", 12)
    source = FolderSource(str(folder), CaptureConfig(folder_fps=10), "walk")
    info = source.open()
    assert (info.name, info.size_hw, info.fps, info.frames, info.live) == ("walk", (32, 48), 10, 12, False)
    assert info.duration_s == pytest.approx(1.2)
    frames = list(source)
    assert [f.seq for f in frames] == list(range(12))
    assert [f.pts_ns for f in frames] == [i * 100_000_000 for i in range(12)]
    # frame10 comes after frame9
    assert np.abs(frame_rgb(frames[10]).astype(int) - picture(10, 48, 32)).mean() < 10


def test_start_end_max_frames(tmp_path: Path) -> None:
    folder = _images(tmp_path / "in", 12)
    frames = _frames(folder, folder_fps=10, start=0.25, end=0.9, max_frames=4)
    assert [f.pts_ns // 1_000_000 for f in frames] == [300, 400, 500, 600]
    assert frames[0].seq == 0
    info = FolderSource(str(folder), CaptureConfig(folder_fps=10, start=0.25, end=0.9), "walk").open()
    assert info.frames == 6


def test_glob_and_single_image(tmp_path: Path) -> None:
    folder = _images(tmp_path / "in", 3)
    _images(folder, 2, ".jpg")
    assert len(_frames(f"{folder}/*.png")) == 3
    assert len(_frames(folder / "frame1.jpg")) == 1
    assert len(_frames(folder)) == 5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif(tmp_path: Path, orientation: int) -> None:
    rgb = picture(0, 48, 32)
    turned = {
        1: rgb, 2: rgb[:, ::-1], 3: rgb[::-1, ::-1], 4: rgb[::-1],
        5: rgb.transpose(1, 0, 2), 6: np.rot90(rgb, -1), 7: rgb[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(rgb),
    }[orientation]  # fmt: skip
    _, encoded = cv2.imencode(".jpg", rgb[..., ::-1])
    jpeg = encoded.tobytes()
    tag = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes([orientation]) + b"\0\0\0\0\0\0"
    path = tmp_path / "phone.jpg"
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + (len(tag) + 2).to_bytes(2, "big") + tag + jpeg[2:])
    frame = _frames(path)[0]
    assert frame.size_hw == turned.shape[:2]
    assert np.abs(frame_rgb(frame).astype(int) - turned).mean() < 10


def test_other_sizes_and_broken_images_are_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = _images(tmp_path / "in", 6)
    for index in (1, 2):
        cv2.imwrite(str(folder / f"frame{index}.png"), picture(0, 20, 20))
    (folder / "frame4.png").write_bytes((folder / "frame5.png").read_bytes()[:40])
    source = FolderSource(str(folder), CaptureConfig(), "folder")
    source.open()
    frames = list(source)
    assert source.dropped == {"size-changed": 2, "undecodable": 1}
    assert [(f.seq, f.pts_ns // 40_000_000) for f in frames] == [(0, 0), (1, 3), (2, 5)]
    assert sum("size-changed" in r.getMessage() for r in caplog.records) == 1


def test_a_broken_first_image_does_not_matter(tmp_path: Path) -> None:
    folder = _images(tmp_path / "in", 3)
    (folder / "frame0.png").write_bytes(b"no")
    assert [f.seq for f in _frames(folder)] == [0, 1]


def test_none_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(SourceInvalid, match="none of its 1 images"):
        _frames(tmp_path)


def test_too_large_before_decoding(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wide.png"), np.zeros((4, 9000), np.uint8))
    cv2.imwrite(str(tmp_path / "huge.png"), np.zeros((9000, 8000), np.uint8))
    with pytest.raises(SourceInvalid, match="none of its 2 images"):
        _frames(tmp_path)


@pytest.mark.parametrize("pattern", ["", "/*.png", "/missing"])
def test_nothing_there(tmp_path: Path, pattern: str) -> None:
    stream = expand([parse_source(f"{tmp_path}{pattern}")])[0]
    with pytest.raises(SourceNotFound, match=re_start(tmp_path)):
        open_source(stream, CaptureConfig()).open()


def re_start(path: Path) -> str:
    return f"^{path}"


def test_close(tmp_path: Path) -> None:
    source = FolderSource(str(_images(tmp_path / "in", 9)), CaptureConfig(), "folder")
    frames = iter(source)
    next(frames)
    source.close()
    assert list(frames) == []


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve images, of which two are broken and two of another size."""
    folder = _images(tmp_path_factory.mktemp("mixed"), 12)
    for index in (3, 10):
        (folder / f"frame{index}.png").write_bytes(b"no")
    for index in (4, 7):
        cv2.imwrite(str(folder / f"frame{index}.png"), picture(0, 20, 20))
    return folder


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 11), st.sampled_from([0, 0.25]), st.sampled_from([None, 0.9]), st.sampled_from([None, 1, 4]),
    st.sampled_from([10, 29.97]),
)  # fmt: skip
def test_goes_on_after_any_image(
    mixed: Path, index: int, start: float, end: float | None, max_frames: int | None, fps: float
) -> None:
    capture = CaptureConfig(start=start, end=end, max_frames=max_frames, folder_fps=fps)
    source = FolderSource(str(mixed), capture, "folder")
    info, whole, dropped = source.open(), [], []
    for frame in source:
        whole.append(frame)
        dropped.append(sum(source.dropped.values()))
    after = whole[index % len(whole)]
    successor = FolderSource(str(mixed), capture, "folder")
    assert successor.open(Place(after.seq, after.pts_ns, exact=source.exact)) == info
    rest = list(successor)
    assert [(f.seq, f.pts_ns) for f in rest] == [(f.seq, f.pts_ns) for f in whole[after.seq + 1 :]]
    for one, other in zip(rest, whole[after.seq + 1 :], strict=True):
        np.testing.assert_array_equal(one.planes.y, other.planes.y)
    assert dropped[after.seq] + sum(successor.dropped.values()) == sum(source.dropped.values())
