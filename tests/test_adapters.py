"""Adapters: boxes, masks and ids arrive as the other side reads them."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import coco

from streamseg.adapters import to_coco, to_detections, to_mot, write_coco, write_mot
from streamseg.errors import DataError
from streamseg.geometry import SoftMask, rle_decode
from streamseg.records import Extraction, Frame, Planes, Track, TrackState

_LABELS = ("person", "dog")


def _track(number: int, label: str, box: tuple[float, float, float, float], state: TrackState = "active") -> Track:
    mask = None if state == "lost" else SoftMask(np.full((4, 4), 255, np.uint8), box)
    return Track(number, label, 0.75, box, state, mask, label)


def _extraction(seq: int = 6) -> Extraction:
    half = np.zeros((10, 15), np.uint8)
    frame = Frame("test", seq, 0, Planes(np.zeros((20, 30), np.uint8), half, half))
    tracks = (
        _track(1, "dog", (2.0, 4.0, 10.0, 12.0)),
        _track(2, "person", (20.0, 10.0, 40.0, 20.0)),
        _track(3, "person", (0.0, 0.0, 8.0, 8.0), "tentative"),
        _track(4, "person", (0.0, 0.0, 8.0, 8.0), "lost"),
    )
    return Extraction(frame, tracks)


def test_coco_annotations_are_of_the_active_tracks() -> None:
    dog, person = to_coco(_extraction(), _LABELS)
    assert (dog["image_id"], dog["category_id"], dog["track_id"], dog["score"]) == (6, 2, 1, 0.75)
    assert dog["bbox"] == [2.0, 4.0, 8.0, 8.0]
    assert (person["category_id"], person["bbox"]) == (1, [20.0, 10.0, 20.0, 10.0])


def test_coco_masks_are_the_full_frame_s() -> None:
    dog, person = to_coco(_extraction(), _LABELS)
    full = rle_decode(dog["segmentation"]["counts"], tuple(dog["segmentation"]["size"]))
    assert full.shape == (20, 30)
    rows, columns = np.nonzero(full)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 11, 2, 9)
    assert dog["area"] == full.sum() == 64
    cut_by_the_border = rle_decode(person["segmentation"]["counts"], (20, 30))
    assert cut_by_the_border[:, :19].sum() == 0 < cut_by_the_border[:, 29].sum()


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_the_coco_file_is_read_by_pycocotools(tmp_path: Path) -> None:
    path = tmp_path / "objects.json"
    write_coco((_extraction(seq) for seq in range(3)), path, _LABELS)
    read = coco.COCO(str(path))
    assert sorted(read.getImgIds()) == [0, 1, 2]
    assert [category["name"] for category in read.loadCats(read.getCatIds())] == ["person", "dog"]
    annotations = read.loadAnns(read.getAnnIds(imgIds=[1]))
    assert [a["track_id"] for a in annotations] == [1, 2]
    assert [read.annToMask(a).sum() for a in annotations] == [a["area"] for a in annotations]


def test_a_coco_file_of_nothing_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "objects.json"
    write_coco((), path, _LABELS)
    assert json.loads(path.read_text())["annotations"] == []


def test_mot_rows_count_frames_from_one(tmp_path: Path) -> None:
    assert to_mot(_extraction()) == ["7,1,2.0,4.0,8.0,8.0,0.75,-1,-1,-1", "7,2,20.0,10.0,20.0,10.0,0.75,-1,-1,-1"]
    path = tmp_path / "objects.txt"
    write_mot([_extraction(0), _extraction(1)], path)
    rows = np.loadtxt(path, delimiter=",")
    assert rows.shape == (4, 10)
    assert rows[:, 0].tolist() == [1, 1, 2, 2]


def test_a_label_that_is_not_the_network_s_is_named() -> None:
    with pytest.raises(DataError, match=r"track 1: label 'dog' is not among the labels person, cat"):
        to_coco(_extraction(), ("person", "cat"))


def test_supervision_detections_carry_masks_and_ids() -> None:
    detections = to_detections(_extraction(), _LABELS)
    assert detections.tracker_id.tolist() == [1, 2]
    assert detections.class_id.tolist() == [1, 0]
    assert detections.data["class_name"].tolist() == ["dog", "person"]
    assert detections.xyxy[0].tolist() == [2.0, 4.0, 10.0, 12.0]
    assert detections.mask.shape == (2, 20, 30)
    assert detections.mask[0].sum() == 64


def test_supervision_detections_of_an_empty_frame_are_empty() -> None:
    frame = _extraction().frame
    assert len(to_detections(Extraction(frame, ()), _LABELS)) == 0
