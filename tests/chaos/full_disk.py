"""Fill the disk that a run writes to, and give room again: python tests/chaos/full_disk.py --help.

`make chaos` calls it. A file job fails at a random moment, and again when it goes on with --resume, until it may
finish: its files must equal those of an undisturbed run, byte for byte. Two cameras go on by themselves; what was not
written is told.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.disks import small_disk
from tests.results import read_summary
from tests.runtime.clips import write_street
from tests.runtime.jobs import Job, left_behind, results, run, video_times
from tests.runtime.live_jobs import NAMES, check_results, two_cameras, wait_for_more
from tests.runtime.test_controls import Api

CONFIG = "runtime: {checkpoint_s: 1}\noutput: {disk_free_mb: 0}\n"
DISK_MB = 128


def fill_under_files(folder: Path, times: int, chance: random.Random) -> int:
    """A job that fails so often; how many frames were there when it did, in sum."""
    clip, config = write_street(folder / "street.mp4", 60 * (times + 1)), folder / "config.yaml"
    config.write_text(CONFIG)
    asked, come = (f"s={clip}", "--cutouts", "0.5", "--config", str(config)), 0
    with run(*asked, "--single-process", out=folder / "calm") as calm:
        assert calm.process.wait(1000) == 0
    with small_disk(folder / "small", mb=DISK_MB) as disk:
        out = disk.folder / "out"
        for _ in range(times):
            with run(*asked, "--realtime", "--resume", out=out) as job:
                job.wait_for_lines("s", job.lines("s") + chance.randint(5, 50))
                disk.fill(but=chance.choice((0, 0, 5000, 20000)))
                assert job.finish() == 1
                come += job.lines("s")
            disk.make_room()
        with run(*asked, "--resume", out=out) as job:
            assert job.process.wait(1000) == 0
            assert left_behind(job) == []
        assert results(out, "s") == results(calm.out, "s"), f"{folder}: results differ"
        assert video_times(out, "s") == video_times(calm.out, "s")
    return come


def wait_for_written(job: Job, api: Api) -> None:
    """Until pictures of both are written again."""
    before = {name: api.stream(name)["sinks"]["video"]["written"] for name in NAMES}
    job.wait_until(lambda: all(api.stream(name)["sinks"]["video"]["written"] > before[name] for name in NAMES))


def fill_under_cameras(folder: Path, times: int, lasts_s: float) -> None:
    """A disk that is full so often and so long."""
    with small_disk(folder / "out", mb=DISK_MB) as disk:
        with two_cameras(folder, "--cutouts", "0.5", "--clips", config=CONFIG) as (job, api):
            for _ in range(times):
                disk.fill()
                time.sleep(lasts_s)
                disk.make_room()
                wait_for_written(job, api)
                wait_for_more(job, api)
            job.process.send_signal(signal.SIGINT)
            assert job.finish() == 130
            assert left_behind(job) == []
        for name in NAMES:
            check_results(job.out, name)
            stream = read_summary(job.out)["streams"][name]
            assert len(video_times(job.out, name)) == stream["sinks"]["video"]["written"]
            skipped = {sink: counts["skipped"] for sink, counts in stream["sinks"].items()}
            print(
                f"{name}: {stream['emitted']} frames, failed {stream['failed']}, skipped by sinks {skipped}", flush=True
            )


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill, give room, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, help="the disk is full; default 5")
    parser.add_argument("--seconds", type=float, default=30, help="each time under cameras; default 30")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    asked = parser.parse_args(arguments)
    try:
        come = fill_under_files(Path(tempfile.mkdtemp(prefix="full-")), asked.times, random.Random(asked.seed))
        print(f"file: failed {asked.times} times, at {come} frames in sum; nothing lost", flush=True)
        fill_under_cameras(Path(tempfile.mkdtemp(prefix="full-")), asked.times, asked.seconds)
    except pytest.skip.Exception as missing:
        print(f"left out: {missing}")


if __name__ == "__main__":
    main()
