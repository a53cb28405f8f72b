"""`streamseg run` as a child process, its workers by name, and a hand that kills them."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import psutil

from streamseg.sinks.outdir import CHECKPOINT

PATIENCE_S = 100
WORKER = "streamseg.runtime.worker"


@dataclass(slots=True)
class Job:
    """A running command, its output folder, and where it makes temporary files."""

    process: subprocess.Popen
    out: Path
    temporary: Path

    def workers(self) -> dict[str, int]:
        """Process ids of the workers by name."""
        found = {}
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children():
                with contextlib.suppress(psutil.NoSuchProcess, ValueError):
                    line = child.cmdline()
                    found[line[line.index(WORKER) + 1]] = child.pid
        return found

    def tree(self) -> list[psutil.Process]:
        """The command and all processes below it; none once it is over."""
        try:
            return [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def memory_mb(self) -> tuple[float, float]:
        """Of all of them, MB of 10^6 bytes: proportional set size, what they share counted once; what is each one's."""
        pss = uss = 0.0
        for process in self.tree():
            with contextlib.suppress(psutil.Error):  # it died in between
                memory = process.memory_full_info()
                pss, uss = pss + memory.pss / 1e6, uss + memory.uss / 1e6
        return pss, uss

    def lines(self, stream: str) -> int:
        """How many frames of a stream are in its objects.jsonl."""
        path = self.out / stream / "objects.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def wait_until(self, true) -> None:
        """Wait for something to become true, while the job runs."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not true():
            assert self.process.poll() is None, f"ended early, status {self.process.returncode}"
            assert time.monotonic() < deadline_s, "waited in vain"
            time.sleep(0.02)

    def wait_for_lines(self, stream: str, count: int) -> None:
        """Wait for so many frames in a stream's objects.jsonl."""
        self.wait_until(lambda: self.lines(stream) >= count)

    def kill(self, name: str) -> bool:
        """SIGKILL a worker; False if it is not there just now."""
        pid = self.workers().get(name)
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return True

    def finish(self) -> int:
        """Wait for the end; the exit status."""
        return self.process.wait(PATIENCE_S)


@contextlib.contextmanager
def run(*arguments: str, out: Path, stderr=None) -> Iterator[Job]:
    """Start `streamseg run`; whatever happens, no process of it is left."""
    command = [sys.executable, "-m", "streamseg", "run", *arguments, "--out", str(out)]
    with tempfile.TemporaryDirectory(prefix="job-") as temporary:
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
            env={**os.environ, "TMPDIR": temporary},
        )
        try:
            yield Job(process, out, Path(temporary))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def kill_in_turn(job: Job, stream: str, names: Sequence[str], *, seed: int) -> int:
    """Kill the named workers, one after the other, each after some more frames have come; how many died."""
    chance = random.Random(seed)
    killed = 0
    for name in names:
        job.wait_for_lines(stream, job.lines(stream) + chance.randint(1, 6))
        time.sleep(chance.random() * 0.05)
        killed += job.kill(name)
    return killed


def results(out: Path, stream: str) -> dict[str, bytes]:
    """Every file of a stream by name, but for what a run could go on with, and the video's bytes.

    For a successor's encoder begins with a key picture.
    """
    folder = out / stream
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".mp4")
    files = [path for path in files if path.name != CHECKPOINT]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def video_times(out: Path, stream: str, name: str = "annotated.mp4") -> list[int]:
    """The time of every picture in a video, in the order they are shown."""
    with av.open(str(out / stream / name)) as container:
        return [picture.pts for picture in container.decode(video=0)]


def left_behind(job: Job) -> list[str]:
    """What a run must not leave: processes of its session, and anything in its folder for temporary files."""
    session = job.process.pid
    processes = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                processes.append(str(process))
    return [*processes, *map(str, job.temporary.rglob("*"))]
