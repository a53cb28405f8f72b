from pathlib import Path

import pytest

from streamseg.evaluation.names import distinct_names


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ([("gate", "gate.mp4"), ("coco", "coco-val.zip")], ["gate", "coco"]),
        ([("coco", "d/coco-train.zip"), ("coco", "d/coco-val.zip")], ["coco-train", "coco-val"]),
        ([("gate", "/a/gate.mp4"), ("gate", "/b/gate.mp4"), ("yard", "/b/yard.mp4")], ["a/gate", "b/gate", "yard"]),
        ([("gate", "/a/x/gate.mp4"), ("gate", "/b/x/gate.mp4")], ["a/x/gate", "b/x/gate"]),
        ([("gate", "/a/gate.mp4"), ("gate", "/a/gate.avi")], ["gate.mp4", "gate.avi"]),
        ([("coco", "/d/val.zip"), ("coco", "/e/val.zip"), ("val", "/d/val.mp4")], ["d/val", "e/val", "val"]),
        ([], []),
    ],
)
def test_names_are_short_and_distinct(wanted, names):
    assert distinct_names([(name, Path(path)) for name, path in wanted]) == names
