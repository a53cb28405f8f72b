"""Whole clips with truth beside them, seen by a network that finds bright shapes."""

import json

import numpy as np
import pytest

from streamseg.config import ModelConfig
from streamseg.errors import ConfigError, DataError
from streamseg.evaluation.clips import evaluate_clip
from streamseg.geometry import rle_encode
from tests.blobs import BlobNetwork, picture, write_mp4
from tests.evaluation.command import run_evaluate

COUNT = 20
MODEL = ModelConfig()


@pytest.fixture
def clip(tmp_path):
    return write_mp4(tmp_path / "shapes.mp4", COUNT)


def run_lengths(mask):
    return {"size": list(mask.shape), "counts": rle_encode(mask)}


def write_masks(clip, *, ignore=None, labelled=range(COUNT)):
    lines = []
    for index in range(COUNT):
        line = {"frame": index, "labelled": index in labelled}
        line["foreground"] = run_lengths(picture(index).min(2) > 128)
        if ignore is not None:
            line["ignore"] = run_lengths(ignore)
        lines.append(json.dumps(line) + "\n")
    clip.with_suffix(".masks.jsonl").write_text("".join(lines))


def write_boxes(clip, *rows):
    """The disc is 1, the square 2; further rows as they are."""
    each = [f"{i + 1},1,{7 + i},21,19,19,1,-1,-1,-1\n{i + 1},2,100,60,20,20,1,-1,-1,-1" for i in range(COUNT)]
    clip.with_suffix(".gt.txt").write_text("\n".join([*each, *rows]) + "\n")


def test_masks_are_compared_once_objects_are_confirmed(clip):
    write_masks(clip)
    score = evaluate_clip(clip, BlobNetwork(), MODEL)
    assert score.identities is None
    assert score.outlines.frames == COUNT
    assert score.outlines.precision > 0.95
    assert score.outlines.recall == pytest.approx((COUNT - 1) / COUNT, abs=0.03)  # confirmed in the second frame
    assert 0.4 < score.outlines.j < 0.6  # the square is more than half of the foreground
    assert score.outlines.boundary_f > 0.5


def test_only_labelled_frames_and_pixels_count(clip):
    ignored = np.zeros((96, 128), bool)
    ignored[:, 95:] = True
    write_masks(clip, ignore=ignored, labelled=range(5, 9))
    score = evaluate_clip(clip, BlobNetwork(), MODEL).outlines
    assert score.frames == 4
    assert min(score.j, score.precision, score.recall, score.boundary_f) > 0.9


def test_boxes_give_identities(clip):
    write_boxes(clip)
    score = evaluate_clip(clip, BlobNetwork(), MODEL)
    assert score.outlines is None
    assert (score.identities.objects, score.identities.missed, score.identities.wrong) == (2 * COUNT, 2, 0)
    assert score.identities.switches == 0
    assert score.identities.hota > 0.85


@pytest.mark.parametrize(("kind", "wrong"), [(8, 0), (3, COUNT - 1)])
def test_a_track_on_a_person_of_another_kind_is_left_out(clip, kind, wrong):
    rows = [f"{i + 1},{n},{x},{y},{w},{w},1,{k},1" for i in range(COUNT)
            for n, x, y, w, k in ((1, 7 + i, 21, 19, 1), (2, 100, 60, 20, kind))]  # fmt: skip
    clip.with_suffix(".gt.txt").write_text("\n".join(rows))
    score = evaluate_clip(clip, BlobNetwork(), MODEL).identities
    assert (score.objects, score.missed, score.wrong) == (COUNT, 1, wrong)


def test_a_clip_without_truth_is_refused(clip):
    with pytest.raises(ConfigError, match=r"shapes.mp4: no shapes.masks.jsonl or shapes.gt.txt beside it"):
        evaluate_clip(clip, BlobNetwork(), MODEL)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("shapes.gt.txt", "1,1,2,3\n", r"gt.txt: line 1: not frame,id"),
        ("shapes.gt.txt", "1,1,0,0,5,5,1\n1,a,0,0,5,5,1\n", r"gt.txt: line 2: not frame,id"),
        ("shapes.masks.jsonl", '{"frame": 0}\n', r"masks.jsonl: line 1: .*labelled"),
        ("shapes.masks.jsonl", "{\n", r"masks.jsonl: line 1"),
        (
            "shapes.masks.jsonl",
            '{"frame": 0, "labelled": true, "foreground": {"size": [2, 2], "counts": "4"}}\n',
            r"masks.jsonl: frame 0: mask of 2 x 2 pixels, the clip has 128 x 96",
        ),
        (
            "shapes.masks.jsonl",
            '{"frame": 0, "labelled": true, "foreground": {"size": [96, 128], "counts": "4"}}\n',
            r"masks.jsonl: frame 0: run lengths add up to 4",
        ),
    ],
)
def test_truth_that_cannot_be_read_is_an_error_that_says_where(clip, name, text, message):
    (clip.parent / name).write_text(text)
    with pytest.raises(DataError, match=message):
        evaluate_clip(clip, BlobNetwork(), MODEL)


def test_the_command_prints_both_tables_and_writes_json(clip, tmp_path, monkeypatch):
    monkeypatch.setattr("streamseg.inference.load_network", lambda model: BlobNetwork())
    write_masks(clip)
    write_boxes(clip)
    file = tmp_path / "scores.json"
    output = run_evaluate(clip, "--json", file)
    assert "boundary F" in output and "HOTA" in output
    [(name, row)] = json.loads(file.read_text()).items()
    assert name == "shapes"
    assert {"j", "boundary_f", "precision", "recall", "f_measure", "hota", "idf1", "mota"} <= set(row)
