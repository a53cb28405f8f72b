"""Memory that runs out: a worker that is refused any ends, one that the kernel kills dies, and both are replaced."""

import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamseg.errors import SinkError
from streamseg.runtime.exhausted import OUT_OF_MEMORY, end_if_out_of_memory
from tests.results import read_summary
from tests.runtime.clips import write_street
from tests.runtime.jobs import left_behind, results, run
from tests.runtime.scarce_memory import memory_group, starve

ASKED = ("--cutouts", "0.5", "--no-video")
TOO_LITTLE_MB = 300
BY_THREAD = """
from streamseg.runtime.exhausted import guard_threads
import threading, time
guard_threads()
def work():
    raise MemoryError
threading.Thread(target=work).start()
time.sleep(60)
"""


class Ended(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def ends(monkeypatch):
    """The exit status that a process would have ended with."""
    statuses = []

    def end(status):
        statuses.append(status)
        raise Ended

    monkeypatch.setattr(os, "_exit", end)
    return statuses


def raised_by(work) -> BaseException:
    with pytest.raises(Exception) as caught:  # of any kind
        work()
    return caught.value


def sink_error(number: int) -> SinkError:
    try:
        raise SinkError("x.mp4: cannot be written") from OSError(number, "no")
    except SinkError as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        raised_by(lambda: np.zeros(1 << 60, np.uint8)),
        raised_by(lambda: cv2.resize(np.zeros((1, 1), np.uint8), (1 << 30, 1 << 30))),
        sink_error(errno.ENOMEM),
        RuntimeError("can't start new thread"),
        RuntimeError("Exception from src/core.cpp: std::bad_alloc"),
    ],
    ids=["numpy", "opencv", "by its cause", "thread", "c++"],
)
def test_what_ends_a_worker(ends, error):
    with pytest.raises(Ended):
        end_if_out_of_memory(error)
    assert ends == [OUT_OF_MEMORY]


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("x"), sink_error(errno.ENOSPC), cv2.error("x")])
def test_what_does_not(ends, error):
    end_if_out_of_memory(error)
    assert ends == []


def test_a_thread_takes_the_process_along():
    assert subprocess.run([sys.executable, "-c", BY_THREAD], check=False).returncode == OUT_OF_MEMORY


@pytest.mark.timeout(240)
def test_refused_killed_and_as_if_never(tmp_path):
    """Every worker is refused more memory; the one that needs some ends. Then one goes as the kernel would have it."""
    clip, config = write_street(tmp_path / "street.mp4", 80), tmp_path / "config.yaml"
    config.write_text("runtime: {placement: fused, restarts: 100}\n")
    with run(f"s={clip}", "--single-process", *ASKED, out=tmp_path / "calm") as calm:
        assert calm.finish() == 0
    log = (tmp_path / "log").open("wb")
    with run(f"s={clip}", "--config", str(config), "--realtime", *ASKED, out=tmp_path / "out", stderr=log) as job:
        job.wait_for_lines("s", 3)
        workers = job.workers()
        ours, theirs = (Path(f"/proc/{pid}/oom_score_adj") for pid in (job.process.pid, workers["tracking-0"]))
        assert int(theirs.read_text()) == min(1000, int(ours.read_text()) + 300), "workers go first"
        for pid in workers.values():
            starve(pid)
        job.wait_until(lambda: set(workers.values()) - set(job.workers().values()))
        job.wait_for_lines("s", job.lines("s") + 3)
        os.kill(job.workers()["inference-0"], signal.SIGKILL)
        assert job.finish() == 0
    log.close()
    told = (tmp_path / "log").read_text()
    # where a thread cannot be started, libc itself ends the process
    assert re.search(rf"died status=({OUT_OF_MEMORY}|127) ", told), told
    stream = read_summary(job.out)["streams"]["s"]
    assert (stream["emitted"], stream["failed"], stream["dropped"]) == (80, {}, {})
    assert results(job.out, "s") == results(calm.out, "s")


@pytest.mark.timeout(240)
def test_a_container_that_is_too_small_is_given_up_with_an_error(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("runtime: {restarts: 1}\n")
    source = "s=synthetic://street?seconds=900&size=320x180&fps=10"
    with memory_group() as group:
        group.limit(TOO_LITTLE_MB)
        with run(source, "--config", str(config), "--realtime", *ASKED, out=tmp_path / "out") as job:
            group.take(job.process.pid)  # and with it whom it starts
            assert job.finish() == 1
            assert left_behind(job) == []
        assert group.kills >= 2
    error = read_summary(job.out)["streams"]["s"]["error"]
    assert "died 2 times within 60 s; it is given up" in error
