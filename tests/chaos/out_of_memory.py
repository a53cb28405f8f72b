"""Take memory from a run, over and over: python tests/chaos/out_of_memory.py --help. `make chaos` calls it.

A street is run while workers are refused any more memory, each in turn, and, where a cgroup can be made, while another
process in that group takes so much that the kernel kills workers. What comes out must equal an undisturbed run, byte
for byte. At last a group that is too small for any run: it must end with an error that says so.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.results import read_summary
from tests.runtime.clips import write_street
from tests.runtime.jobs import Job, left_behind, results, run, video_times
from tests.runtime.scarce_memory import MemoryGroup, memory_group, starve

ASKED = ("--cutouts", "0.5")
TOO_LITTLE_MB, ROOM_MB = 300, 60
BETWEEN_S = 2.0


def compare(
    folder: Path, frames: int, placement: str, trouble: Callable[[Job], None], group: MemoryGroup | None = None
) -> int:
    """Run undisturbed and, in a group of its own, in trouble; how many workers died of it."""
    clip, config = write_street(folder / "street.mp4", frames), folder / "config.yaml"
    config.write_text(f"runtime: {{placement: {placement}, restarts: 10000}}\n")
    with run(f"s={clip}", "--single-process", *ASKED, out=folder / "calm") as calm:
        assert calm.process.wait(1000) == 0
    with run(f"s={clip}", "--config", str(config), "--realtime", *ASKED, out=folder / "troubled") as job:
        if group is not None:
            group.take(job.process.pid)  # and with it whom it starts
        job.wait_for_lines("s", 2)
        trouble(job)
        assert job.process.wait(1000) == 0
        assert left_behind(job) == []
    assert results(job.out, "s") == results(calm.out, "s"), f"{job.out} and {calm.out} differ"
    assert video_times(job.out, "s") == video_times(calm.out, "s")
    stream = read_summary(job.out)["streams"]["s"]
    assert (stream["emitted"], stream["failed"]) == (frames, {}), stream
    return int(stream["restarts"])


def starve_each(job: Job, times: int) -> None:
    """Every worker in turn; who can do without more goes on, others end."""
    names = sorted(job.workers())
    for name in itertools.islice(itertools.cycle(names), times * len(names)):
        job.wait_for_lines("s", job.lines("s") + 2)
        with suppress(psutil.NoSuchProcess, KeyError, OSError, AssertionError):  # it is just being replaced
            starve(job.workers()[name])


def squeeze(job: Job, group: MemoryGroup, times: int) -> None:
    """The kernel kills so many."""
    for _ in range(times):
        job.wait_for_lines("s", job.lines("s") + 2)
        group.limit(group.used_mb + ROOM_MB)
        group.squeeze()
        group.limit(1e6)
        time.sleep(BETWEEN_S)


def too_little(folder: Path) -> str:
    """A run in a group that is too small; what its stream failed of."""
    config = folder / "config.yaml"
    config.write_text("runtime: {restarts: 2}\n")
    source = "s=synthetic://street?seconds=900&size=320x180&fps=10"
    with memory_group() as group:
        group.limit(TOO_LITTLE_MB)
        with run(source, "--config", str(config), *ASKED, out=folder / "small") as job:
            group.take(job.process.pid)
            assert job.finish() == 1
            assert left_behind(job) == []
    return str(read_summary(job.out)["streams"]["s"]["error"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Take memory, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, help="each worker is starved, and one killed; default 5")
    parser.add_argument("--frames", type=int, default=400, help="of the street, 10 a second; default 400")
    asked = parser.parse_args(arguments)
    for placement in ("fused", "split"):
        folder = Path(tempfile.mkdtemp(prefix="memory-"))
        died = compare(folder, asked.frames, placement, lambda job: starve_each(job, asked.times))
        print(f"{placement}: {died} workers ended for want of memory, nothing lost", flush=True)
    try:
        with memory_group() as group:
            folder = Path(tempfile.mkdtemp(prefix="memory-"))
            died = compare(folder, asked.frames, "fused", lambda job: squeeze(job, group, asked.times), group)
            print(f"cgroup: {group.kills} killed by the kernel, {died} workers, nothing lost", flush=True)
        print(f"cgroup of {TOO_LITTLE_MB} MB: {too_little(Path(tempfile.mkdtemp(prefix='memory-')))}")
    except pytest.skip.Exception as missing:
        print(f"left out: {missing}")


if __name__ == "__main__":
    main()
