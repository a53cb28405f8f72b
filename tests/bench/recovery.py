"""How long a stream is silent after a worker was killed: python tests/bench/recovery.py --help.

A file plays at its own pace; every kind of worker is killed in turn, several times. Silence is the longest time without
a new line in objects.jsonl from the kill on, until frames come again.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.runtime.clips import write_long_street
from tests.runtime.jobs import Job, run

WATCH_S = 6.0


def silence_s(job: Job, stream: str, worker: str) -> float:
    """Kill a worker; the longest gap between two lines within the next seconds."""
    job.kill(worker)
    began_s = last_s = time.monotonic()
    longest, lines = 0.0, job.lines(stream)
    while time.monotonic() - began_s < WATCH_S:
        now, now_s = job.lines(stream), time.monotonic()
        if now > lines:
            longest, lines, last_s = max(longest, now_s - last_s), now, now_s
        time.sleep(0.005)
    return longest


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1280x720", help="default 1280x720")
    parser.add_argument("--times", type=int, default=3, help="kills of each worker; default 3")
    parser.add_argument("--placement", choices=["fused", "split"], default="split")
    asked = parser.parse_args(arguments)
    width, height = map(int, asked.size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_long_street(folder / "clip.mp4", 25 * 240, (width, height))
        config = folder / "config.yaml"
        config.write_text(f"runtime: {{placement: {asked.placement}, restarts: 1000}}\n")
        arguments = f"s={folder / 'clip.mp4'}", "--realtime", "--no-video", "--config", str(config)
        with run(*arguments, out=folder / "out") as job:
            job.wait_for_lines("s", 50)
            print(f"{'killed':16}{'median s':>10}{'longest s':>11}")
            for worker in sorted(job.workers()):
                gaps = [silence_s(job, "s", worker) for _ in range(asked.times)]
                print(f"{worker:16}{np.median(gaps):10.2f}{max(gaps):11.2f}", flush=True)


if __name__ == "__main__":
    main()
