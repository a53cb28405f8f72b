import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamseg.pixels import frame_rgb, rgb_value_to_yuv
from streamseg.records import Color, Frame, Planes
from streamseg.sinks.canvas import Canvas, text_mask
from streamseg.sinks.stamps import Layer, Ramp, Stamp
from tests.sinks.scenes import make_frame

RED = (220, 40, 30)
BLUE = (20, 40, 200)
WHITE = (255, 255, 255)
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
    target.paint(np.full((20, 30), 255, np.uint8), (10, 12), Ramp.solid(RED, color))
    planes = target.planes
    parts = planes.y[12:32, 10:40], planes.u[6:16, 5:20], planes.v[6:16, 5:20]
    for part, value in zip(parts, rgb_value_to_yuv(RED, color), strict=True):
        assert (part == value).all()
    rgb = frame_rgb(Frame("street", 0, 0, planes, color))[16:28, 14:36]
    assert np.abs(rgb.astype(int) - RED).max() <= 3


@pytest.mark.parametrize("opacity", [0.0, 0.3, 0.5, 1.0])
def test_opacity_blends_in_a_straight_line(opacity: float) -> None:
    target, before = canvas()
    target.paint(np.full((64, 96), 255, np.uint8), (0, 0), Ramp.solid(RED, Color(), opacity=opacity))
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
    layers = [Layer(np.linspace(0, 1, 256), RED, luma=0.25)]
    target.paint(np.full((64, 96), 255, np.uint8), (0, 0), Ramp.of(layers, layers, Color()))
    y, u, _ = rgb_value_to_yuv(RED, Color())
    assert (target.planes.u == u).all()
    assert np.abs(target.planes.y - (before.y + (y - before.y.astype(float)) * 0.25)).max() <= 1.5


def test_a_layer_covers_those_below_as_far_as_it_is_opaque() -> None:
    target, before = canvas()
    whole = np.ones((64, 96))
    target.stamp(Stamp.of([Layer(whole, RED), Layer(whole, BLUE, 0.5), Layer(0 * whole, RED)], Color()), (0, 0))
    red, blue = (np.array(rgb_value_to_yuv(rgb, Color())) for rgb in (RED, BLUE))
    for plane, wanted in zip((target.planes.y, target.planes.u, target.planes.v), (red + blue) / 2, strict=True):
        assert np.abs(plane - wanted).max() <= 1
    assert (target.planes.y != before.y).any()


@settings(deadline=None)
@given(
    size_hw=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    shape=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    origin=st.tuples(st.integers(-20, 40), st.integers(-20, 40)),
)
def test_only_the_covered_pixels_change(
    size_hw: tuple[int, int], shape: tuple[int, int], origin: tuple[int, int]
) -> None:
    target, before = canvas(size_hw)
    target.paint(np.full(shape, 255, np.uint8), origin, Ramp.solid(WHITE, Color()))
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
    target.paint(np.full((1, 1), 255, np.uint8), (1, 1), Ramp.solid(RED, Color()))
    _, u, v = rgb_value_to_yuv(RED, Color())
    assert abs(int(target.planes.u[0, 0]) - (128 + (u - 128) / 4)) <= 1
    assert abs(int(target.planes.v[0, 0]) - (128 + (v - 128) / 4)) <= 1
    assert (target.planes.u.ravel()[1:] == 128).all()


@settings(deadline=None)
@given(
    size_hw=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    origin=st.tuples(st.integers(-14, 14), st.integers(-14, 14)),
)
def test_a_stamp_does_what_its_layers_do_wherever_it_lies(
    size_hw: tuple[int, int], shape: tuple[int, int], origin: tuple[int, int]
) -> None:
    (rows, columns), (x, y) = np.multiply(shape, 2), np.multiply(origin, 2)
    coverage = np.random.default_rng(rows + columns).integers(0, 256, (rows, columns)).astype(np.uint8)
    (stamped, _), (painted, _) = canvas(size_hw), canvas(size_hw)
    stamped.stamp(Stamp.of([Layer(coverage / 255, RED, 0.7)], Color()), (int(x), int(y)))
    painted.paint(coverage, (int(x), int(y)), Ramp.solid(RED, Color(), opacity=0.7))
    for name in ("y", "u", "v"):
        one, other = (getattr(each.planes, name).astype(int) for each in (stamped, painted))
        if name != "y":  # half a sample that lies beyond the frame is covered in the one, and not in the other
            one, other = (plane[: size_hw[0] // 2, : size_hw[1] // 2] for plane in (one, other))
        assert np.abs(one - other).max(initial=0) <= 2


@pytest.mark.parametrize("height_px", [7, 9, 16, 27])
def test_capitals_have_the_height_that_was_asked_for(height_px: int) -> None:
    rows = np.flatnonzero(text_mask("HEI", height_px).max(axis=1) > 128)
    assert rows[-1] - rows[0] + 1 == pytest.approx(height_px, abs=0.15 * height_px + 1)
    assert text_mask("person 12", height_px).shape[1] < 9 * 1.3 * height_px
