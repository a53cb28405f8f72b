"""A live stream held to a latency that nobody can reach: everything that can be left out is, and is counted."""

import pytest

from tests.results import read_seqs, read_summary
from tests.runtime.clips import write_street
from tests.runtime.jobs import run
from tests.servers import rtsp_server


@pytest.fixture
def server(tmp_path):
    clip = write_street(tmp_path / "street.mp4", 40)
    with rtsp_server(clip, seconds=120) as running:
        yield running


def test_what_is_left_out_is_counted_by_its_cause(tmp_path, server):
    arguments = (f"cam={server.url}", "--max-latency", "0.5", "--cutouts", "0.2", "--end", "12")
    with run(*arguments, out=tmp_path / "out") as job:
        assert job.finish() == 0
    stream = read_summary(job.out)["streams"]["cam"]
    assert stream["captured"] == stream["emitted"] + sum(stream["dropped"].values())
    assert {"detection", "matte"} <= set(stream["degraded"])
    assert {"shed", "not_key"} <= set(stream["dropped"])
    assert stream["failed"] == {}
    assert read_seqs(job.out, "cam") == list(range(stream["emitted"]))


def test_without_a_contract_nothing_is_left_out_but_stale_frames(tmp_path, server):
    with run(f"cam={server.url}", "--end", "3", out=tmp_path / "out") as job:
        assert job.finish() == 0
    stream = read_summary(job.out)["streams"]["cam"]
    assert set(stream["dropped"]) <= {"stale"}
    assert stream["degraded"] == {}
