import cv2
import numpy as np
import pytest

from streamseg.tracking.blocks import Blocks
from streamseg.tracking.grid import Points, averages, filled, weighted_means

RNG = np.random.default_rng(4)
PICTURE = RNG.integers(0, 256, (24, 36, 3), np.uint8)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 6])
def test_averages_are_those_of_the_squares(step: int) -> None:
    squares = PICTURE.reshape(24 // step, step, 36 // step, step, 3).mean((1, 3))
    np.testing.assert_allclose(averages(PICTURE, step), squares, atol=1.01 if step in (4, 6) else 0.51)
    assert averages(PICTURE[:, :, 0], step).shape == (24 // step, 36 // step)


def test_filled_repeats_the_last_row_and_column() -> None:
    grown = filled(PICTURE, 7)
    assert grown.shape == (28, 42, 3)
    np.testing.assert_array_equal(grown[:24, :36], PICTURE)
    np.testing.assert_array_equal(grown[27, 41], PICTURE[23, 35])


def test_numbers_at_some_points_go_out_and_come_back() -> None:
    chosen = (RNG.random((9, 11)) < 0.2).astype(np.uint8)
    points = Points.where(chosen)
    values = RNG.random(len(points.at)).astype(np.float32)
    plane = points.spread(values)
    assert not plane[chosen == 0].any()
    np.testing.assert_array_equal(points.take([plane, 2 * plane]), [values, 2 * values])
    some = points.at[::3]
    np.testing.assert_array_equal(points.at[points.order_of(some)], some)
    np.testing.assert_array_equal(points.grown().at, np.flatnonzero(cv2.dilate(chosen, np.ones((3, 3)))))


def test_a_weighted_mean_ignores_what_weighs_nothing_and_has_a_limit_where_nothing_weighs() -> None:
    plane = np.full((12, 12), 7, np.float32)
    plane[:, 6:] = 200
    weight = np.zeros((12, 12), np.float32)
    weight[:, :6] = 0.5
    means = weighted_means([plane], weight, Points.where(np.ones((12, 12), np.uint8))).reshape(12, 12)
    np.testing.assert_allclose(means[:, :8], 7, rtol=1e-5)
    assert not means[:, 8:].any()


@pytest.fixture
def blocks() -> Blocks:
    marked = np.zeros((24, 36), np.uint8)
    marked[0, 0] = marked[11, 17] = marked[23, 35] = 255
    return Blocks.holding(marked)


def test_a_block_with_one_marked_pixel_is_held(blocks: Blocks) -> None:
    assert [one.tolist() for one in blocks.places] == [[0, 5, 11], [0, 8, 17]]
    assert len(blocks.grown()) == 4 + 9 + 4


def test_colours_of_blocks_are_those_of_their_pixels(blocks: Blocks) -> None:
    upper_left, lower_left, upper_right, lower_right = PICTURE.reshape(-1, 3)[blocks.pixels()]
    shown = blocks.colours(PICTURE)
    np.testing.assert_array_equal(shown[0, :, 0].T, upper_left)
    np.testing.assert_array_equal(shown[0, :, 1].T, lower_left)
    np.testing.assert_array_equal(shown[1, :, 0].T, upper_right)
    np.testing.assert_array_equal(shown[1, :, 1].T, lower_right)
    np.testing.assert_array_equal(upper_right[1], PICTURE[10, 17])


def test_colours_are_put_where_they_came_from(blocks: Blocks) -> None:
    picture = np.zeros_like(PICTURE)
    blocks.put_colours(picture, blocks.colours(PICTURE))
    held = np.zeros((24, 36), bool)
    held.reshape(-1)[blocks.pixels()] = True
    np.testing.assert_array_equal(picture, np.where(held[:, :, None], PICTURE, 0))


def test_what_is_around_a_block_at_the_edge_is_the_nearest_within(blocks: Blocks) -> None:
    around = np.array(blocks.around(2)).T
    assert around[0].tolist() == [0, 0, 2, 0, 0, 2, 36, 36, 38]
    assert around[1].tolist() == [(5 + row) * 18 + 8 + column for row in (-2, 0, 2) for column in (-2, 0, 2)]


@pytest.mark.parametrize("step", [2, 4, 6])
def test_blocks_know_the_squares_they_lie_in(blocks: Blocks, step: int) -> None:
    points = blocks.grid_points(step)
    assert points.size_hw == (24 // step, 36 // step)
    squares = [
        (2 * row // step) * (36 // step) + 2 * column // step for row, column in zip(*blocks.places, strict=True)
    ]
    assert blocks.within(step).tolist() == squares == points.at[points.order_of(blocks.within(step))].tolist()
