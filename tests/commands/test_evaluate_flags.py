"""`streamseg evaluate`: which DATA is what, what it is called, and mistakes that are told before the work."""

import json

import click
import pytest

from streamseg.errors import ConfigError, DataError, SinkError, SourceNotFound
from tests.blobs import BlobNetwork, write_mp4
from tests.evaluation.colours import ColourNetwork
from tests.evaluation.command import run_evaluate as run
from tests.evaluation.test_clips import COUNT, write_boxes
from tests.training.stills import write_zip


@pytest.fixture
def colours(monkeypatch):
    monkeypatch.setattr("streamseg.inference.load_network", lambda model: ColourNetwork())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a.zip", "--strengths", "1"], "--strengths says how strong --corruptions are"),
        (["a.zip", "--corruptions=hail"], r"'hail' is none of all, unseen, gaussian_noise, .*h264"),
        (["--corruptions", "a.zip"], r"'a.zip' is none of .*write DATA before a bare --corruptions"),
        (["a.zip", "--corruptions=fog", "--strengths", "0,6"], "'0,6' is no list of strengths; use 1 to 5"),
        (["a.mp4", "--corruptions"], "--corruptions spoils stills, and there are none in DATA"),
    ],
)
def test_flags_that_make_no_sense(arguments, says):
    with pytest.raises(click.UsageError, match=says):
        run(*arguments)


def test_a_video_without_truth_is_told_what_it_lacks(tmp_path):
    clip = write_mp4(tmp_path / "gate.mp4", 2)
    with pytest.raises(ConfigError, match=r"gate.mp4: no gate.masks.jsonl or gate.gt.txt beside it"):
        run(clip)
    with pytest.raises(SourceNotFound, match=r"yard.mkv: no such file"):
        run(tmp_path / "yard.mkv")


def test_files_that_cannot_be_written(tmp_path, colours):
    write_zip(tmp_path / "blobs.zip")
    with pytest.raises(ConfigError, match=r"none/page.html: there is no folder .*none"):
        run(tmp_path / "blobs.zip", "--report", tmp_path / "none" / "page.html")
    with pytest.raises(SinkError, match="cannot be written"):
        run(tmp_path / "blobs.zip", "--json", tmp_path)


def test_a_view_that_no_network_takes():
    with pytest.raises(
        ConfigError, match=r"^evaluate: model: view \[100, 100\]: both sides must be multiples of 32[^\n]*$"
    ):
        run("a.zip", "--side", 100)


def test_a_second_data_set_that_cannot_be_read_is_told_before_the_first_is_scored(tmp_path, colours, monkeypatch):
    write_zip(tmp_path / "blobs.zip")
    monkeypatch.setattr("streamseg.evaluation.session.score", lambda *_: pytest.fail("scored"))
    with pytest.raises(DataError, match=r"none.zip: no such file"):
        run(tmp_path / "blobs.zip", tmp_path / "none.zip")


def test_data_sets_of_one_source_and_the_same_one_twice(tmp_path, colours):
    for name in ("first.zip", "second.zip"):
        write_zip(tmp_path / name, images=2, info={"source": "blobs"})
    file = tmp_path / "scores.json"
    run(tmp_path / "first.zip", tmp_path / "second.zip", tmp_path / "first.zip", "--json", file)
    assert list(json.loads(file.read_text())) == ["first", "second"]


def test_clips_of_one_name_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("streamseg.inference.load_network", lambda model: BlobNetwork())
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_boxes(write_mp4(tmp_path / folder / "gate.mp4", COUNT))
    file = tmp_path / "scores.json"
    output = run(tmp_path / "a" / "gate.mp4", tmp_path / "b" / "gate.mp4", "--json", file)
    assert list(json.loads(file.read_text())) == ["a/gate", "b/gate"]
    assert "a/gate" in output and "b/gate" in output
