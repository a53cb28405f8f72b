"""What a stream costs in memory, and whether anything grows: python tests/bench/memory.py --help.

Memory is the proportional set size (PSS) of the command and all its workers, frame stores and shared libraries in it.
One run has 1, 2, ... streams of one size at their own pace; another has one stream of many small frames.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.runtime.clips import write_long_street
from tests.runtime.jobs import run

SETTLE_FRAMES = 200


def of_streams(count: int, clip: Path, folder: Path) -> float:
    """Memory of so many streams once all of them flow."""
    sources = [f"s{index}={clip}" for index in range(count)]
    with run(*sources, "--jobs", str(count), "--realtime", out=folder / f"out{count}") as job:
        job.wait_until(lambda: min(job.lines(f"s{index}") for index in range(count)) >= SETTLE_FRAMES)
        return job.memory_mb()[0]


def over_time(frames: int, folder: Path) -> list[tuple[int, float]]:
    """Memory after so many frames of one stream."""
    clip = folder / "small.mp4"
    write_long_street(clip, frames, (192, 108))
    marks = [frames * share // 10 for share in (1, 3, 5, 7, 9)]
    seen = []
    with run(f"s={clip}", "--cutouts", "5", out=folder / "long") as job:
        for mark in marks:
            while job.lines("s") < mark and job.process.poll() is None:
                time.sleep(0.1)
            if job.process.poll() is None:
                seen.append((job.lines("s"), job.memory_mb()[0]))
    return seen


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=3, help="most streams; default 3")
    parser.add_argument("--size", default="1920x1080", help="of their frames; default 1920x1080")
    parser.add_argument("--frames", type=int, default=10_000, help="of the long run; default 10000")
    asked = parser.parse_args(arguments)
    width, height = map(int, asked.size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_long_street(folder / "clip.mp4", 600, (width, height))
        before = 0.0
        for count in range(1, asked.streams + 1):
            now = of_streams(count, folder / "clip.mp4", folder)
            print(f"{count} streams of {asked.size}: {now:.0f} MB{f', {now - before:.0f} more' if before else ''}")
            before = now
        for frames, used in over_time(asked.frames, folder):
            print(f"{frames} frames: {used:.0f} MB")


if __name__ == "__main__":
    main()
