"""A disk that is full for a while: files fail and are gone on with, cameras go on by themselves."""

import signal

import pytest

from tests.disks import small_disk
from tests.results import read_summary
from tests.runtime.clips import write_street
from tests.runtime.jobs import left_behind, results, run, video_times
from tests.runtime.live_jobs import NAMES, check_results, two_cameras, wait_for_more

ASKED = ("--cutouts", "0.5")
CONFIG = "runtime: {checkpoint_s: 0.5}\noutput: {disk_free_mb: 0}\n"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("more", [(), ("--clips",)], ids=["plain", "what ends with its stream"])
def test_a_file_job_fails_and_is_finished_once_there_is_room(tmp_path, more):
    clip, config = write_street(tmp_path / "street.mp4", 30), tmp_path / "config.yaml"
    config.write_text(CONFIG)
    asked = (f"s={clip}", *ASKED, *more, "--config", str(config))
    with run(*asked, "--single-process", out=tmp_path / "calm") as calm:
        assert calm.finish() == 0
    with small_disk(tmp_path / "small", mb=64) as disk:
        out, log = disk.folder / "out", (tmp_path / "log").open("wb")
        with run(*asked, "--realtime", "--resume", out=out, stderr=log) as job:
            job.wait_for_lines("s", 12)
            disk.fill()
            assert job.finish() == 1
            assert left_behind(job) == []
        log.close()
        assert "No space left on device" in (tmp_path / "log").read_text()
        disk.make_room()
        with run(*asked, "--realtime", "--resume", out=out) as job:
            assert job.finish() == 0
        assert results(out, "s") == results(calm.out, "s")
        assert video_times(out, "s") == video_times(calm.out, "s")
        stream = read_summary(out)["streams"]["s"]
        assert (stream["captured"], stream["emitted"], stream["failed"]) == (30, 30, {})


@pytest.mark.timeout(300)
def test_cameras_go_on_and_what_was_not_written_is_counted(tmp_path):
    log = (tmp_path / "log").open("wb")
    with small_disk(tmp_path / "out", mb=64) as disk:
        with two_cameras(tmp_path, *ASKED, "--clips", config=CONFIG, stderr=log) as (job, api):
            disk.fill()
            job.wait_until(lambda: all(api.stream(name)["sinks"]["video"]["skipped"] > 5 for name in NAMES))
            job.kill("sinks-0")
            wait_for_more(job, api)
            disk.make_room()
            wrote = {name: api.stream(name)["sinks"]["video"]["written"] for name in NAMES}
            job.wait_until(lambda: all(api.stream(n)["sinks"]["video"]["written"] > wrote[n] + 5 for n in NAMES))
            job.process.send_signal(signal.SIGINT)
            assert job.finish() == 130
        log.close()
        streams = read_summary(job.out)["streams"]
        for name in NAMES:
            assert (streams[name]["state"], streams[name]["failed"]) == ("stopped", {})
            assert streams[name]["sinks"]["objects"]["written"] == job.lines(name)
            check_results(job.out, name)
            assert len(video_times(job.out, name)) == streams[name]["sinks"]["video"]["written"]
    told = (tmp_path / "log").read_text()
    for name in NAMES:
        assert f"stream={name} sink:video skips frames until there is room" in told
        assert f"stream={name} sink:video goes on" in told
