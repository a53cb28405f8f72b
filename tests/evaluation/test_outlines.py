"""Outline scores of drawn masks."""

import numpy as np
import pytest

from streamseg.evaluation.outlines import OutlineJudge, boundary_f

SIZE = (100, 160)


def block(x0, y0, x1, y1):
    mask = np.zeros(SIZE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_the_best_object_gives_j_and_all_of_them_precision_and_recall():
    judge = OutlineJudge()
    judge.add(block(0, 0, 40, 40), None, [block(0, 0, 20, 40), block(0, 0, 30, 40), block(100, 0, 120, 40)])
    score = judge.score()
    assert score.j == pytest.approx(0.75)
    assert (score.precision, score.recall) == pytest.approx((1200 / 2000, 0.75))
    assert score.f_measure == pytest.approx(2 * 0.6 * 0.75 / 1.35)
    assert score.frames == 1


def test_what_is_to_be_ignored_counts_nowhere():
    judge = OutlineJudge()
    judge.add(block(0, 0, 40, 40), block(20, 0, 160, 100), [block(0, 0, 20, 40), block(100, 50, 120, 70)])
    assert judge.score().j == judge.score().precision == judge.score().recall == 1


def test_frames_without_a_foreground_count_for_precision_only():
    judge = OutlineJudge()
    judge.add(block(0, 0, 40, 40), None, [block(0, 0, 40, 40)])
    judge.add(np.zeros(SIZE, bool), None, [block(0, 0, 40, 40)])
    score = judge.score()
    assert (score.j, score.boundary_f, score.precision, score.recall, score.frames) == (1, 1, 0.5, 1, 2)


def test_nothing_found_is_a_recall_of_nothing():
    judge = OutlineJudge()
    judge.add(block(0, 0, 40, 40), None, [])
    score = judge.score()
    assert (score.j, score.boundary_f, score.precision, score.recall, score.f_measure) == (0, 0, 1, 0, 0)


@pytest.mark.parametrize(("shift", "least", "most"), [(0, 1, 1), (2, 1, 1), (3, 0.4, 0.7), (80, 0, 0)])
def test_boundaries_may_be_off_by_the_tolerance(shift, least, most):
    """0.008 of the diagonal are two pixels here; of a block moved sideways two of four sides stay where they were."""
    assert least <= boundary_f(block(20, 20, 60, 60), block(20 + shift, 20, 60 + shift, 60)) <= most


def test_a_mask_that_fills_the_picture_has_no_boundary():
    full = np.ones(SIZE, bool)
    assert boundary_f(full, full) == 1
    assert boundary_f(full, block(20, 20, 60, 60)) == 0
