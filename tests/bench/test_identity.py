import numpy as np
import pytest

from streamseg.evaluation.identities import judge
from streamseg.records import Frame, Planes
from tests.bench.identity import seeds
from tests.bench.identity_cameras import Window
from tests.bench.identity_scores import Tracks, hota_parts, interval, sights
from tests.bench.identity_sequences import Truths

FRAMES = 40


def truths(*, counts: bool = True) -> Truths:
    """Two people who walk to the right, one above the other; whether the second one must be found."""
    rows = np.array([(f, who, 4 * f, 80 * who, 4 * f + 30, 80 * who + 60) for f in range(FRAMES) for who in (1, 2)])
    return Truths(
        rows[:, 0], rows[:, 1], rows[:, 2:].astype(float), np.zeros(len(rows), int), counts | (rows[:, 1] == 1)
    )


def tracks(truth: Truths, *, swap_at: int = FRAMES, label: int = 0) -> Tracks:
    """Tracks that lie a little beside the truth and change places at a frame."""
    swapped = np.where(truth.frame >= swap_at, 3 - truth.id, truth.id)
    return Tracks(truth.frame, swapped, truth.box + 3, np.full(len(truth.id), label), np.zeros(FRAMES))


@pytest.mark.parametrize("swap_at", [FRAMES, 30, 7])
@pytest.mark.parametrize("segment", [1, 9, 100])
def test_the_segments_of_a_sequence_add_up_to_its_hota(swap_at: int, segment: int) -> None:
    seen = sights(truths(), tracks(truths(), swap_at=swap_at), FRAMES)
    assert hota_parts(seen, segment).hota() == pytest.approx(judge(seen).hota, abs=1e-9)


def test_a_track_of_another_class_matches_nothing_and_one_on_what_need_not_be_found_does_not_count() -> None:
    assert judge(sights(truths(), tracks(truths(), label=1), FRAMES)).hota == 0
    excused = judge(sights(truths(counts=False), tracks(truths()), FRAMES))
    assert (excused.objects, excused.missed, excused.wrong) == (FRAMES, 0, 0)


def test_a_difference_that_every_segment_shows_is_sure() -> None:
    good, bad = (hota_parts(sights(truths(), tracks(truths(), swap_at=at), FRAMES), 5) for at in (FRAMES, 20))
    middle, low, high = interval([good, good], [bad, bad], draws=50)
    assert 0 < low <= middle <= high
    assert interval([good], [good], draws=20) == (0, 0, 0)


def test_seeds_are_numbers_and_ranges_below_those_of_training() -> None:
    assert seeds("7,9,201-203") == [7, 9, 201, 202, 203]
    assert seeds("") == [] and seeds("999-1001") == [999]


def test_truth_moves_with_the_window() -> None:
    """A bright square, seen through the window at several times, lies where its box is said to be."""
    box, window = np.array([[120.0, 90.0, 200.0, 170.0]]), Window((240, 320))
    y, half = np.zeros((240, 320), np.uint8), np.full((120, 160), 128, np.uint8)
    y[90:170, 120:200] = 255
    for seq in range(0, 90, 10):
        shown = window.show(Frame("s", seq, seq * 40_000_000, Planes(y, half, half)))
        assert shown.size_hw == window.shape_hw and shown.planes.u.shape == (72, 96)
        boxes, share = window.boxes(box, np.array([seq * 0.04]))
        rows, columns = (np.flatnonzero((shown.planes.y > 127).any(axis)) for axis in (1, 0))
        seen = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        np.testing.assert_allclose(boxes[0], seen, atol=2)
        assert share[0] == pytest.approx(1, abs=0.3)


def test_where_one_thing_is_marked_tracks_elsewhere_are_not_judged() -> None:
    one = truths(counts=False)
    one = Truths(*(part[one.id == 1] for part in (one.frame, one.id, one.box, one.label - 1)), np.ones(FRAMES, bool))
    judged = judge(sights(one, tracks(truths(), label=2), FRAMES))
    assert (judged.objects, judged.missed, judged.wrong) == (FRAMES, 0, 0)
