"""`streamseg run --resume`: what was cut off goes on, and nobody can tell from the results."""

import os
import signal
import subprocess

import pytest

from streamseg.runtime.checkpoint import Checkpoint
from streamseg.sinks.outdir import CHECKPOINT
from tests.results import read_seqs, read_summary
from tests.runtime.clips import write_street
from tests.runtime.jobs import left_behind, results, run, video_times

FRAMES = 45
ASKED = ("--cutouts", "0.5", "--realtime")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_street(tmp_path_factory.mktemp("resumed") / "street.mp4", FRAMES)


@pytest.fixture
def often(tmp_path):
    """A configuration that takes a checkpoint every half second."""
    path = tmp_path / "often.yaml"
    path.write_text("runtime: {checkpoint_s: 0.5}\n")
    return "--config", str(path)


def cut_off(job, stream, lines):
    """Kill the whole run once a stream has so many lines and a checkpoint, as a crash of the machine would."""
    job.wait_for_lines(stream, lines)
    job.wait_until((job.out / stream / CHECKPOINT).exists)
    os.killpg(job.process.pid, signal.SIGKILL)
    job.process.wait()


@pytest.mark.timeout(400)
def test_cut_off_twice_and_as_if_never(tmp_path, clip):
    """In other placements the second time: a checkpoint is of stages, not of processes."""
    fused, split = tmp_path / "fused.yaml", tmp_path / "split.yaml"
    for config in (fused, split):
        config.write_text(f"runtime: {{checkpoint_s: 0.5, placement: {config.stem}}}\n")
    asked = (f"s={clip}", *ASKED, "--clips", "--resume", "--config")
    with run(f"s={clip}", "--single-process", *ASKED, "--clips", out=tmp_path / "calm") as calm:
        assert calm.finish() == 0
    for config, lines in ((fused, 12), (split, 26)):
        with run(*asked, str(config), out=tmp_path / "cut") as job:
            cut_off(job, "s", lines)
    with run(*asked, str(fused), out=tmp_path / "cut") as job:
        assert job.finish() == 0
        assert left_behind(job) == []
    assert results(job.out, "s") == results(calm.out, "s")
    assert video_times(job.out, "s") == video_times(calm.out, "s")
    stream = read_summary(job.out)["streams"]["s"]
    wanted = read_summary(calm.out)["streams"]["s"]
    for key in ("captured", "emitted", "dropped", "failed", "objects"):
        assert stream[key] == wanted[key], key


@pytest.mark.timeout(400)
def test_interrupted_by_hand(tmp_path, clip, often):
    with run(f"s={clip}", "--single-process", *ASKED, out=tmp_path / "calm") as calm:
        assert calm.finish() == 0
    with run(f"s={clip}", *ASKED, *often, out=tmp_path / "cut") as job:
        job.wait_for_lines("s", 18)
        job.process.send_signal(signal.SIGINT)
        assert job.finish() == 130
    stopped_at = read_seqs(job.out, "s")[-1]
    assert stopped_at < FRAMES - 1
    assert Checkpoint.read(job.out / "s").ended == "stopped"
    with run(f"s={clip}", *ASKED, *often, "--resume", out=tmp_path / "cut") as job:
        assert job.finish() == 0
    assert results(job.out, "s") == results(calm.out, "s")
    assert video_times(job.out, "s") == video_times(calm.out, "s")


@pytest.mark.timeout(400)
def test_what_is_done_stays_as_it_is(tmp_path, clip, often):
    first = write_street(tmp_path / "first.mp4", 12, seed=3)
    asked = (f"a={first}", f"b={clip}", *ASKED, *often, "--jobs", "1")
    with run(*asked, out=tmp_path / "out") as job:
        cut_off(job, "b", 20)
    done = {path: path.stat().st_mtime_ns for path in (job.out / "a").rglob("*") if path.is_file()}
    with run(*asked, "--resume", out=tmp_path / "out") as job:
        assert job.finish() == 0
    assert {path: path.stat().st_mtime_ns for path in done if path.name != CHECKPOINT} == {
        path: time for path, time in done.items() if path.name != CHECKPOINT
    }
    streams = read_summary(job.out)["streams"]
    assert [streams[name]["emitted"] for name in "ab"] == [12, FRAMES]
    assert not list(job.out.rglob(CHECKPOINT)), "nothing is left to go on with"


@pytest.mark.timeout(400)
def test_others_than_were_begun_are_refused(tmp_path, often):
    clip = write_street(tmp_path / "street.mp4", 60)
    with run(f"s={clip}", *ASKED, *often, out=tmp_path / "out") as job:
        cut_off(job, "s", 15)
    before = results(job.out, "s")

    def refused(*asked):
        with run(*asked, "--resume", out=job.out, stderr=subprocess.PIPE) as again:
            _, told = again.process.communicate(timeout=100)
            assert again.process.returncode == 1
        return told.decode()

    assert "other settings of cutouts.every, model.score;" in refused(
        f"s={clip}", "--cutouts", "1", "--score", "0.9", "--realtime", *often
    )
    write_street(clip, 50)
    assert "the source has changed since" in refused(f"s={clip}", *ASKED, *often)
    (job.out / "s" / CHECKPOINT).write_bytes(b"\x93nonsense")
    assert "is damaged" in refused(f"s={clip}", *ASKED, *often)
    assert results(job.out, "s") == before
