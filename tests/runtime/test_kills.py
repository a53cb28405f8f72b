"""SIGKILL for every kind of worker while frames flow: the job ends as if nothing had happened."""

import random

import pytest

from tests.results import read_summary
from tests.runtime.clips import write_street
from tests.runtime.jobs import kill_in_turn, left_behind, results, run, video_times

FUSED = ("capture-0", "inference-0", "tracking-0", "sinks-0")
SPLIT = (
    *("capture-0", "preprocess-0", "inference-0", "tracking-0"),
    *("cutouts-0", "clips-0", "video-0", "clean_plate-0", "objects-0", "events-0"),
)
ASKED = ("--cutouts", "0.5", "--clips", "--clean-plate", "--privacy", "pixelate", "--privacy-classes", "vehicle")


def undisturbed(tmp_path, source):
    with run(source, "--single-process", *ASKED, out=tmp_path / "undisturbed") as job:
        assert job.finish() == 0
    return job


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("placement", "names", "kind"), [("fused", FUSED, "file"), ("split", SPLIT, "synthetic")])
def test_forty_deaths_leave_no_trace(tmp_path, placement, names, kind):
    """Twenty in each placement: every worker in turn, then at random."""
    frames = 170
    if kind == "file":
        source = f"street={write_street(tmp_path / 'street.mp4', frames)}"
    else:
        source = f"street=synthetic://street?seconds={frames / 10:g}&size=320x180&fps=10&seed=5"
    wanted = undisturbed(tmp_path, source)
    config = tmp_path / "kills.yaml"
    config.write_text(f"runtime: {{placement: {placement}, restarts: 1000}}\n")
    chance = random.Random(placement)
    victims = [*names, *(chance.choice(names) for _ in range(20 - len(names)))]
    with run(source, "--config", str(config), "--realtime", *ASKED, out=tmp_path / "killed") as job:
        job.wait_for_lines("street", 2)
        killed = kill_in_turn(job, "street", victims, seed=6)
        assert job.finish() == 0
        assert left_behind(job) == []
    assert killed == 20
    stream = read_summary(job.out)["streams"]["street"]
    assert (stream["captured"], stream["emitted"], stream["failed"], stream["dropped"]) == (frames, frames, {}, {})
    assert stream["restarts"] == killed
    assert stream["objects"] == read_summary(wanted.out)["streams"]["street"]["objects"]
    assert results(job.out, "street") == results(wanted.out, "street")
    assert "clean-plate.png" in results(job.out, "street")
    for video in ("annotated.mp4", "clean-plate.mp4"):
        assert video_times(job.out, "street", video) == video_times(wanted.out, "street", video)
