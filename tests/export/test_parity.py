"""Differences between two networks' objects, on objects made by hand."""

import numpy as np
import pytest

from streamseg.export.parity import compare, faults
from streamseg.geometry import Letterbox, SoftMask
from streamseg.records import Instances, Sample

VIEW = Sample(np.zeros((64, 96, 3), np.uint8), Letterbox.fit((0, 0, 96, 64), (64, 96)))


class Says:
    """A network that answers with the same objects each time: (label, score, x0, y0, x1, y1, alpha)."""

    labels, view_hw = ("person", "vehicle"), (64, 96)

    def __init__(self, *objects):
        boxes = np.array([row[2:6] for row in objects], np.float32).reshape(-1, 4)
        scores, labels = (np.array([row[i] for row in objects], kind) for i, kind in ((1, np.float32), (0, np.int32)))
        masks = tuple(SoftMask(np.full((8, 8), row[6], np.uint8), row[2:6]) for row in objects)
        self.found = Instances(boxes, scores, labels, masks)

    def __call__(self, samples):
        return [self.found for _ in samples]

    def describe(self):
        return "says"


PERSON = (0, 0.9, 10.0, 10.0, 30.0, 50.0, 255)
CAR = (1, 0.5, 40.0, 20.0, 80.0, 50.0, 204)


def test_the_same_objects_have_no_gap():
    parity = compare(Says(PERSON, CAR), Says(CAR, PERSON), [VIEW, VIEW])
    assert (parity.objects, parity.lost) == (4, 0)
    assert {gap.largest for gap in (parity.score, parity.box_px, parity.mask)} == {0.0}
    assert faults(parity) == []


def test_gaps_are_what_was_changed():
    moved = (0, 0.8, 12.0, 10.0, 30.0, 50.0, 153)
    parity = compare(Says(PERSON, CAR), Says(moved, CAR), [VIEW])
    assert parity.score.largest == pytest.approx(0.1) and parity.score.mean == pytest.approx(0.05)
    assert parity.box_px.largest == 2 and parity.box_px.mean == pytest.approx(2 / 8)
    assert parity.mask.largest == pytest.approx(0.4)
    assert [fault.split()[0] for fault in faults(parity)] == ["score", "box_px", "mask"]


@pytest.mark.parametrize(
    "other",
    [
        # nothing at all
        (),
        # of another class
        ((1, *PERSON[1:]), CAR),
        # elsewhere
        ((0, 0.9, 60.0, 10.0, 80.0, 50.0, 255), CAR),
    ],
)
def test_objects_without_a_counterpart_are_lost(other):
    parity = compare(Says(PERSON, CAR), Says(*other), [VIEW])
    assert parity.lost == 2 - min(1, len(other))
    assert "objects are lost" in faults(parity)[-1]


def test_one_object_is_no_counterpart_of_two():
    assert compare(Says(PERSON, PERSON), Says(PERSON), [VIEW]).lost == 1


def test_weak_objects_may_differ():
    assert compare(Says((0, 0.12, *PERSON[2:])), Says(), [VIEW]).lost == 0


def test_nothing_to_compare_is_no_proof():
    assert "no objects were found" in faults(compare(Says(), Says(), [VIEW]))[0]
