"""The lines against a plain least squares of every window."""

import numpy as np

from streamseg.geometry import F32, U8
from streamseg.tracking.grid import Points
from streamseg.tracking.guided_filter import fit_lines

RNG = np.random.default_rng(0)
COLOURS = [RNG.integers(0, 256, (9, 12), np.uint8) for _ in range(3)]
EVERYWHERE = Points.where(np.ones((9, 12), np.uint8))
EPSILON = 1e-3


def by_least_squares(target: U8, row: int, column: int) -> F32:
    """The ridge regression of the window around a point that does not touch the border."""
    window = slice(row - 1, row + 2), slice(column - 1, column + 2)
    colours = np.stack([one[window].ravel() for one in COLOURS], 1).astype(np.float64)
    wanted = target[window].ravel().astype(np.float64)
    mean = colours.mean(0)
    covariance = np.cov(colours.T, bias=True) + EPSILON * 255**2 * np.eye(3)
    slope = np.linalg.solve(covariance, (colours - mean).T @ (wanted - wanted.mean()) / 9)
    return np.array([*slope, wanted.mean() - slope @ mean], np.float32)


def test_lines_are_the_mean_of_the_ridge_regressions_around() -> None:
    target = RNG.integers(0, 256, (9, 12), np.uint8)
    lines = fit_lines(COLOURS, target, EPSILON, EVERYWHERE).reshape(4, 9, 12)
    for row, column in ((4, 5), (3, 8), (6, 3)):
        around = [by_least_squares(target, row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        np.testing.assert_allclose(lines[:, row, column], np.mean(around, 0), rtol=1e-3, atol=1e-3)


def test_a_target_that_is_linear_in_the_colours_comes_back() -> None:
    target = np.rint(40 + 0.3 * COLOURS[0] - 0.1 * COLOURS[1] + 0.4 * COLOURS[2]).astype(np.uint8)
    lines = fit_lines(COLOURS, target, 1e-6, EVERYWHERE).reshape(4, 9, 12)
    made = sum((slope * colour for slope, colour in zip(lines, COLOURS, strict=False)), lines[3])
    np.testing.assert_allclose(made, target, atol=3)


def test_flat_colours_give_the_smoothed_target() -> None:
    target = np.zeros((9, 12), np.uint8)
    target[:, 6:] = 255
    flat = [np.full((9, 12), 90, np.uint8)] * 3
    lines = fit_lines(flat, target, EPSILON, EVERYWHERE).reshape(4, 9, 12)
    assert not lines[:3].any()
    assert (np.diff(lines[3], axis=1) >= 0).all() and lines[3, 4, 3] == 0 and np.isclose(lines[3, 4, 8], 255)


def test_only_some_points_are_the_same_as_of_all() -> None:
    target = RNG.integers(0, 256, (9, 12), np.uint8)
    some = Points.where((RNG.random((9, 12)) < 0.3).astype(np.uint8))
    whole = fit_lines(COLOURS, target, EPSILON, EVERYWHERE)
    np.testing.assert_array_equal(fit_lines(COLOURS, target, EPSILON, some), whole[:, some.at])
