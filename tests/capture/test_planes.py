from fractions import Fraction

import av
import numpy as np
import pytest

from streamseg.capture.planes import read_picture
from streamseg.pixels import frame_rgb
from streamseg.records import Color, Frame

from .conftest import picture


def _frame(fmt: str, size: tuple[int, int] = (96, 64), **tags: int) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(picture(3, *size), format="rgb24")
    frame = rgb.reformat(format=fmt) if fmt != "rgb24" else rgb
    for name, value in tags.items():
        setattr(frame, name, value)
    return frame


def _rgb(frame: av.VideoFrame) -> np.ndarray:
    read = read_picture(frame)
    return frame_rgb(Frame("x", 0, 0, read.planes, read.color, aspect=Fraction(1)))


@pytest.mark.parametrize("size", [(96, 64), (313, 17), (314, 18), (1, 1), (2, 3), (626, 8), (33, 241)])
def test_planes_are_those_of_the_decoder(size: tuple[int, int]) -> None:
    frame = _frame("yuv420p", size)
    read = read_picture(frame)
    width, height = size
    assert read.planes.size_hw == (height, width)
    assert read.planes.u.shape == ((height + 1) // 2, (width + 1) // 2)
    packed = frame.reformat(format="yuv444p", interpolation="POINT").to_ndarray()
    np.testing.assert_array_equal(read.planes.y, packed[0])
    np.testing.assert_array_equal(read.planes.u, packed[1][::2, ::2])
    np.testing.assert_array_equal(read.planes.v, packed[2][::2, ::2])
    assert read.notes == ()


@pytest.mark.parametrize("fmt", ["yuv420p", "yuvj420p", "yuva420p"])
def test_planes_are_read_only_views_of_the_frame(fmt: str) -> None:
    frame = _frame(fmt, (90, 34))
    planes = read_picture(frame).planes
    for plane, own in zip((planes.y, planes.u, planes.v), frame.planes, strict=False):
        assert plane.__array_interface__["data"][0] == own.buffer_ptr
        assert plane.strides == (own.line_size, 1)
        with pytest.raises(ValueError, match="read-only"):
            plane[0, 0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            plane.flags.writeable = True


@pytest.mark.parametrize("fmt", ["yuv420p", "yuva420p", "gray", "nv12", "nv21", "yuv444p"])
def test_copies_share_nothing(fmt: str) -> None:
    frame = _frame(fmt, (128, 64))
    viewed, read = read_picture(frame).planes, read_picture(frame, copied=True).planes
    for name in ("y", "u", "v"):
        np.testing.assert_array_equal(getattr(viewed, name), getattr(read, name))
        assert getattr(read, name).base is None
    before = read.y.copy()
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    np.testing.assert_array_equal(read.y, before)


@pytest.mark.parametrize("fmt", ["nv12", "nv21"])
def test_semiplanar_pictures_do_not_pin_the_frame(fmt: str) -> None:
    planes = read_picture(_frame(fmt)).planes
    assert planes.y.base is planes.u.base is planes.v.base is None


@pytest.mark.parametrize("fmt", ["nv12", "nv21"])
@pytest.mark.parametrize("size", [(96, 64), (313, 17)])
def test_semiplanar_equals_planar(fmt: str, size: tuple[int, int]) -> None:
    planar = _frame("yuv420p", size)
    semi = planar.reformat(format=fmt)
    one, other = read_picture(planar).planes, read_picture(semi).planes
    for name in ("y", "u", "v"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize(
    "fmt",
    ["yuv420p10le", "yuv422p", "yuv422p10le", "yuv444p", "yuv444p10le", "yuyv422", "uyvy422", "yuva444p", "yuv411p"],
)
@pytest.mark.parametrize("size", [(96, 64), (94, 62)])
def test_other_yuv_becomes_8_bit_420(fmt: str, size: tuple[int, int]) -> None:
    frame = _frame(fmt, size)
    read = read_picture(frame)
    assert read.notes[0] == f"{fmt} to 8-bit 4:2:0"
    wanted = _rgb(_frame("yuv420p", size)).astype(int)
    assert np.abs(_rgb(frame).astype(int) - wanted).mean() < 3


@pytest.mark.parametrize("fmt", ["rgb24", "bgr24", "rgba", "gbrp", "bgr0", "rgb565le", "rgb48le"])
def test_rgb(fmt: str) -> None:
    frame = _frame(fmt)
    read = read_picture(frame)
    assert read.color == Color("bt601", full_range=True, chroma_site="center")
    assert read.notes == (f"{fmt} to 8-bit 4:2:0",)
    assert np.abs(_rgb(frame).astype(int) - picture(3, 96, 64)).mean() < 4


def test_palette() -> None:
    indices = np.zeros((16, 16), np.uint8)
    indices[:, 8:] = 1
    palette = np.zeros((256, 4), np.uint8)
    palette[:2] = [255, 200, 0, 0], [255, 0, 0, 200]
    frame = av.VideoFrame.from_ndarray((indices, palette), format="pal8")
    rgb = _rgb(frame).astype(int)
    np.testing.assert_allclose(rgb[8, 3], [200, 0, 0], atol=3)
    np.testing.assert_allclose(rgb[8, 12], [0, 0, 200], atol=3)


def test_gray_has_no_colour() -> None:
    read = read_picture(_frame("gray", (33, 17)))
    assert read.planes.size_hw == (17, 33)
    assert np.all(read.planes.u == 128) and np.all(read.planes.v == 128)
    assert read.planes.u.shape == (9, 17)


@pytest.mark.parametrize("fmt", ["yuv420p", "yuv444p10le", "yuv422p"])
@pytest.mark.parametrize("color_range", [1, 2])
@pytest.mark.parametrize("colorspace", [1, 5])
def test_conversion_keeps_matrix_and_range(fmt: str, color_range: int, colorspace: int) -> None:
    frame = av.VideoFrame(16, 16, fmt)
    deep = frame.format.components[0].bits > 8
    for plane, value in zip(frame.planes, (200, 150, 75), strict=True):
        rows = np.full(plane.buffer_size // (2 if deep else 1), value * (4 if deep else 1), "<u2" if deep else "u1")
        plane.update(rows.tobytes())
    frame.color_range, frame.colorspace = color_range, colorspace
    read = read_picture(frame)
    assert {int(p.mean()) for p in (read.planes.y, read.planes.u, read.planes.v)} == {200, 150, 75}
    assert read.color.matrix == {1: "bt709", 5: "bt601"}[colorspace]
    assert read.color.full_range == (color_range == 2)


@pytest.mark.parametrize(("height", "matrix"), [(480, "bt601"), (718, "bt601"), (720, "bt709"), (1080, "bt709")])
def test_untagged_matrix_by_height(height: int, matrix: str) -> None:
    assert read_picture(av.VideoFrame(16, height, "yuv420p")).color.matrix == matrix


def test_yuvj_is_full_range() -> None:
    assert read_picture(av.VideoFrame(16, 16, "yuvj420p")).color.full_range


def test_bt2020_becomes_bt709() -> None:
    frame = av.VideoFrame(16, 16, "yuv420p")
    for plane, value in zip(frame.planes, (120, 110, 160), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.colorspace, frame.color_range = 9, 1
    read = read_picture(frame)
    # ITU-R BT.2020 table 4: R = Y' + 1.4746 Cr, B = Y' + 1.8814 Cb, in video range
    luma, cb, cr = (120 - 16) / 219, (110 - 128) / 224, (160 - 128) / 224
    red, blue = luma + 1.4746 * cr, luma + 1.8814 * cb
    got = frame_rgb(Frame("x", 0, 0, read.planes, read.color))[8, 8]
    np.testing.assert_allclose(got[[0, 2]], np.array([red, blue]) * 255, atol=3)
    assert read.color.matrix == "bt709"
    assert read.notes == ("bt2020 to bt709",)


@pytest.mark.parametrize(("fmt", "site"), [("yuv420p", "left"), ("yuv422p", "left"), ("yuv444p", "center")])
def test_chroma_site(fmt: str, site: str) -> None:
    # a ramp in u: where its halved samples lie shows where they were taken
    frame = av.VideoFrame(64, 16, fmt)
    step = 4 if fmt == "yuv444p" else 8
    plane = frame.planes[1]
    rows = np.zeros((plane.height, plane.line_size), np.uint8)
    rows[:, : plane.width] = np.minimum(np.arange(plane.width) * step, 255)
    plane.update(rows.tobytes())
    read = read_picture(frame)
    assert read.color.chroma_site == site
    columns = np.arange(4, 28)
    at_luma = 2 * columns + (0 if site == "left" else 0.5)
    np.testing.assert_allclose(read.planes.u[4, 4:28], at_luma * 4, atol=1)


def test_alpha_and_interlace_and_hdr_are_said() -> None:
    assert "alpha left out" in read_picture(av.VideoFrame(16, 16, "yuva420p")).notes
    frame = av.VideoFrame(16, 16, "yuv420p")
    frame.color_trc = 16
    assert "high dynamic range, not tone-mapped" in read_picture(frame).notes
