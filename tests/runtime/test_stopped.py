"""Workers that are stopped and go on: a file cannot tell, of two cameras only the one that is hit loses frames."""

import signal

import pytest

from tests.chaos.stalled_sinks import CONFIG, stall_one
from tests.chaos.stop_workers import compare
from tests.runtime.jobs import left_behind
from tests.runtime.live_jobs import NAMES, check_results, two_cameras, wait_for_more

STALL_S = 2.0


@pytest.mark.timeout(300)
def test_a_file_job_is_as_if_never_stopped(tmp_path):
    """tracking is stuck, and replaced; capture waits for its source as far as anybody knows, and comes back."""
    config = f"runtime: {{placement: fused, restarts: 100, stall_s: {STALL_S}}}\n"
    replaced = compare(tmp_path, 60, config, 2 * STALL_S, "--no-video", names=("capture-0", "tracking-0"))
    assert replaced >= 1


@pytest.mark.timeout(300)
def test_a_sink_that_stalls_costs_its_own_stream_alone(tmp_path):
    with two_cameras(tmp_path, "--no-video", config=CONFIG.format(stall_s=100)) as (job, api):
        stalled = stall_one(job, api, 0)
        assert stalled["in_flight"] > 0
        wait_for_more(job, api)
        assert api.stream(NAMES[1])["restarts"] == 0
        job.process.send_signal(signal.SIGINT)
        assert job.finish() == 130
        assert left_behind(job) == []
    for name in NAMES:
        check_results(job.out, name)
