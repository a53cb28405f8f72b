"""From a pixel of a cut-out back to the pixel that the source stored, whatever capture did to it."""

import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from streamseg.capture import open_source
from streamseg.capture.orientation import Orientation, turn_upright
from streamseg.config import CaptureConfig, StreamConfig
from streamseg.geometry import Letterbox
from streamseg.records import U8, Frame, Planes, Stored
from streamseg.sinks.transforms import transforms

STORED_HW = 48, 64
ORIENTATIONS = [Orientation(t, x, y) for t in (False, True) for x in (1, -1) for y in (1, -1)]


def points(matrix: list[list[float]], xy: np.ndarray) -> np.ndarray:
    return xy @ np.array(matrix)[:, :2].T + np.array(matrix)[:, 2]


def centres(size_wh: list[int]) -> np.ndarray:
    """x, y of the middle of every pixel: float64 [h, w, 2]."""
    columns, rows = np.meshgrid(np.arange(size_wh[0]) + 0.5, np.arange(size_wh[1]) + 0.5)
    return np.stack([columns, rows], -1)


def mapped_back(told: dict[str, Any], picture: U8) -> U8:
    """For every pixel of the last step's picture the stored one that it comes from."""
    at = points(told["to_stored"], centres(told["steps"][-1]["size"]))
    column, row = np.floor(at[..., 0]).astype(int), np.floor(at[..., 1]).astype(int)
    return picture[row, column]


def luma(size_hw: tuple[int, int]) -> U8:
    return np.random.default_rng(3).integers(0, 256, size_hw).astype(np.uint8)


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=str)
def test_every_pixel_is_found_where_the_source_has_it(orientation: Orientation) -> None:
    stored = luma(STORED_HW)
    half = np.zeros((STORED_HW[0] // 2, STORED_HW[1] // 2), np.uint8)
    planes = turn_upright(Planes(stored, half, half), orientation, chroma_left=False)
    frame = Frame("s", 0, 0, planes, stored=orientation.stored(STORED_HW))
    told = transforms(frame, (6, 10), (21, 17), None)
    np.testing.assert_array_equal(mapped_back(told, stored), planes.y[10:27, 6:27])
    assert told["stored_size"] == [64, 48] and told["steps"][-1]["name"] == "crop" and told["view"] is None
    assert [step["name"] for step in told["steps"]] == (["turn"] if orientation != Orientation() else []) + ["crop"]


def test_the_steps_lead_there_one_by_one() -> None:
    frame = Frame("s", 0, 0, Planes(luma((128, 96)), luma((64, 48)), luma((64, 48))), stored=Stored((48, 64), True, -1))
    told = transforms(frame, (6, 10), (21, 17), None)
    assert [(step["name"], step["size"]) for step in told["steps"]] == [
        ("scale", [128, 96]), ("turn", [96, 128]), ("crop", [21, 17]),
    ]  # fmt: skip
    there = np.array([[0.0, 0.0], [64.0, 48.0], [10.5, 3.25]])
    here = there
    for step in told["steps"]:
        here = points(step["matrix"], here)
    np.testing.assert_allclose(points(told["to_stored"], here), there, atol=1e-6)


def test_the_view_is_where_the_network_looked() -> None:
    fit = Letterbox.fit((10, 20, 90, 60), (64, 128), 1.25)
    frame = Frame("s", 0, 0, Planes(luma((96, 128)), luma((48, 64)), luma((48, 64))))
    told = transforms(frame, (0, 0), (8, 8), fit)["view"]
    corners = np.array([[10.0, 20.0], [90.0, 60.0], [33.5, 41.0]])
    assert told["size"] == [128, 64]
    np.testing.assert_allclose(points(told["matrix"], corners), fit.apply(corners), rtol=1e-5)


def video(path: Path, pictures: list[U8]) -> Path:
    """Gray pictures without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=Fraction(10))
        stream.height, stream.width = pictures[0].shape
        stream.pix_fmt = "gray"
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="gray")
            frame.pts, frame.time_base = i, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_of_a_real_file(tmp_path: Path) -> None:
    picture = luma(STORED_HW)
    source = open_source(StreamConfig(source=str(video(tmp_path / "a.mkv", [picture] * 2)), name="a"), CaptureConfig())
    source.open()
    [frame, _] = list(source)
    assert frame.stored == Stored(STORED_HW)
    np.testing.assert_array_equal(
        mapped_back(transforms(frame, (4, 2), (20, 30), None), picture), frame.planes.y[2:32, 4:24]
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_of_a_photograph_that_says_how_it_was_held(tmp_path: Path, orientation: int, suffix: str) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:20, :40], picture[30:, 50:] = 250, 120
    path = tmp_path / f"phone{suffix}"
    path.write_bytes(with_orientation(picture, suffix, orientation))
    source = open_source(StreamConfig(source=str(path), name="a"), CaptureConfig())
    source.open()
    [frame] = list(source)
    told = transforms(frame, (0, 0), frame.size_hw[::-1], None)
    upright = (frame.planes.y.astype(float) - 16) * 255 / 219 if not frame.color.full_range else frame.planes.y
    assert np.abs(mapped_back(told, picture)[..., 0] - upright).mean() < 4


def with_orientation(picture: U8, suffix: str, orientation: int) -> bytes:
    """The image file with the EXIF tag put in."""
    tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0" + bytes([orientation]) + b"\0\0\0\0\0\0"
    content = cv2.imencode(suffix, picture)[1].tobytes()
    if suffix == ".jpg":
        tag = b"Exif\0\0" + tiff
        return content[:2] + b"\xff\xe1" + (len(tag) + 2).to_bytes(2, "big") + tag + content[2:]
    chunk = b"eXIf" + tiff
    return content[:33] + len(tiff).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") + content[33:]
