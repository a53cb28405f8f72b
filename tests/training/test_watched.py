"""What a run shows while it trains: validations, the best weights, scenes, the page; and that nothing of it matters."""

import json
from itertools import islice

import cv2
import numpy as np
import pytest
import torch

from streamseg.errors import DataError
from streamseg.training import watched
from streamseg.training.recipe import Recipe
from streamseg.training.run_report import RunView, page
from streamseg.training.scene_sheet import CELL, GAP
from streamseg.training.train import Progress, Trainer
from streamseg.training.validation import Validation
from streamseg.training.watched import WatchedRun
from streamseg.weights.format import load_weights
from tests.evaluation.pages import EVIL, Page, read_page
from tests.training.stills import write_zip

SMALL = {
    "size": 64, "batch": 4, "warmup_images": 0, "threads": 1, "precision": "fp32", "zoom": (0.9, 1.2), "paste": 1,
    "validate_side": 64, "validate_images": 8,
}  # fmt: skip

pytestmark = pytest.mark.usefixtures("small_network")


def watched_run(tmp_path, *, val=True, start=None, **settings):
    write_zip(tmp_path / "blobs.zip")
    write_zip(tmp_path / "val.zip", seed=1, info={"source": EVIL})
    trainer = Trainer(Recipe(**(SMALL | settings)), [tmp_path / "blobs.zip"], tmp_path / "run", start=start)
    return WatchedRun(trainer, [tmp_path / "val.zip"] if val else [])


def validations(tmp_path):
    return [json.loads(line) for line in (tmp_path / "run/validation.jsonl").read_text().splitlines()]


def test_each_validation_is_logged_once_across_a_resume(tmp_path):
    first = watched_run(tmp_path, images=28)
    # stopped after the batch that follows the first validation
    assert [type(event) for event in islice(first.run(), 4)] == [Progress, Progress, Validation, Progress]
    second = watched_run(tmp_path, images=28)
    assert second.trainer.images == 8
    list(second.run())
    assert [row["images"] for row in validations(tmp_path)] == [8, 16, 24, 28]
    assert list(watched_run(tmp_path, images=28).run()) == []
    assert len(validations(tmp_path)) == 4


def test_what_was_measured_on_lost_weights_is_forgotten(tmp_path):
    list(watched_run(tmp_path, images=16).run())
    (tmp_path / "run/checkpoint.pt").unlink()
    list(watched_run(tmp_path, images=8).run())
    assert [row["images"] for row in validations(tmp_path)] == [8]


def test_a_run_that_has_ended_can_still_be_validated(tmp_path):
    list(watched_run(tmp_path, images=8, val=False).run())
    [row] = watched_run(tmp_path, images=8).run()
    assert isinstance(row, Validation) and row.images == 8 and row.best


def test_the_best_weights_are_kept(tmp_path, monkeypatch):
    marks = iter([0.2, 0.5, 0.5, 0.3])

    def marked(images, parts, best):
        mark = next(marks)
        return Validation(images, mark, mark, best is None or mark > best.mask_ap, {p.name: p.as_json() for p in parts})

    monkeypatch.setattr(watched, "validation_of", marked)
    list(watched_run(tmp_path, images=32).run())
    assert [row["mask_ap"] for row in validations(tmp_path)] == [0.2, 0.5, 0.5, 0.3]
    notes = [load_weights(tmp_path / f"run/{name}.safetensors")[1].notes for name in ("best", "weights")]
    assert [note["images"] for note in notes] == ["16", "32"]


def test_validation_changes_no_weight(tmp_path):
    trainers = []
    for folder, val in (("a", True), ("b", False)):
        (tmp_path / folder).mkdir()
        run = watched_run(tmp_path / folder, val=val, images=24)
        assert sum(isinstance(event, Validation) for event in run.run()) == 3 * val
        trainers.append(run.trainer)
    assert all(trainer.net.training for trainer in trainers) and torch.get_num_threads() == 1
    for kind in ("net", "average"):
        states = [getattr(trainer, kind).state_dict() for trainer in trainers]
        assert all(torch.equal(states[0][key], value) for key, value in states[1].items())


def test_fine_tuning_is_measured_from_its_start_and_says_where_it_began(tmp_path):
    list(watched_run(tmp_path, images=4, val=False, terms="for tests").run())
    weights = (tmp_path / "run/weights.safetensors").rename(tmp_path / "old.safetensors")
    (tmp_path / "run/checkpoint.pt").unlink()
    list(watched_run(tmp_path, images=4, start=weights).run())
    assert [row["images"] for row in validations(tmp_path)] == [0, 4]
    list(watched_run(tmp_path, images=8).run())
    notes = load_weights(tmp_path / "run/weights.safetensors")[1].notes
    assert notes["begun_from"] == "old (for tests)" and notes["images"] == "8"


def test_the_report_of_a_run(tmp_path):
    list(watched_run(tmp_path, images=160, validate_images=80, checkpoint_s=0.001).run())
    shown = read_page(tmp_path / "run/report.html", pictures=7)
    assert EVIL in shown.text
    for word in ("160 of 160 scenes", "mask AP50", "boundary AP", "person", "best.safetensors", "Weighted sum", "dice"):
        assert word in shown.text
    for word in ("Scenes/s", "Learning rate", "Best pictures", "Worst pictures", "Training scenes"):
        assert word in shown.text


def test_the_report_without_validation(tmp_path):
    list(watched_run(tmp_path, images=8, val=False).run())
    shown = read_page(tmp_path / "run/report.html", pictures=1)
    assert "Loss" in shown.text and "Validation" not in shown.text
    assert not (tmp_path / "run/validation.jsonl").exists()


def test_the_report_of_many_classes_and_of_nothing_yet():
    assert Page(page(RunView("mine", 0, 100, {}, [], {}, b""))).tags.count("section") == 0
    names = [f"class {i}" for i in range(10)]
    scores = [
        {name: {"mask_ap": ap, "mask_ap50": ap, "boundary_ap": ap, "instances": 3} for name in names}
        for ap in (0.01, 0.01, 0.5)
    ]
    rows = [Validation(1000 * i, 0.1, 0.2, True, {"val": each}) for i, each in enumerate(scores)]
    shown = Page(page(RunView("mine", 2000, 5000, {}, rows, {}, b"")))
    assert shown.tags.count("svg") == 3
    assert all(name in shown.text for name in names) and "0.500" in shown.text


@pytest.mark.parametrize("motion", [True, False])
def test_the_sheet_of_scenes(tmp_path, motion):
    next(watched_run(tmp_path, val=False, images=4, motion=motion).run())
    sheet = cv2.imread(str(tmp_path / "run/scenes.jpg"))
    width = 2 * CELL if motion else CELL
    assert sheet.shape == (6 * (CELL + GAP) - GAP, 4 * (width + GAP) - GAP, 3)
    assert np.all(sheet[CELL : CELL + GAP].min(axis=(0, 2))[::7] > 150)


def test_sets_without_anything_to_judge_are_refused(tmp_path):
    write_zip(tmp_path / "some.zip", info={"labelled": []})
    trainer = watched_run(tmp_path, val=False).trainer
    with pytest.raises(DataError, match=r"some\.zip: nothing to validate on"):
        WatchedRun(trainer, [tmp_path / "some.zip"])
    (tmp_path / "run/validation.jsonl").write_text("{}\n")
    with pytest.raises(DataError, match="not the validations of a run"):
        WatchedRun(trainer, [])
