import json
import zipfile

import numpy as np
import pytest

from streamseg.errors import DataError
from streamseg.training.dataset import load_dataset
from tests.training.stills import write_zip

LABELS = ("person", "vehicle", "animal")


def test_zip_and_folder_hold_the_same(tmp_path):
    write_zip(tmp_path / "blobs.zip")
    with zipfile.ZipFile(tmp_path / "blobs.zip") as archive:
        archive.extractall(tmp_path / "folder")
    from_zip, from_folder = (load_dataset(tmp_path / name, LABELS) for name in ("blobs.zip", "folder"))
    assert [p.jpeg for p in from_zip.pictures] == [p.jpeg for p in from_folder.pictures]
    picture = from_zip.pictures[0]
    assert picture.rgb().shape == (120, 160, 3) and picture.known == (True, True, True)
    for item in picture.annotations():
        ys, xs = np.nonzero(item.mask)
        assert item.box == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) and not item.crowd


def test_polygons_and_open_counts_are_read(tmp_path):
    document = write_zip(tmp_path / "a.zip", images=1)
    rows = document["annotations"]
    rows[0]["segmentation"] = [[10, 10, 50, 10, 50, 40, 10, 40]]
    rows[1]["segmentation"] = {"size": [120, 160], "counts": [120 * 150, 120 * 10]}
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "b")
    (tmp_path / "b/annotations.json").write_text(json.dumps(document))
    first, second = load_dataset(tmp_path / "b", LABELS).pictures[0].annotations()[:2]
    assert first.mask[25, 30] == 1 and first.mask[50, 30] == 0
    assert second.mask[:, 150:].all() and not second.mask[:, :150].any()


def test_other_categories_are_other_objects(tmp_path):
    write_zip(tmp_path / "a.zip", images=3)
    pictures = load_dataset(tmp_path / "a.zip", ("person",)).pictures
    assert {item.label for picture in pictures for item in picture.annotations()} == {0, -1}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file or folder"),
        (b"no zip at all", "not a zip"),
    ],
)
def test_what_is_no_data_set_is_said(tmp_path, content, says):
    path = tmp_path / "bad.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        load_dataset(path, LABELS)


@pytest.mark.parametrize("spoil", [{}, {"images": 3}, {"images": [], "annotations": [{}], "categories": []}])
def test_broken_annotations_name_the_file(tmp_path, spoil):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("annotations.json", json.dumps(spoil))
    with pytest.raises(DataError, match=r"bad\.zip: not a COCO-format data set"):
        load_dataset(tmp_path / "bad.zip", LABELS)


def test_shadows_name_what_casts_them(tmp_path):
    rows = write_zip(tmp_path / "a.zip", images=1, dark=0.4)["annotations"]
    items = load_dataset(tmp_path / "a.zip", LABELS).pictures[0].annotations()
    assert [(item.dark, item.of) for item in items[-3:]] == [(0.4, 1), (0.4, 2), (0.4, -1)]
    assert all(item.label == -1 for item in items[-3:])
    assert all((item.dark, item.of) == (0, -1) and item.label >= 0 for item in items[:-3]) and len(rows) > 4


@pytest.mark.parametrize("dark", [1.0, -0.1])
def test_a_shadow_of_impossible_darkness_is_refused(tmp_path, dark):
    write_zip(tmp_path / "a.zip", images=1, dark=dark)
    with pytest.raises(DataError, match="below 1"):
        load_dataset(tmp_path / "a.zip", LABELS).pictures[0].annotations()
