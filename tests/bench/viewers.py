"""What those who watch cost: CPU of the sink's process and of those that serve, with no viewer and with some.

python tests/bench/viewers.py [--viewers 5] [--size 1280x720] [--seconds 15]
"""

import argparse
import os
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import psutil

from tests.rtsp_recorder import RtspRecorder
from tests.runtime.jobs import Job
from tests.runtime.test_controls import served

NAMES = ("sinks-0", "web-0", "broadcast-0")


def spent_s(job: Job) -> dict[str, float]:
    """CPU seconds of workers so far, with their own children's."""
    workers, found = job.workers(), {}
    for name in NAMES:
        process = psutil.Process(workers[name])
        family = [process, *process.children()]
        found[name] = sum(sum(one.cpu_times()[:2]) for one in family)
    return found


def measured(job: Job, what: str, seconds: float) -> None:
    """Print a row: CPU in percent of a core, while frames came."""
    before, lines, began_s = spent_s(job), job.lines("gate"), time.monotonic()
    time.sleep(seconds)
    after, took_s = spent_s(job), time.monotonic() - began_s
    frames = job.lines("gate") - lines
    shares = " | ".join(f"{(after[name] - before[name]) / took_s * 100:.1f}" for name in NAMES)
    print(
        f"| {what} | {frames / took_s:.1f} | {(after['sinks-0'] - before['sinks-0']) / frames * 1e3:.2f} | {shares} |"
    )


def watch(url: str, over: threading.Event, counts: list[int], number: int) -> None:
    """Read until it is over."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        while not over.is_set():
            counts[number] += len(answer.read1(1 << 16))


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser()
    options.add_argument("--viewers", type=int, default=5)
    options.add_argument("--size", default="1280x720")
    options.add_argument("--seconds", type=float, default=15)
    asked = options.parse_args()
    street = f"gate=synthetic://street?seconds=600&size={asked.size}&fps=10"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="viewers-")))
        server = stack.enter_context(RtspRecorder(folder / "server"))
        arguments = street, "--realtime", "--cutouts", "none", "--push", server.url
        job, api, _ = stack.enter_context(served(folder, *arguments))
        job.wait_until(lambda: server.received() > 0)
        print("| | frames/s | sinks: CPU ms a frame | " + " | ".join(f"{name}: CPU %" for name in NAMES) + " |")
        print("|---|---|---|---|---|---|")
        measured(job, "one push, no viewer", asked.seconds)
        over, counts = threading.Event(), [0] * asked.viewers
        url = f"{api.running.url}/api/v1/streams/gate/live.mp4?access_token={api.token}"
        threads = [threading.Thread(target=watch, args=(url, over, counts, i)) for i in range(asked.viewers)]
        for thread in threads:
            thread.start()
        job.wait_until(lambda: all(counts))
        measured(job, f"one push, {asked.viewers} viewers", asked.seconds)
        over.set()
        for thread in threads:
            thread.join()
        measured(job, "one push, no viewer", asked.seconds)
        for name in NAMES:
            process = psutil.Process(job.workers()[name])
            sizes = [one.memory_full_info().uss / 1e6 for one in (process, *process.children())]
            print(name, "MB of its own:", " + ".join(f"{size:.0f}" for size in sizes))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
