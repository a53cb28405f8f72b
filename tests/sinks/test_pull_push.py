import numpy as np
import pytest

from streamseg.sinks.pull_push import filled_in


def known_at(places: dict[tuple[int, int], float], size_hw: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    sums, weights = np.zeros(size_hw, np.float32), np.zeros(size_hw, np.float32)
    for place, value in places.items():
        sums[place], weights[place] = value, 1
    return sums, weights


def test_what_is_known_stays_whatever_its_weight() -> None:
    rng = np.random.default_rng(0)
    colours = rng.uniform(0, 255, (9, 14, 3)).astype(np.float32)
    weights = np.where(rng.random((9, 14)) < 0.3, rng.uniform(0.1, 1, (9, 14)), 0).astype(np.float32)
    filled = filled_in(colours * weights[:, :, None], weights)
    np.testing.assert_allclose(filled[weights > 0], colours[weights > 0], rtol=1e-4)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 9), (7, 13), (33, 64)])
def test_one_known_colour_is_everywhere(size_hw: tuple[int, int]) -> None:
    filled = filled_in(*known_at({(size_hw[0] // 2, size_hw[1] // 2): 90.0}, size_hw))
    np.testing.assert_allclose(filled, 90, rtol=1e-4)


def test_between_two_colours_it_goes_over_smoothly_and_never_beyond() -> None:
    filled = filled_in(*known_at({(8, 0): 10.0, (8, 63): 250.0}, (16, 64)))
    assert filled[:, :16].max() < 100 < 160 < filled[:, -16:].min()
    assert filled.min() >= 9.9 and filled.max() <= 250.1
    assert np.abs(np.diff(filled[0])).max() < 30


def test_the_heavier_counts_for_more() -> None:
    """Of two in one block."""
    sums, weights = known_at({(0, 0): 0.0, (0, 1): 200.0}, (2, 8))
    weights[0, 0], weights[0, 1], sums[0, 1] = 0.25, 0.75, 150
    assert filled_in(sums, weights)[0, -1] == pytest.approx(150)


def test_where_nothing_is_known_it_is_0() -> None:
    assert not filled_in(np.zeros((5, 6, 3), np.float32), np.zeros((5, 6), np.float32)).any()
