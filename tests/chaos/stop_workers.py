"""Stop workers for seconds (SIGSTOP), and let them go on: python tests/chaos/stop_workers.py --help.

`make chaos` calls it. A street is run while each of its workers is stopped in turn: once where one that stands still is
given time and comes back, once where it is replaced. What comes out must equal an undisturbed run, byte for byte.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.results import read_summary
from tests.runtime.clips import write_street
from tests.runtime.jobs import Job, left_behind, results, run, video_times


def stop_each(job: Job, stream: str, names: Sequence[str], stop_s: float) -> None:
    """One after the other; each when frames flow, and only once they flow again the next."""
    for name in names:
        job.wait_for_lines(stream, job.lines(stream) + 1)
        job.wait_until(lambda name=name: name in job.workers())
        worker = psutil.Process(job.workers()[name])
        worker.send_signal(signal.SIGSTOP)
        until_s = time.monotonic() + stop_s
        while time.monotonic() < until_s and worker.is_running():
            time.sleep(0.05)
        if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
            os.kill(worker.pid, signal.SIGCONT)


def compare(folder: Path, frames: int, config: str, stop_s: float, *asked: str, names: Sequence[str] = ()) -> int:
    """Run undisturbed and with stopped workers, these or all; how many were replaced. Results must be equal."""
    clip, path = write_street(folder / "street.mp4", frames), folder / "config.yaml"
    path.write_text(config)
    with run(f"s={clip}", "--single-process", *asked, out=folder / "calm") as calm:
        assert calm.finish() == 0
    with run(f"s={clip}", "--config", str(path), "--realtime", *asked, out=folder / "stopped") as job:
        job.wait_for_lines("s", 2)
        stop_each(job, "s", names or sorted(job.workers()), stop_s)
        job.process.wait(1000)
        assert job.process.returncode == 0
        assert left_behind(job) == []
    assert results(job.out, "s") == results(calm.out, "s"), f"{job.out} and {calm.out} differ"
    for video in job.out.glob("s/*.mp4"):
        assert video_times(job.out, "s", video.name) == video_times(calm.out, "s", video.name), video
    stream = read_summary(job.out)["streams"]["s"]
    assert (stream["emitted"], stream["failed"], stream["dropped"]) == (frames, {}, {}), stream
    return int(stream["restarts"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Stop and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stop", type=float, default=10, metavar="S", help="each for so long; default 10")
    parser.add_argument("--frames", type=int, default=1300, help="of the street, 10 a second; default 1300")
    asked = parser.parse_args(arguments)
    for placement in ("fused", "split"):
        for stall_s in (3 * asked.stop, asked.stop / 2):
            folder = Path(tempfile.mkdtemp(prefix="stopped-"))
            config = f"runtime: {{placement: {placement}, restarts: 100, stall_s: {stall_s:g}}}\n"
            replaced = compare(folder, asked.frames, config, asked.stop, "--cutouts", "0.5")
            print(f"{placement}, stuck after {stall_s:g} s: {replaced} replaced, nothing lost", flush=True)


if __name__ == "__main__":
    main()
