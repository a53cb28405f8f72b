"""A user's scorer in a job of several processes."""

import json
from pathlib import Path

import pytest

from tests.runtime.jobs import results, run

STREET = "street=synthetic://street?seconds=3&size=320x180&fps=10&seed=5"
MODULE = """
import pathlib, sys
with (pathlib.Path(__file__).parent / "importers").open("a") as file:
    file.write(f"{sys.argv[1]}\\n")
def late(candidate):
    return min(1, candidate.frame.seq / 1000)
"""


def test_it_decides_in_the_tracking_worker_and_is_imported_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine_late.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    config = tmp_path / "late.yaml"
    config.write_text("best_shot: {scorer: 'mine_late:late', top_k: 2, spacing_s: 0.5}\n")
    wanted = ["--config", str(config), "--no-video", "--cutouts", "best"]
    found = []
    for way in ("single", "processes"):
        with run(STREET, *wanted, *(["--single-process"] * (way == "single")), out=tmp_path / way) as job:
            assert job.finish() == 0
        if way == "single":
            (tmp_path / "importers").unlink()
        found.append(results(tmp_path / way, "street"))
    assert found[0] == found[1]
    assert (tmp_path / "importers").read_text() == "tracking-0\n"
    sidecars = [json.loads(content) for name, content in found[0].items() if name.endswith("best.json")]
    assert all(one["shot"]["scorer"] == "mine_late:late" and one["final"] for one in sidecars)
    assert any(one["seq"] >= 25 for one in sidecars) and any(name.endswith("best-2.png") for name in found[0])


def test_one_that_cannot_be_imported_ends_the_job_before_it_begins(tmp_path: Path) -> None:
    config = tmp_path / "none.yaml"
    config.write_text("best_shot: {scorer: 'nowhere_at_all:late'}\n")
    asked = STREET, "--config", str(config), "--no-video"
    with (tmp_path / "errors").open("w") as stderr, run(*asked, out=tmp_path / "out", stderr=stderr) as job:
        assert job.finish() == 2
    assert "best_shot.scorer 'nowhere_at_all:late': no module named" in (tmp_path / "errors").read_text()
