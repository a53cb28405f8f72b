"""Turning is checked against NumPy on full-resolution chroma: average to 4:2:0 and turn, or turn and average."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.capture.orientation import UPRIGHT, Orientation, turn_upright
from streamseg.records import Planes

_ALL = [Orientation(t, x, y) for t in (False, True) for x in (1, -1) for y in (1, -1)]


def _numpy(plane: np.ndarray, orientation: Orientation) -> np.ndarray:
    turned = plane.T if orientation.transposed else plane
    return turned[:: orientation.sign_y, :: orientation.sign_x]


def _planes(height: int, width: int) -> Planes:
    rng = np.random.default_rng(height * 100 + width)
    half = (height + 1) // 2, (width + 1) // 2
    return Planes(*(rng.integers(0, 256, size, np.uint8) for size in ((height, width), half, half)))


@pytest.mark.parametrize("orientation", _ALL, ids=str)
def test_even_sizes_with_centred_chroma_are_only_moved(orientation: Orientation) -> None:
    planes = _planes(12, 20)
    turned = turn_upright(planes, orientation, chroma_left=False)
    for before, after in ((planes.y, turned.y), (planes.u, turned.u), (planes.v, turned.v)):
        np.testing.assert_array_equal(after, _numpy(before, orientation))


@given(height=st.integers(1, 15), width=st.integers(1, 15), orientation=st.sampled_from(_ALL), left=st.booleans())
def test_any_size(height: int, width: int, orientation: Orientation, left: bool) -> None:
    planes = _planes(height, width)
    turned = turn_upright(planes, orientation, chroma_left=left)
    np.testing.assert_array_equal(turned.y, _numpy(planes.y, orientation))
    rows, columns = turned.size_hw
    assert turned.u.shape == turned.v.shape == ((rows + 1) // 2, (columns + 1) // 2)
    assert all(plane.flags.c_contiguous for plane in (turned.y, turned.u, turned.v))


@pytest.mark.parametrize("orientation", _ALL, ids=str)
@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("size", [(41, 61), (40, 60), (41, 60)])
def test_chroma_stays_where_it_was(orientation: Orientation, left: bool, size: tuple[int, int]) -> None:
    # a ramp over luma positions, sampled where chroma is sited, must be the turned ramp sampled at its centres
    height, width = size
    ramp_at = lambda x, y: 2.0 * x + 1.0 * y + 20  # noqa: E731
    rows, columns = np.mgrid[: (height + 1) // 2, : (width + 1) // 2]
    before = np.rint(ramp_at(2 * columns + (0 if left else 0.5), 2 * rows + 0.5)).astype(np.uint8)
    turned = turn_upright(Planes(np.zeros(size, np.uint8), before, before), orientation, chroma_left=left)
    height2, width2 = turned.size_hw
    rows, columns = np.mgrid[: (height2 + 1) // 2, : (width2 + 1) // 2]
    x, y = 2 * columns + 0.5, 2 * rows + 0.5
    x = width2 - 1 - x if orientation.sign_x < 0 else x
    y = height2 - 1 - y if orientation.sign_y < 0 else y
    wanted = ramp_at(y, x) if orientation.transposed else ramp_at(x, y)
    # outermost samples may lie outside the ones there were
    np.testing.assert_allclose(turned.u[1:-1, 1:-1], wanted[1:-1, 1:-1], atol=1.01)


@pytest.mark.parametrize(
    ("matrix", "degrees"),
    [([1, 0, 0, 1], 0), ([0, -1, 1, 0], 90), ([-1, 0, 0, -1], 180), ([0, 1, -1, 0], 270)],
)
def test_matrix_and_degrees_agree(matrix: list[int], degrees: int) -> None:
    a, b, c, d = matrix
    full = np.array([a, b, 0, c, d, 0, 0, 0, 0], np.int32) * 65536
    orientation = Orientation.from_matrix(full)
    assert orientation == Orientation.from_degrees(degrees)
    image = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(_numpy(image, orientation), np.rot90(image, degrees // 90))


def test_mirrored_matrix() -> None:
    mirrored = Orientation.from_matrix(np.array([-1, 0, 0, 0, 1, 0, 0, 0, 0], np.int32) * 65536)
    assert mirrored == Orientation(False, -1, 1)
    assert str(mirrored) == "mirrored"
    assert Orientation.from_matrix(np.array([1, 0, 0, 0, 1, 0, 0, 0, 0], np.int32)) == UPRIGHT
