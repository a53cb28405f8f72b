"""AP of masks moved by hand, so that every IoU is known."""

import numpy as np
import pytest

from streamseg.evaluation.average_precision import Judge, boundary
from streamseg.geometry import rle_encode
from streamseg.training.dataset import Dataset, Picture

LABELS = ("person", "vehicle")
SIZE = (300, 400)
"""Its diagonal is 500: boundaries are 10 pixels wide."""


def square(x, y, side):
    mask = np.zeros(SIZE, np.uint8)
    mask[y : y + side, x : x + side] = 1
    return {"size": list(SIZE), "counts": rle_encode(mask)}


def truth(*squares, crowd=(), known=(True, True)):
    rows = [
        {
            "id": i,
            "category_id": 1,
            "bbox": [x, y, side, side],
            "segmentation": square(x, y, side),
            "iscrowd": i in crowd,
        }
        for i, (x, y, side) in enumerate(squares)
    ]
    picture = Picture(7, b"", SIZE, tuple(rows), known, separated=True, labels={1: 0})
    return Judge(Dataset("squares", (picture,)), LABELS)


def found(*squares):
    return [
        {"image_id": 7, "category_id": 0, "score": 0.9 - 0.1 * i, "bbox": [x, y, side, side],
         "segmentation": square(x, y, side)}
        for i, (x, y, side) in enumerate(squares)
    ]  # fmt: skip


def test_a_square_moved_by_four_pixels():
    """Masks share 96 of 104 columns, IoU 0.92; boundaries 2880 of 4320 pixels, IoU 0.67."""
    score = truth((100, 100, 100)).measure(found((104, 100, 100))).scores["person"]
    assert score.mask_ap == score.box_ap == pytest.approx(0.9)
    assert score.boundary_ap == pytest.approx(0.4)
    assert (score.mask_ap50, score.box_ap50, score.images, score.instances) == (1, 1, 1, 1)


def test_equal_masks_are_perfect_in_every_way():
    measured = truth((20, 20, 20), (100, 100, 100)).measure(found((20, 20, 20), (100, 100, 100)))
    score = measured.scores["person"]
    assert score.mask_ap == score.boundary_ap == score.box_ap == 1
    assert set(measured.curves["person"]) == {1}


def test_sizes_are_those_of_coco_and_absent_ones_are_none():
    score = truth((20, 20, 31), (100, 100, 97)).measure(found((20, 20, 31))).scores["person"]
    assert (score.mask_ap_small, score.mask_ap_medium, score.mask_ap_large) == (1, None, 0)


def test_what_lies_in_a_region_of_several_is_no_mistake():
    judge = truth((20, 20, 40), (150, 50, 200), crowd={1})
    score = judge.measure(found((200, 100, 30), (20, 20, 40))).scores["person"]
    assert score.mask_ap == score.boundary_ap == score.box_ap == 1
    assert score.instances == 1


def test_nothing_found_and_nothing_judged():
    assert truth((20, 20, 40)).measure([]).scores["person"].mask_ap == 0
    assert truth((20, 20, 40)).mask_accuracy([]).ap50 == 0
    unknown = truth((20, 20, 40), known=(False, False))
    assert unknown.measure(found((20, 20, 40))).scores == {}
    assert unknown.mask_accuracy(found((20, 20, 40))).ap == 0


def test_the_mean_accuracy_is_the_one_measured():
    judge, rows = truth((100, 100, 100)), found((104, 100, 100))
    accuracy = judge.mask_accuracy(rows)
    assert (accuracy.ap, accuracy.ap50) == (judge.measure(rows).scores["person"].mask_ap, 1)


def test_a_boundary_runs_along_the_border_of_the_picture():
    edge = boundary(np.ones(SIZE, np.uint8))
    assert edge.sum() == 300 * 400 - 280 * 380
    assert edge[0, 0] == edge[150, 9] == 1 and edge[150, 10] == 0
