"""Identity scores: by hand, and against figures of TrackEval's own formulas (as trackers 2.6.1 has them)."""

import numpy as np
import pytest

from streamseg.evaluation.identities import Sight, judge


def sight(truths, tracks, overlap):
    overlap = np.array(overlap, float).reshape(len(truths), len(tracks))
    return Sight(np.array(truths, np.int64), np.array(tracks, np.int64), overlap)


def one(track, overlap=0.9):
    return sight([7], [track], [[overlap]])


def test_a_perfect_track_scores_one():
    score = judge([one(3, 1.0)] * 10)
    assert (score.hota, score.idf1, score.mota) == (1, 1, 1)
    assert (score.objects, score.missed, score.wrong, score.switches) == (10, 0, 0, 0)


def test_a_track_that_changes_its_id_once_is_half_right():
    score = judge([one(3)] * 5 + [one(4)] * 5)
    assert (score.switches, score.mota, score.idf1) == (1, 0.9, 0.5)


def test_an_id_that_comes_back_after_a_gap_is_no_switch():
    gap = [sight([7], [], [[]])] * 3
    score = judge([one(3)] * 5 + gap + [one(3)] * 5)
    assert (score.switches, score.missed, score.idf1) == (0, 3, pytest.approx(2 * 10 / 23))


def test_nothing_found_and_nothing_there():
    assert judge([sight([1], [], [[]])] * 4).mota == 0
    assert judge([sight([], [1], [])] * 4).hota == 0
    assert judge([]).objects == 0


def test_the_figures_of_trackeval():
    rng = np.random.default_rng(29)
    sights = []
    for _ in range(40):
        n, m = rng.integers(0, 6), rng.integers(0, 6)
        truths, tracks = rng.permutation(8)[:n] + 10, rng.permutation(9)[:m] * 3 + 1
        sights.append(Sight(truths, tracks, np.clip(rng.normal(0.45, 0.35, (n, m)), 0, 1)))
    score = judge(sights)
    assert score.hota == pytest.approx(0.15879893733860145)
    assert score.idf1 == pytest.approx(0.24870466321243523)
    assert score.mota == pytest.approx(-0.13793103448275867)
    assert score.switches == 39
