"""Workers of two live cameras die: accounts close all the while, identities and numbers go on, frames come again."""

import signal

import pytest

from tests.chaos.kill_live import kill_each
from tests.results import read_summary
from tests.runtime.jobs import left_behind
from tests.runtime.live_jobs import NAMES, check_results, two_cameras


@pytest.mark.timeout(300)
def test_every_worker_dies_once(tmp_path):
    with two_cameras(tmp_path, "--no-video", config="runtime: {placement: fused, restarts: 1000}\n") as (job, api):
        victims = [name for name in sorted(job.workers()) if not name.startswith("web")]
        silent = kill_each(job, api, victims, watch_s=0)
        job.process.send_signal(signal.SIGINT)
        assert job.finish() == 130
        assert left_behind(job) == []
    assert len(silent) == len(NAMES) * len(victims) and len(victims) >= 4
    streams = read_summary(job.out)["streams"]
    for name in NAMES:
        check_results(job.out, name)
        assert (streams[name]["state"], streams[name]["failed"]) == ("stopped", {})
        # a worker for capture of each may be needed: only one of them is this stream's
        assert 4 <= streams[name]["restarts"] <= len(victims)
