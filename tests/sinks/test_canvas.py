import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.pixels import frame_rgb, rgb_value_to_yuv
from streamseg.records import Color, Frame, Planes
from streamseg.sinks.canvas import Canvas, rounded_box, text_mask
from tests.sinks.scenes import make_frame

RED = (220, 40, 30)
COLORS = [Color(), Color("bt601", True, "center")]


def canvas(size_hw: tuple[int, int] = (64, 96), color: Color | None = None) -> tuple[Canvas, Planes]:
    """A canvas, and what its planes were."""
    color = color or Color()
    planes = make_frame(size_hw=size_hw, color=color).planes
    return Canvas(Planes(planes.y.copy(), planes.u.copy(), planes.v.copy()), color), planes


def changed(now: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.nonzero(now != before)


@pytest.mark.parametrize("color", COLORS)
def test_full_coverage_is_the_colour_itself(color: Color) -> None:
    target, _ = canvas(color=color)
    target.paint(np.full((20, 30), 255, np.uint8), (10, 12), RED)
    planes = target.planes
    parts = planes.y[12:32, 10:40], planes.u[6:16, 5:20], planes.v[6:16, 5:20]
    for part, value in zip(parts, rgb_value_to_yuv(RED, color), strict=True):
        assert (part == value).all()
    rgb = frame_rgb(Frame("street", 0, 0, planes, color))[16:28, 14:36]
    assert np.abs(rgb.astype(int) - RED).max() <= 3


@pytest.mark.parametrize("opacity", [0.0, 0.3, 0.5, 1.0])
def test_opacity_blends_in_a_straight_line(opacity: float) -> None:
    target, before = canvas()
    target.paint(np.full((64, 96), 255, np.uint8), (0, 0), RED, opacity=opacity)
    for now, was, value in zip(
        (target.planes.y, target.planes.u, target.planes.v),
        (before.y, before.u, before.v),
        rgb_value_to_yuv(RED, Color()),
        strict=True,
    ):
        wanted = was + (value - was.astype(float)) * opacity
        assert np.abs(now - wanted).max() <= 1.5


def test_less_luma_keeps_the_picture_and_takes_the_hue() -> None:
    target, before = canvas()
    target.paint(np.full((64, 96), 255, np.uint8), (0, 0), RED, luma=0.25)
    y, u, _ = rgb_value_to_yuv(RED, Color())
    assert (target.planes.u == u).all()
    assert np.abs(target.planes.y - (before.y + (y - before.y.astype(float)) * 0.25)).max() <= 1.5


@given(
    size_hw=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    shape=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    origin=st.tuples(st.integers(-20, 40), st.integers(-20, 40)),
)
def test_only_the_covered_pixels_change(
    size_hw: tuple[int, int], shape: tuple[int, int], origin: tuple[int, int]
) -> None:
    target, before = canvas(size_hw)
    target.paint(np.full(shape, 255, np.uint8), origin, (255, 255, 255))
    covered = np.zeros(size_hw, bool)
    x, y = origin
    covered[max(0, y) : max(0, y + shape[0]), max(0, x) : max(0, x + shape[1])] = True
    assert (target.planes.y[covered] == 235).all()
    np.testing.assert_array_equal(target.planes.y[~covered], before.y[~covered])
    padded = np.pad(covered, ((0, size_hw[0] % 2), (0, size_hw[1] % 2)))
    touched = padded.reshape(padded.shape[0] // 2, 2, -1, 2).any(axis=(1, 3))
    for now, was in ((target.planes.u, before.u), (target.planes.v, before.v)):
        np.testing.assert_array_equal(now[~touched], was[~touched])


def test_chroma_takes_the_share_of_its_pixels_that_is_covered() -> None:
    target = Canvas(Planes(*(np.full(s, 128, np.uint8) for s in ((4, 4), (2, 2), (2, 2)))), Color())
    target.paint(np.full((1, 1), 255, np.uint8), (1, 1), RED)
    _, u, v = rgb_value_to_yuv(RED, Color())
    assert abs(int(target.planes.u[0, 0]) - (128 + (u - 128) / 4)) <= 1
    assert abs(int(target.planes.v[0, 0]) - (128 + (v - 128) / 4)) <= 1
    assert (target.planes.u.ravel()[1:] == 128).all()


def test_a_line_lies_where_its_points_say() -> None:
    target = Canvas(Planes(*(np.zeros(s, np.uint8) for s in ((40, 60), (20, 30), (20, 30)))), Color())
    target.stroke([np.array([[5.0, 20.0], [55.0, 20.0]])], (255, 255, 255), width_px=3)
    column = target.planes.y[:, 30].astype(float)
    assert (column * (np.arange(40) + 0.5)).sum() / column.sum() == pytest.approx(20, abs=0.3)
    assert target.planes.y[:, :2].max() == 0
    assert target.planes.y[:, 59:].max() == 0


@pytest.mark.parametrize("points", [[[-500, -500], [900, 700]], [[200, 200], [300, 300]], [[-9e9, 0], [9e9, 30]]])
def test_lines_out_of_the_frame_are_clipped(points: list) -> None:
    target, before = canvas()
    target.stroke([np.array(points, float)], RED, width_px=3)
    target.fading(np.array(points, float), np.ones(1), RED, width_px=3)
    rows, _ = changed(target.planes.y, before.y)
    assert (len(rows) > 0) == (points[0][0] < 0)


def test_nothing_to_draw_draws_nothing() -> None:
    target, before = canvas()
    target.stroke([], RED, width_px=2)
    target.stroke([np.empty((0, 2))], RED, width_px=2)
    target.fading(np.array([[3.0, 3.0]]), np.empty(0), RED, width_px=2)
    np.testing.assert_array_equal(target.planes.y, before.y)


def test_a_fading_line_grows_stronger_and_wider() -> None:
    target = Canvas(Planes(*(np.zeros(s, np.uint8) for s in ((40, 80), (20, 40), (20, 40)))), Color())
    line = np.stack([np.linspace(5, 75, 8), np.full(8, 20.0)], axis=1)
    target.fading(line, np.linspace(0.1, 1, 7), (255, 255, 255), width_px=6)
    ink = target.planes.y.astype(float).sum(axis=0)
    assert ink[70] > 3 * ink[30] > 0


def test_a_rounded_box_keeps_its_sides_and_loses_its_corners() -> None:
    shape = rounded_box((10, 5, 50, 25), 6)
    assert (shape.min(axis=0) == (10, 5)).all()
    assert (shape.max(axis=0) == (50, 25)).all()
    area = cv2.contourArea(shape.astype(np.float32))
    assert area == pytest.approx(40 * 20 - (4 - np.pi) * 36, rel=0.01)


@pytest.mark.parametrize("height_px", [7, 9, 16, 27])
def test_capitals_have_the_height_that_was_asked_for(height_px: int) -> None:
    rows = np.flatnonzero(text_mask("HEI", height_px).max(axis=1) > 128)
    assert rows[-1] - rows[0] + 1 == pytest.approx(height_px, abs=0.15 * height_px + 1)
    assert text_mask("person 12", height_px).shape[1] < 9 * 1.3 * height_px
