"""A run that is flooded with messages nobody of it has sent does what it would have done without them."""

import pytest

from tests.results import read_summary
from tests.runtime.clips import write_street
from tests.runtime.floods import flood, sockets_of
from tests.runtime.jobs import left_behind, results, run

COUNT = 20_000


@pytest.mark.timeout(300)
def test_flooded_and_as_if_never(tmp_path):
    clip = write_street(tmp_path / "street.mp4", 60)
    asked = (f"s={clip}", "--cutouts", "0.5", "--no-video", "--realtime")
    with run(*asked, "--single-process", out=tmp_path / "calm") as calm:
        assert calm.finish() == 0
    with run(*asked, out=tmp_path / "flooded") as job:
        job.wait_for_lines("s", 2)
        assert len(sockets_of(job)) >= 5, "the supervisor's and each worker's"
        _, before = job.memory_mb()
        sent = flood(job, COUNT, seed=1)
        grown = job.memory_mb()[1] - before
        assert job.finish() == 0
        assert left_behind(job) == []
    assert sent >= COUNT // 2
    assert grown < 200, "what waits in sockets is bounded"
    stream = read_summary(job.out)["streams"]["s"]
    assert (stream["captured"], stream["emitted"], stream["restarts"]) == (60, 60, 0)
    assert results(job.out, "s") == results(calm.out, "s")
