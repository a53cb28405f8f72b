"""Frames that kill, and workers that cannot live: one frame or one stream is lost, and no more."""

import contextlib
import os
import signal
import time
from pathlib import Path

from streamseg.config import Config
from streamseg.runtime.placement import place
from streamseg.runtime.store import Layout, Segment
from tests.results import read_summary
from tests.runtime.jobs import Job, results, run

STREET = "synthetic://street?seconds=4&size=320x180&fps=10"


def table_of(job: Job, stream: str, view_hw=(1280, 1280)):
    """A running stream's slot table and its stations, through the supervisor's own descriptors."""
    config = Config.model_validate({"video": {"enabled": False}})
    placement = place(config, 1)
    layout = Layout.of((180, 320), view_hw, slots=config.runtime.slots, upstream=placement.upstream)
    for path in Path(f"/proc/{job.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(path.readlink()).startswith(f"/memfd:streamseg-{stream} "):
                fd = os.open(path, os.O_RDWR)
                try:
                    return Segment(fd, layout).table, placement.stations
                finally:
                    os.close(fd)
    return None


def kill_on_frame(job: Job, stream: str, seq: int, *, stage: str, worker: str, tries: int = 1) -> bool:
    """SIGKILL the worker when it has the frame for so many times; False if the frame was gone before it could be."""
    job.wait_until(lambda: table_of(job, stream))
    table, stations = table_of(job, stream)
    column = stations.index(stage)
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        here = table.seq == seq
        if (table.done[column] == table.generation)[here & (table.generation > 0)].any():
            return False
        if ((table.given[column] == table.generation) & (table.tries[column] == tries))[here].any():
            return job.kill(worker)
    raise AssertionError(f"frame {seq} never came to {stage}")


def test_a_frame_that_kills_twice_is_poison_and_the_job_goes_on(tmp_path):
    config = tmp_path / "slow.yaml"
    config.write_text("model: {view: [1280, 1280]}\n")  # time enough to find a frame in the worker's hands
    stage, worker = "inference", "inference-0"
    with run(f"a={STREET}", "--config", str(config), "--no-video", out=tmp_path / "out") as job:
        seq = next(s for s in range(8, 40) if kill_on_frame(job, "a", s, stage=stage, worker=worker))
        assert kill_on_frame(job, "a", seq, stage=stage, worker=worker, tries=2)
        assert job.finish() == 0
    stream = read_summary(job.out)["streams"]["a"]
    assert (stream["state"], stream["captured"], stream["emitted"]) == ("done", 40, 39)
    assert (stream["failed"], stream["restarts"]) == ({"poison": 1}, 2)
    assert job.lines("a") == 39


def test_a_worker_that_dies_at_every_start_is_given_up_and_other_streams_go_on(tmp_path):
    config = tmp_path / "two.yaml"
    config.write_text("runtime: {tracking_workers: 2, restarts: 2}\njobs: 2\n")
    sources = f"a={STREET}", f"b={STREET}"
    with run(*sources, "--config", str(config), "--no-video", "--realtime", out=tmp_path / "out") as job:
        job.wait_for_lines("a", 3)
        killed = {None}
        for _ in range(3):
            job.wait_until(lambda: job.workers().get("tracking-1") not in killed)
            killed.add(job.workers()["tracking-1"])
            job.kill("tracking-1")
        assert job.finish() == 1
    streams = read_summary(job.out)["streams"]
    assert streams["b"]["state"] == "failed" and "tracking-1 died 3 times" in streams["b"]["error"]
    assert streams["b"]["in_flight"] == 0
    assert (streams["a"]["state"], streams["a"]["emitted"], streams["a"]["restarts"]) == ("done", 40, 0)
    with run(sources[0], "--single-process", "--no-video", out=tmp_path / "alone") as alone:
        alone.finish()
    assert results(job.out, "a") == results(alone.out, "a")


def test_a_sink_that_is_given_up_fails_its_stream_and_its_siblings_go_on(tmp_path):
    config = tmp_path / "split.yaml"
    config.write_text("runtime: {placement: split, restarts: 0}\n")
    with run(f"a={STREET}", "--config", str(config), "--realtime", out=tmp_path / "out") as job:
        job.wait_for_lines("a", 3)
        job.kill("video-0")
        assert job.finish() == 1
    stream = read_summary(job.out)["streams"]["a"]
    assert "video-0 died 1 times" in stream["error"] and (stream["emitted"], stream["in_flight"]) == (40, 0)
    assert job.lines("a") == 40


def test_a_stopped_worker_is_stuck_and_replaced(tmp_path):
    config = tmp_path / "stall.yaml"
    config.write_text("runtime: {stall_s: 1}\n")
    with run(f"a={STREET}", "--config", str(config), "--no-video", "--realtime", out=tmp_path / "out") as job:
        job.wait_for_lines("a", 3)
        os.kill(job.workers()["tracking-0"], signal.SIGSTOP)
        assert job.finish() == 0
    stream = read_summary(job.out)["streams"]["a"]
    assert (stream["emitted"], stream["restarts"]) == (40, 1)
