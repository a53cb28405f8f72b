"""`streamseg check` and `streamseg init`."""

from pathlib import Path

import pytest

from streamseg.cli import main
from streamseg.config_file import load


def test_check_reports_every_error_of_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad, good, worse = (tmp_path / name for name in ("bad.yaml", "good.yaml", "worse.yaml"))
    bad.write_text("model: {score: 3, colour: red}\njobs: 0\n")
    good.write_text("streams: [{source: a.mp4}, {source: 'rtsp://me:secret@cam/1', name: gate}]\n")
    worse.write_text("streams: [\n")
    assert main(["check", str(bad), str(good), str(worse)]) == 2
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert all(line.startswith("streamseg: error: ") for line in lines)
    for words in (
        ("bad.yaml", "model.score", "got 3", "1"),
        ("model.colour", "allowed are name, device"),
        ("jobs", "got 0"),
        ("worse.yaml",),
    ):
        assert any(all(word in line for word in words) for line in lines), words
    assert len(lines) == 4
    assert f"{good}: ok, 2 streams" in out and "gate" in out and "secret" not in out


def test_check_refuses_sources_that_no_one_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "job.yaml"
    file.write_text("streams: [{source: a.mp4}, {source: 'ftp://me:secret@host/a.mp4'}, {source: 'rtsp:///one'}]\n")
    assert main(["check", str(file)]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert "job.yaml: streams[1].source" in first and "ftp" in first and "rtsp" in first and "secret" not in first
    assert "job.yaml: streams[2].source" in second and "no host" in second


def test_check_imports_the_scorer_and_names_zones_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    door = "{name: door, polygon: [[0, 0], [1, 0], [1, 1]]}"
    (tmp_path / "checked_shots.py").write_text("def score(candidate): return 1\n")
    files = {
        "good": "best_shot: {scorer: 'checked_shots:score'}\nstreams: [{source: a.mp4}]\n",
        "bad": "best_shot: {scorer: 'checked_shots:sore'}\n",
        "odd": "best_shot: {scorer: 'checked shots'}\n",
        "zone": f"best_shot: {{zones: [dor]}}\nstreams: [{{source: a.mp4, zones: [{door}]}}]\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert main(["check", *(str(tmp_path / name) for name in files)]) == 2
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert "good: ok, 1 stream" in out and len(lines) == 3
    assert "bad: best_shot.scorer 'checked_shots:sore': module checked_shots has no 'sore'" in lines[0]
    assert "odd: best_shot.scorer" in lines[1] and "checked shots" in lines[1]
    assert "zone: best_shot.zones: 'dor' is no zone of any stream; there are: door" in lines[2]


def test_init_writes_a_file_that_check_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert main(["check", "streamseg.yaml"]) == 0
    assert load("streamseg.yaml").streams[0].name == "street"
    assert "streamseg.yaml: ok, 1 stream" in capsys.readouterr().out


def test_init_replaces_nothing_unless_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("jobs: 2\n")
    assert main(["init", str(file)]) == 2
    assert file.read_text() == "jobs: 2\n"
    [line] = capsys.readouterr().err.splitlines()
    assert "mine.yaml" in line and "exists" in line and "--force" in line
    assert main(["init", str(file), "--force"]) == 0
    assert load(file).jobs == 1


def test_init_prints_to_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "-", "--like", "rtsp"]) == 0
    assert "rotate_s: 600" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
