"""`streamseg bench`: the real thing on a small clip, and mistakes that are told before the work."""

import json
import os
import xml.etree.ElementTree as ElementTree

import pytest

from streamseg.cli import main
from tests.runtime.clips import write_street


def test_it_measures_the_job_and_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    clip = write_street(tmp_path / "gate.mp4", 8)
    (tmp_path / "small.yaml").write_text("model: {view: [96, 160]}\nruntime: {placement: split}\n")
    files = {name: tmp_path / f"out.{name}" for name in ("json", "svg")}
    arguments = ["bench", str(clip), "--seconds", "2", "--config", str(tmp_path / "small.yaml")]
    assert main([*arguments, "--json", str(files["json"]), "--picture", str(files["svg"])]) == 0

    told = json.loads(files["json"].read_text())
    assert (told["clip"]["frames"], told["clip"]["turns"]) == (20, 3)
    assert told["machine"]["cores"] == len(os.sched_getaffinity(0))
    assert told["decoding"]["fps"] > told["jobs"]["no-video"]["fps"] > 0
    stages = {name: list(job["stages"]) for name, job in told["jobs"].items()}
    sinks = ["sink:cutouts", "sink:objects", "sink:events"]
    assert stages["no-video"] == ["capture", "preprocess", "inference", "tracking", *sinks]
    assert set(stages["with-video"]) == {*stages["no-video"], "sink:video"}
    for job in told["jobs"].values():
        assert job["frames"] == 20
        assert all(stage["frames"] == 20 and stage["busy_ms"] > 0 for stage in job["stages"].values())
        assert job["beyond_decoding_ms"] == pytest.approx(job["cpu_ms"] - told["decoding"]["cpu_ms"])
    assert ElementTree.fromstring(files["svg"].read_text()).tag.endswith("svg")
    assert "decoding alone" in capsys.readouterr().out
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--picture", "a.png"], "--picture a.png: drawings are SVG; give a name that ends in .svg"),
        (["--json", "missing/a.json"], "missing/a.json: there is no folder missing"),
        (["--seconds", "0"], "0.0 is not in the range 1<=x<=3600"),
        (["--config", "missing.yaml"], "missing.yaml: No such file or directory"),
        (["rtsp://10.0.0.7/1"], "cannot be measured with; allowed are a video file and synthetic://street"),
    ],
)
def test_mistakes_are_usage_errors(arguments, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_the_decoders_errors_are_told(tmp_path, capsys):
    assert main(["bench", str(tmp_path / "missing.mp4")]) == 1
    assert "missing.mp4: no such file" in capsys.readouterr().err
