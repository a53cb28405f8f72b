"""The page of a report: well-formed, nothing from elsewhere, all that was measured."""

import json

import pytest

from tests.blobs import BlobNetwork, write_mp4
from tests.evaluation.colours import ColourNetwork
from tests.evaluation.command import run_evaluate
from tests.evaluation.pages import EVIL, read_page
from tests.evaluation.test_clips import COUNT, write_boxes, write_masks
from tests.training.stills import write_zip


def run(monkeypatch, network, *arguments):
    monkeypatch.setattr("streamseg.inference.load_network", lambda model: network)
    return run_evaluate(*arguments)


@pytest.fixture
def stills(tmp_path):
    write_zip(tmp_path / "blobs.zip", info={"source": EVIL})
    return tmp_path / "blobs.zip"


def test_the_report_of_stills(stills, tmp_path, monkeypatch):
    file = tmp_path / "report.html"
    run(monkeypatch, ColourNetwork(), stills, "--report", file, "--corruptions=fog,jpeg", "--strengths", "2,4")
    page = read_page(file, pictures=6)
    assert page.text.count(EVIL) == 2  # the table's row, the section's heading
    for word in ("mask AP50", "boundary AP", "person", "recall", "Best pictures", "Typical pictures", "Worst pictures"):
        assert word in page.text
    for word in ("fog *", "jpeg", "mean of all", "mean of *", "strength of corruption"):
        assert word in page.text


def test_the_report_of_a_clip(tmp_path, monkeypatch):
    clip, file = write_mp4(tmp_path / "shapes.mp4", COUNT), tmp_path / "report.html"
    write_masks(clip)
    write_boxes(clip)
    run(monkeypatch, BlobNetwork(), clip, "--report", file)
    page = read_page(file, pictures=3)
    for word in ("shapes", "boundary F", "HOTA", "best: frame", "typical: frame", "worst: frame"):
        assert word in page.text
    assert "worst: frame 0" not in page.text  # nothing is confirmed in the first frame: it tells nothing


def test_the_json_of_stills(stills, tmp_path, monkeypatch):
    file = tmp_path / "scores.json"
    output = run(monkeypatch, ColourNetwork(), stills, "--json", file, "--corruptions=unseen", "--strengths", "5,1")
    [(name, table)] = json.loads(file.read_text(encoding="utf-8")).items()
    assert name == EVIL
    assert {"person", "animal", "corruptions"} <= set(table)
    assert list(table["person"]) == [
        "mask_ap", "mask_ap50", "box_ap", "box_ap50", "boundary_ap", "mask_ap_small", "mask_ap_medium",
        "mask_ap_large", "images", "instances",
    ]  # fmt: skip
    assert table["person"]["mask_ap_large"] is None
    assert list(table["corruptions"]["kinds"]["fog"]["strengths"]) == ["1", "5"]
    assert table["corruptions"]["mean"] == table["corruptions"]["mean_unseen"]
    assert max(map(len, output.splitlines())) <= 100
    assert "mean of *" in output
