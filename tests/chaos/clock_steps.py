"""Step the wall clock back and forth while a file and two cameras are read: python tests/chaos/clock_steps.py --help.

`make chaos` calls it. Needs a C compiler. The file's results must equal an undisturbed run byte for byte;
cameras lose no more, and none reconnects; their media time goes on, and only `time` shows the steps.
"""

import argparse
import itertools
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.runtime.clips import write_street
from tests.runtime.jobs import Job, left_behind, results, run, video_times
from tests.runtime.live_jobs import NAMES, check_results, two_cameras, wait_for_more
from tests.runtime.stepped_clock import stepped_clock

HOUR_S = 3600.0
MOST_GAP_S = 60.0


def step_file(folder: Path, frames: int, between: Callable[[Job], None]) -> None:
    """A recording, with steps between its frames; AssertionError if results differ from an undisturbed run's."""
    clip = write_street(folder / "street.mp4", frames)
    with run(f"s={clip}", "--single-process", "--cutouts", "0.5", out=folder / "calm") as calm:
        assert calm.finish() == 0
    with run(f"s={clip}", "--realtime", "--cutouts", "0.5", out=folder / "stepped") as job:
        job.wait_for_lines("s", 2)
        between(job)
        job.process.wait(1000)
        assert job.process.returncode == 0
        assert left_behind(job) == []
    assert results(job.out, "s") == results(calm.out, "s"), f"{job.out} and {calm.out} differ"
    assert video_times(job.out, "s") == video_times(calm.out, "s")


def step_cameras(folder: Path, between: Callable[[Job], None]) -> list[str]:
    """Two cameras; a line about each. AssertionError if anything but `time` shows the steps."""
    with two_cameras(folder, "--no-video") as (job, api):
        between(job)
        wait_for_more(job, api)
        told = [api.stream(name) for name in NAMES]
        job.process.send_signal(signal.SIGINT)
        assert job.finish() == 130
        assert left_behind(job) == []
    lines = []
    for name, stream in zip(NAMES, told, strict=True):
        check_results(job.out, name)
        assert stream["reconnects"] == stream["restarts"] == 0, stream
        frames = [json.loads(line) for line in (job.out / name / "objects.jsonl").read_text().splitlines()]
        gaps = [after["pts"] - before["pts"] for before, after in itertools.pairwise(frames)]
        assert min(gaps) > 0 and max(gaps) < MOST_GAP_S, f"{name}: media time jumps, {min(gaps)} to {max(gaps)} s"
        assert len({frame["time"][:13] for frame in frames}) > 1, f"{name}: no frame shows a step of an hour"
        apart = f"pts {min(gaps):.2f} to {max(gaps):.2f} s apart"
        lines.append(f"{name}: {len(frames)} frames, {apart}, dropped {stream['dropped']}")
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Step and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10, help="of each run, up to a day; default 10")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    asked = parser.parse_args(arguments)
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="clock-") as name, stepped_clock(Path(name)) as step:

        def between(job: Job) -> None:
            for number in range(asked.steps):
                step(chance.choice((-1, 1)) * (chance.uniform(1, 24) if number else 1) * HOUR_S)
                time.sleep(chance.uniform(1, 3))
                assert job.process.poll() is None, "over before the last step"

        files, cameras = Path(name) / "files", Path(name) / "cameras"
        files.mkdir()
        cameras.mkdir()
        step_file(files, 40 * asked.steps + 40, between)
        print("file: nothing shows", flush=True)
        print("\n".join(step_cameras(cameras, between)))


if __name__ == "__main__":
    main()
