"""How a run of processes ends: signals once and twice, a dead supervisor, a closed terminal; nothing is left."""

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time

import psutil
import pytest

from tests.results import read_seqs, read_summary
from tests.runtime.clips import write_street
from tests.runtime.jobs import Job, left_behind, run, video_times
from tests.runtime.test_controls import served
from tests.servers import rtsp_server

ENDLESS = "a=synthetic://street?seconds=900&size=320x180&fps=10"


def gone(pids) -> None:
    """Wait until none of the processes is there any more."""
    deadline_s = time.monotonic() + 30
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_to_the_whole_group_drains(tmp_path, number):
    with run(ENDLESS, "--realtime", out=tmp_path / "out") as job:
        job.wait_for_lines("a", 3)
        os.killpg(job.process.pid, number)
        assert job.finish() == 130
        assert left_behind(job) == []
    stream = read_summary(job.out)["streams"]["a"]
    assert (stream["state"], stream["in_flight"], stream["failed"]) == ("stopped", 0, {})
    assert read_seqs(job.out, "a") == list(range(stream["emitted"]))
    assert len(video_times(job.out, "a")) == stream["emitted"]


def test_two_signals_end_at_once(tmp_path):
    with run(ENDLESS, "--realtime", out=tmp_path / "out") as job:
        job.wait_for_lines("a", 3)
        workers = list(job.workers().values())
        os.kill(job.workers()["sinks-0"], signal.SIGSTOP)  # or the drain could be over before the second one
        job.process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        job.process.send_signal(signal.SIGINT)
        assert job.finish() == 130
        for pid in workers:
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGCONT)
        gone(workers)
        assert left_behind(job) == []


def test_a_drain_that_takes_too_long_is_given_up(tmp_path):
    config = tmp_path / "drain.yaml"
    config.write_text("runtime: {drain_s: 1}\n")
    with served(tmp_path, ENDLESS, "--config", str(config), "--realtime") as (job, api, _):
        job.wait_for_lines("a", 3)
        sinks = psutil.Process(job.workers()["sinks-0"])
        sinks.suspend()
        job.wait_until(lambda: sinks.status() == psutil.STATUS_STOPPED)
        job.wait_until(lambda: api.stream("a")["waiting"]["sink:objects"] > 0)
        job.process.send_signal(signal.SIGTERM)
        assert job.finish() == 1
    stream = read_summary(job.out)["streams"]["a"]
    assert "not drained within 1 s" in stream["error"] and stream["in_flight"] > 0


def test_workers_go_when_the_supervisor_is_killed(tmp_path):
    with run(ENDLESS, "--realtime", out=tmp_path / "out") as job:
        job.wait_for_lines("a", 3)
        workers = list(job.workers().values())
        job.process.kill()
        job.process.wait()
        gone(workers)
        assert left_behind(job) == []


def test_a_closed_terminal_drains(tmp_path):
    terminal, inside = pty.openpty()
    command = [sys.executable, "-m", "streamseg", "run", ENDLESS, "--realtime", "--out", str(tmp_path / "out")]
    child = subprocess.Popen(
        command,
        stdin=inside,
        stdout=inside,
        stderr=inside,
        preexec_fn=_own_terminal,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(inside)
    job = Job(child, tmp_path / "out", tmp_path)
    try:
        os.set_blocking(terminal, False)
        while job.lines("a") < 3:
            assert child.poll() is None
            _drain(terminal)
            time.sleep(0.05)
        os.close(terminal)
        assert job.finish() == 130
    finally:
        child.kill()
        child.wait()
    assert read_summary(job.out)["streams"]["a"]["state"] == "stopped"


def _own_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _drain(terminal: int) -> None:
    with contextlib.suppress(BlockingIOError):
        os.read(terminal, 65536)


def test_two_files_and_a_camera_end_by_one_ctrl_c(tmp_path):
    clip = write_street(tmp_path / "b.mp4", 40)
    with rtsp_server(clip, user="viewer", password="s3cret") as server:
        url = server.url.replace("rtsp://", "rtsp://viewer:s3cret@")
        log = (tmp_path / "log").open("wb")
        sources = f"cam={url}", str(clip), "c=synthetic://street?seconds=3&size=200x160&fps=10&seed=9"
        with run(*sources, "--jobs", "2", out=tmp_path / "out", stderr=log) as job:
            job.wait_until(lambda: job.lines("b") == 40 and job.lines("c") == 30 and job.lines("cam") > 5)
            job.process.send_signal(signal.SIGINT)
            assert job.finish() == 130
            assert left_behind(job) == []
        log.close()
    streams = read_summary(job.out)["streams"]
    assert {name: stream["state"] for name, stream in streams.items()} == {"cam": "stopped", "b": "done", "c": "done"}
    assert all(stream["in_flight"] == 0 for stream in streams.values())
    assert (streams["b"]["emitted"], streams["c"]["emitted"]) == (40, 30)
    assert read_seqs(job.out, "cam") == sorted(set(read_seqs(job.out, "cam")))
    assert b"s3cret" not in (tmp_path / "log").read_bytes() + (job.out / "summary.json").read_bytes()
