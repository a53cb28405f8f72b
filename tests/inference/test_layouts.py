"""Output layouts: which one a set of shapes is, and what suppression, cutting and bad numbers do."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamseg.errors import ModelError
from streamseg.geometry import Letterbox
from streamseg.inference.layout_mask_rcnn import MaskRcnn, class_names
from streamseg.inference.layout_yolo import YoloForm, YoloSeg, yolo_form
from streamseg.inference.layouts import recognise
from streamseg.inference.onnx_metadata import Metadata
from streamseg.inference.view_objects import Cells, Keep

VIEW_HW = (64, 96)
FIT = Letterbox.fit((0, 0, 192, 128), VIEW_HW)
KEEP = Keep(0.1, 100)
EIGHTY = tuple(f"n{i}" for i in range(80))


@pytest.mark.parametrize(
    ("shape", "metadata", "form"),
    [
        ((1, 116, 8400), Metadata(), YoloForm("yolo", 1, 80)),
        ((1, 116, 8400), Metadata(EIGHTY), YoloForm("yolo", 1, 80)),
        ((1, 8400, 116), Metadata(), YoloForm("yolo", 2, 80)),
        ((1, 25200, 117), Metadata(EIGHTY), YoloForm("yolo-objectness", 2, 80)),
        ((1, 25200, 117), Metadata(layout="yolo-objectness"), YoloForm("yolo-objectness", 2, 80)),
        ((1, 25200, 38), Metadata(("person",)), YoloForm("yolo-objectness", 2, 1)),
        ((1, 300, 38), Metadata(EIGHTY), YoloForm("yolo-end2end", 2, 80)),
        ((1, 300, 38), Metadata(), YoloForm("yolo-end2end", 2, 256)),
        ((1, 300, 38), Metadata(("a", "b")), YoloForm("yolo-end2end", 2, 2)),
        ((1, 8400, 38), Metadata(("a", "b")), YoloForm("yolo", 2, 2)),
        ((1, 8400, 38), Metadata(("a", "b"), layout="yolo-end2end"), YoloForm("yolo-end2end", 2, 2)),
        ((1, 300, 38), Metadata(("a", "b"), layout="yolo"), YoloForm("yolo", 2, 2)),
        ((1, 37, 8400), Metadata(("person",)), YoloForm("yolo", 1, 1)),
    ],
)
def test_shapes_tell_the_yolo_form(shape: tuple[int, int, int], metadata: Metadata, form: YoloForm) -> None:
    assert yolo_form(shape, 32, view_hw=(640, 640), metadata=metadata) == form


@pytest.mark.parametrize("shape", [(1, 30, 20), (1, 36, 36)])
def test_rows_too_short_for_a_class_are_no_yolo(shape: tuple[int, int, int]) -> None:
    assert yolo_form(shape, 32, view_hw=(640, 640), metadata=Metadata()) is None


def test_a_wish_that_the_shapes_cannot_meet_is_refused() -> None:
    outputs = [np.zeros((1, 40, 99), np.float32), np.zeros((1, 32, 16, 24), np.float32)]
    with pytest.raises(ModelError, match="not understood as mask-rcnn"):
        recognise(Path("n.onnx"), ("a", "b"), outputs, view_hw=VIEW_HW, metadata=Metadata(layout="mask-rcnn"))


def yolo(rows: np.ndarray, prototypes: np.ndarray) -> tuple[YoloSeg, list[np.ndarray]]:
    outputs = [rows[None].astype(np.float32), prototypes[None].astype(np.float32)]
    layout = YoloSeg.recognise(outputs, VIEW_HW, Metadata(("a", "b"), layout="yolo"))
    assert layout is not None
    return layout, outputs


def row(box: tuple[float, float, float, float], score_a: float, score_b: float) -> list[float]:
    """cx, cy, w, h, two class scores, one coefficient."""
    return [*box, score_a, score_b, 9.0]


def test_suppression_is_by_class_and_greedy() -> None:
    rows = [
        row((30, 30, 20, 20), 0.7, 0.0),
        row((31, 30, 20, 20), 0.9, 0.0),
        row((30, 30, 20, 20), 0.0, 0.8),
        row((60, 30, 20, 20), 0.6, 0.0),
        row((60, 30, 20, 20), 0.05, 0.0),
        *[row((0, 0, 0, 0), 0, 0)] * 4,
    ]
    layout, outputs = yolo(np.array(rows), np.ones((1, 16, 24)))
    found = layout.decode(outputs, 0, fit=FIT, keep=KEEP)
    np.testing.assert_allclose(found.scores, [0.9, 0.8, 0.6], rtol=1e-6)
    assert found.labels.tolist() == [0, 1, 0]
    np.testing.assert_allclose(found.boxes[0], [42, 40, 82, 80])


def test_two_neighbours_of_one_class_stay() -> None:
    rows = [row((30, 30, 20, 20), 0.9, 0), row((38, 30, 20, 20), 0.8, 0), *[row((0, 0, 0, 0), 0, 0)] * 9]
    layout, outputs = yolo(np.array(rows), np.ones((1, 16, 24)))
    assert len(layout.decode(outputs, 0, fit=FIT, keep=KEEP)) == 2


def test_numbers_that_are_none_are_no_objects() -> None:
    rows = [
        row((np.nan, 30, 20, 20), 0.9, 0),
        row((30, 30, np.inf, 20), 0.9, 0),
        row((30, 30, 20, 20), np.nan, np.nan),
        row((30, 30, 20, 20), np.inf, 0),
        row((300, 30, 20, 20), 0.9, 0),
        row((30, 30, -20, 20), 0.9, 0),
        row((30, 30, 20, 20), 7.5, 0),
        *[row((0, 0, 0, 0), 0, 0)] * 3,
    ]
    prototypes = np.ones((1, 16, 24))
    prototypes[0, 7, 7] = np.nan
    layout, outputs = yolo(np.array(rows), prototypes)
    found = layout.decode(outputs, 0, fit=FIT, keep=KEEP)
    assert found.scores.tolist() == [1.0]
    assert sorted(np.unique(found.masks[0].alpha > 200).tolist()) == [False, True]


def test_end_to_end_rows_are_taken_as_they_are() -> None:
    box = [20.0, 20.0, 40.0, 40.0]
    labels = [1.0, 1.0, 2.0, np.nan, np.inf, -1.0, 1e30]
    rows = np.array([[*box, 0.9 - i / 10, label, 9.0] for i, label in enumerate(labels)], np.float32)
    outputs = [rows[None], np.ones((1, 1, 16, 24), np.float32)]
    layout = YoloSeg.recognise(outputs, VIEW_HW, Metadata(("a", "b"), layout="yolo-end2end"))
    assert layout is not None
    found = layout.decode(outputs, 0, fit=FIT, keep=KEEP)
    # the same object twice is the network's own business; labels without a name are nobody's
    assert found.labels.tolist() == [1, 1]
    np.testing.assert_allclose(found.boxes, [[40, 40, 80, 80]] * 2)


def test_padding_is_no_picture() -> None:
    tall = Letterbox.fit((0, 0, 64, 128), VIEW_HW)
    layout, outputs = yolo(np.array([row((48, 32, 96, 64), 0.9, 0)] * 8), np.ones((1, 16, 24)))
    found = layout.decode(outputs, 0, fit=tall, keep=KEEP)
    np.testing.assert_allclose(found.boxes[0], [0, 0, 64, 128])
    canvas = found.masks[0].on((-40, 0, 104, 128)) > 127
    assert np.flatnonzero(canvas.any(axis=0)).tolist() == list(range(40, 104))


@given(
    x0=st.floats(0, 90),
    y0=st.floats(0, 60),
    width=st.floats(2, 96),
    height=st.floats(2, 64),
    cell=st.sampled_from([1, 2, 4, 8]),
)
@settings(max_examples=60, deadline=None)
def test_a_full_mask_fills_its_box_and_ends_with_it(
    x0: float, y0: float, width: float, height: float, cell: int
) -> None:
    box = np.array([x0, y0, min(96, x0 + width), min(64, y0 + height)], np.float32)
    grid_hw = (64 // cell, 96 // cell)
    cells = Cells.under(box, grid_hw, np.array([0, 0, 96, 64], np.float32))
    rows, columns = (part.stop - part.start for part in (cells.rows, cells.columns))
    mask = cells.soft_mask(np.ones((rows, columns)), FIT)
    assert mask.alpha.shape == (rows, columns) and mask.alpha.min() == 255
    np.testing.assert_allclose(FIT.apply(mask.box), box, atol=1e-3)


def test_a_mask_keeps_its_place_when_the_box_cuts_cells() -> None:
    # a ramp over the whole grid must read the same under any box of it
    ramp = np.broadcast_to(np.linspace(0, 1, 12), (8, 12))
    for x0, x1 in ((0.0, 96.0), (10.0, 50.0), (37.0, 61.0)):
        cells = Cells.under(np.array([x0, 0, x1, 64], np.float32), (8, 12), np.array([0, 0, 96, 64], np.float32))
        mask = cells.soft_mask(ramp[cells.rows, cells.columns], FIT)
        middle = mask.alpha[4].astype(float).mean() / 255
        assert middle == pytest.approx(((x0 + x1) / 2 / 8 - 0.5) / 11, abs=0.02)


def rcnn(
    metadata: Metadata, masks: np.ndarray, *rows: tuple[list[float], int, float]
) -> tuple[MaskRcnn, list[np.ndarray]]:
    boxes, labels, scores = (list(part) for part in zip(*rows, strict=True))
    outputs = [np.array(boxes, np.float32), np.array(labels, np.int64), np.array(scores, np.float32), masks]
    layout = MaskRcnn.recognise(("6568", "6570", "6572", "6887"), outputs, VIEW_HW, metadata)
    assert layout is not None
    return layout, outputs


def test_mask_over_the_box_is_cut_where_the_box_leaves_the_picture() -> None:
    layout, outputs = rcnn(Metadata(), np.ones((1, 1, 28, 28), np.float32), ([-28, 10, 28, 38], 3, 0.9))
    found = layout.decode(outputs, 0, fit=FIT, keep=KEEP)
    np.testing.assert_allclose(found.boxes[0], [0, 20, 56, 76])
    np.testing.assert_allclose(found.masks[0].box, [0, 20, 56, 76], atol=1e-4)
    assert found.masks[0].alpha.shape == (28, 14)
    assert layout.labels[found.labels[0]] == "class3"


@pytest.mark.parametrize(
    ("metadata", "labels", "first"),
    [
        (Metadata(("person", "car")), ("person", "car"), 1),
        (Metadata(("__background__", "person")), ("person",), 1),
        (Metadata(("person", "car"), first=0), ("person", "car"), 0),
        (Metadata(("person", "car"), first=1), ("person", "car"), 1),
        (Metadata(("background", "person"), first=0), ("person",), 1),
    ],
)
def test_label_values_of_mask_rcnn(metadata: Metadata, labels: tuple[str, ...], first: int) -> None:
    assert class_names(metadata) == (labels, first)


def test_background_and_unknown_labels_are_dropped() -> None:
    box = [10.0, 10.0, 30.0, 30.0]
    rows = [(box, label, 0.9) for label in (0, 1, 2, 3, -5)]
    layout, outputs = rcnn(Metadata(("person", "car")), np.ones((5, 1, 28, 28), np.float32), *rows)
    assert layout.decode(outputs, 0, fit=FIT, keep=KEEP).labels.tolist() == [0, 1]


def test_names_decide_where_shapes_do_not() -> None:
    n = 3
    outputs = [
        np.zeros((n, 28, 28), np.float32),
        np.ones(n, np.float32),
        np.zeros(n, np.float32),
        np.zeros((n, 4), np.float32),
    ]
    layout = MaskRcnn.recognise(("pred_masks", "labels", "scores", "boxes"), outputs, VIEW_HW, Metadata())
    assert layout is not None and layout.used == (3, 1, 2, 0)
    assert MaskRcnn.recognise(("a", "b", "c", "d"), outputs, VIEW_HW, Metadata()) is None


def test_masks_may_be_true_and_false() -> None:
    grids = np.zeros((1, 1, *VIEW_HW), bool)
    grids[..., 10:20, 30:50] = True
    layout, outputs = rcnn(Metadata(), grids, ([20.0, 0.0, 60.0, 40.0], 1, 0.9))
    mask = layout.decode(outputs, 0, fit=FIT, keep=KEEP).masks[0].on((0, 0, 192, 128)) > 127
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (20, 39, 60, 99)
