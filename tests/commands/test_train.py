"""`streamseg train` from the command line: a small run, what it says, and how mistakes end."""

import pytest

from streamseg.cli import main
from streamseg.inference.net import NetConfig
from streamseg.training import train as training
from streamseg.weights.header import read_metadata
from tests.training.stills import write_zip

RECIPE = "{size: 64, batch: 4, images: 16, validate_images: 8, validate_side: 64, precision: fp32, threads: 1}"


@pytest.fixture
def command(tmp_path, monkeypatch):
    plan = NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4)
    monkeypatch.setitem(training.PLANS, "s", plan)
    write_zip(tmp_path / "blobs.zip")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    own = ["train", tmp_path / "blobs.zip", "--recipe", tmp_path / "recipe.yaml", "--out", tmp_path / "run"]
    return lambda *more: main([str(word) for word in (*own, *more)])


def test_progress_is_lines_where_there_is_no_terminal(command, tmp_path, capsys):
    assert command("--val", tmp_path / "blobs.zip") == 0
    out, err = capsys.readouterr()
    assert "4/16 scenes" in err and "left, loss" in err and "validation after 8 scenes: mask AP" in err
    assert "16/16 scenes" in err and ", AP 0." in err
    assert [line.split(": ")[0].rsplit("/")[-1] for line in out.splitlines()] == [
        "weights.safetensors", "best.safetensors", "report.html",
    ]  # fmt: skip


def test_validation_on_what_is_trained_on_is_warned_of(command, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_zip(tmp_path / "others.zip", seed=1)
    assert command("--val", "others.zip") == 0
    assert "also trained on" not in capsys.readouterr().err
    assert command("--val", "others.zip", "--val", "blobs.zip", "--out", tmp_path / "again") == 0
    line = "--val blobs.zip: also trained on, so its AP says little of new pictures"
    assert line in capsys.readouterr().err.splitlines()


def test_fine_tuning_to_other_labels_is_told_in_one_line(command, tmp_path, capsys):
    assert command() == 0
    weights = tmp_path / "run/weights.safetensors"
    capsys.readouterr()
    assert command("--start", weights, "--labels", "person,cat", "--out", tmp_path / "mine") == 0
    assert "weights: keeps person; starts fresh cat; forgets vehicle, animal" in capsys.readouterr().err.splitlines()


def test_a_start_grows_to_the_plan_of_the_recipe_and_never_shrinks(command, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(training.PLANS, "m", NetConfig(widths=(12, 16, 16, 24), depths=(1, 2, 1, 1), prototypes=6))
    assert command() == 0
    (tmp_path / "large.yaml").write_text(RECIPE.replace("{", "{network: m, "))
    large = ("--recipe", tmp_path / "large.yaml", "--out", tmp_path / "large")
    assert command("--start", tmp_path / "run/weights.safetensors", *large) == 0
    assert "weights grown to the plan m" in capsys.readouterr().err.splitlines()
    weights = tmp_path / "large/weights.safetensors"
    assert read_metadata(weights).config["widths"] == (12, 16, 16, 24)
    (tmp_path / "small.yaml").write_text(RECIPE.replace("{", "{network: s, "))
    assert command("--start", weights, "--recipe", tmp_path / "small.yaml", "--out", tmp_path / "small") == 2
    assert "widths 8, 16, 16, 16: a network of 12, 16, 16, 24 can only grow" in capsys.readouterr().err


def test_unknown_starts_are_one_line(command, tmp_path, capsys):
    assert command("--start", "xl") == 2
    assert command("--start", tmp_path / "recipe.yaml") == 2
    unknown, broken = capsys.readouterr().err.splitlines()
    assert "model 'xl': no such file and no shipped network; shipped are " in unknown
    assert "recipe.yaml: not a streamseg weight file" in broken


def test_the_display_on_a_terminal(command, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert command("--val", tmp_path / "blobs.zip") == 0
    shown = capsys.readouterr().err
    assert "training" in shown and "16/16 scenes" in shown and "the best so far" in shown
