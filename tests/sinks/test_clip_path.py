import numpy as np
import pytest

from streamseg.sinks.clip_path import lazy_path, smooth_path

TIMES_S = np.arange(60) / 25
SURE = np.ones((60, 2))


def line(count: int = 60) -> np.ndarray:
    return np.stack([10 + 3.0 * np.arange(count), 80 - 0.5 * np.arange(count)], axis=1)


def test_a_steady_motion_is_followed_to_its_ends() -> None:
    np.testing.assert_allclose(smooth_path(TIMES_S, line(), SURE, sigma_s=0.35), line(), atol=1e-6)


def test_noise_of_boxes_does_not_shake_the_path() -> None:
    noise = np.random.default_rng(3).normal(0, 2, (60, 2))
    path = smooth_path(TIMES_S, line() + noise, SURE, sigma_s=0.35)
    shaking = np.diff(path - line(), axis=0)
    assert np.abs(shaking).max() < 0.4 < np.abs(np.diff(noise, axis=0)).mean()


def test_one_that_is_far_off_does_not_count() -> None:
    points = line()
    points[30] += (200, -90)
    assert np.abs(smooth_path(TIMES_S, points, SURE, sigma_s=0.35) - line()).max() < 0.1


def test_what_is_not_trusted_is_bridged() -> None:
    """An object cut off by the border: what is left of it stands still, the object goes on."""
    points, trust = line(), SURE.copy()
    points[50:, 0] = points[50, 0]
    trust[50:, 0] = 0.01
    off = np.abs(smooth_path(TIMES_S, points, trust, sigma_s=0.35) - line())
    assert off[:56].max() < 2 and off[:, 1].max() < 1e-6


def test_its_own_motion_stays_the_objects_own() -> None:
    """Two steps a second shake a walker: the path is hardly moved by them."""
    steps = 5 * np.sin(2 * np.pi * 2 * TIMES_S)
    points = line() + np.stack([np.zeros(60), steps], axis=1)
    followed = smooth_path(TIMES_S, points, SURE, sigma_s=0.35) - line()
    assert np.abs(followed[10:-10, 1]).max() < 0.5


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_points_are_their_own_path(count: int) -> None:
    times_s = np.cumsum([0.04, 4.0, 0.5])[:count]
    points = line(count)
    np.testing.assert_allclose(smooth_path(times_s, points, SURE[:count], sigma_s=0.35), points, atol=1e-3)


def test_times_may_be_uneven() -> None:
    times_s = np.cumsum(np.random.default_rng(1).uniform(0.001, 0.3, 60))
    points = np.stack([40 * times_s, -7 * times_s], axis=1)
    np.testing.assert_allclose(smooth_path(times_s, points, SURE, sigma_s=0.35), points, atol=1e-5)


def test_what_hardly_moves_gets_a_path_that_stands() -> None:
    path = np.stack([50 + np.sin(TIMES_S), 20 + 3 * TIMES_S], axis=1)
    lazy = lazy_path(path, 2.0)
    assert np.ptp(lazy[:, 0]) == 0
    assert np.abs(lazy - path).max() <= 2.0
    np.testing.assert_allclose(np.diff(lazy[30:, 1]), np.diff(path[30:, 1]))
