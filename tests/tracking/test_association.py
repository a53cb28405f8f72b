import numpy as np
import pytest

from streamseg.geometry import SoftMask
from streamseg.tracking.association import Sightings, assign, coincident, overlaps, silhouette
from tests.tracking.scenes import ellipse_mask


def sightings(*boxes: tuple[float, float, float, float], labels: list[int] | None = None) -> Sightings:
    marks = np.array(labels if labels is not None else [0] * len(boxes))
    return Sightings(np.array(boxes, np.float32).reshape(-1, 4), marks, [ellipse_mask(box) for box in boxes])


def test_the_assignment_is_the_best_in_sum_not_the_greedy_one() -> None:
    fit = np.array([[0.9, 0.8], [0.8, 0.0]], np.float32)
    assert assign(fit, np.array([0, 1]), np.array([0, 1])) == [(0, 1), (1, 0)]


def test_pairs_that_do_not_fit_stay_alone() -> None:
    fit = np.array([[0.5, 0.0], [0.0, 0.0]], np.float32)
    assert assign(fit, np.array([0, 1]), np.array([0, 1])) == [(0, 0)]
    assert assign(fit, np.array([1]), np.array([0, 1])) == []
    assert assign(fit, np.array([], int), np.array([0, 1])) == []


def test_boxes_must_overlap_by_min_iou() -> None:
    a, b = sightings((0, 0, 20, 20)), sightings((10, 0, 30, 20))
    assert overlaps(a, b, 0.3)[0, 0] == pytest.approx(1 / 3, abs=1e-5)
    assert overlaps(a, b, 0.4)[0, 0] == 0


@pytest.mark.parametrize(("shift", "allowed"), [(0, True), (4, True), (6, False), (10, False)])
def test_another_label_needs_a_high_overlap(shift: float, allowed: bool) -> None:
    a, b = sightings((0, 0, 20, 20), labels=[0]), sightings((shift, 0, 20 + shift, 20), labels=[1])
    assert (overlaps(a, b, 0.1)[0, 0] > 0) == allowed


def test_at_the_same_place_the_same_label_fits_better() -> None:
    here = (0, 0, 20, 20)
    fit = overlaps(sightings(here, labels=[0]), sightings(here, here, labels=[1, 0]), 0.2)
    assert fit[0, 1] > fit[0, 0] > 0


def test_masks_decide_where_boxes_leave_a_choice() -> None:
    """One box, two detections with the same box: the one whose mask fits wins."""
    box = (0.0, 0.0, 40.0, 40.0)
    left, right = np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)
    left[:, :4], right[:, 4:] = 255, 255
    tracks = Sightings(np.array([box]), np.array([0]), [SoftMask(right, box)])
    found = Sightings(np.array([box, box]), np.array([0, 0]), [SoftMask(left, box), SoftMask(right, box)])
    fit = overlaps(tracks, found, 0.2)
    assert fit[0, 1] > fit[0, 0] + 0.3
    assert assign(fit, np.array([0]), np.array([0, 1])) == [(0, 1)]


def test_coincident_is_for_masks_not_boxes_and_never_with_oneself() -> None:
    same = sightings((0, 0, 40, 40), (1, 0, 41, 40), (200, 0, 240, 40), labels=[0, 1, 0])
    expected = np.zeros((3, 3), bool)
    expected[0, 1] = expected[1, 0] = True
    np.testing.assert_array_equal(coincident(same), expected)
    box = (0.0, 0.0, 40.0, 40.0)
    corner = np.triu(np.full((16, 16), 255, np.uint8))
    halves = Sightings(np.array([box, box]), np.array([0, 0]), [SoftMask(corner, box), SoftMask(255 - corner, box)])
    assert not coincident(halves).any()


def test_a_silhouette_is_the_mask_over_the_box() -> None:
    alpha = np.zeros((10, 10), np.uint8)
    alpha[:, :5] = 255
    mask = SoftMask(alpha, (0.0, 0.0, 20.0, 20.0))
    whole = silhouette(mask, (0, 0, 20, 20))
    assert whole[4:-4, 4:14].min() == 255 and not whole[:, 18:].any()
    assert silhouette(mask, (0, 0, 8, 20))[4:-4, 4:].min() == 255
    assert not silhouette(mask, (30, 30, 40, 40)).any()
