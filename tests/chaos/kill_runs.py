"""Kill the supervisor, or all of a run, at random, and go on: python tests/chaos/kill_runs.py --help.

`make chaos` calls it. A file job is cut off again and again and begun anew with --resume: its files must equal those of
an undisturbed run, byte for byte, and of each run nothing may be left.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.runtime.clips import write_street
from tests.runtime.jobs import Job, left_behind, results, run, video_times
from tests.runtime.test_ends import gone


def cut_off(job: Job, chance: random.Random) -> str:
    """SIGKILL for the supervisor, whose workers must end by themselves, or for the whole group as by a crash."""
    workers = list(job.workers().values())
    alone = chance.random() < 0.5
    if alone:
        job.process.kill()
    else:
        os.killpg(job.process.pid, signal.SIGKILL)
    job.process.wait()
    gone(workers)
    # files of a run that was killed as a whole nobody can remove: they lie in its own folder for temporary files
    assert not alone or left_behind(job) == [], left_behind(job)
    return "supervisor" if alone else "all"


def main(arguments: Sequence[str] | None = None) -> None:
    """Cut off, go on, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="default 20")
    parser.add_argument("--frames", type=int, default=600, help="of the street, 10 a second; default 600")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    asked = parser.parse_args(arguments)
    folder, chance = Path(tempfile.mkdtemp(prefix="runs-")), random.Random(asked.seed)
    clip, config = write_street(folder / "street.mp4", asked.frames), folder / "config.yaml"
    config.write_text("runtime: {checkpoint_s: 1}\n")
    command = f"s={clip}", "--cutouts", "0.5"
    with run(*command, "--single-process", out=folder / "calm") as calm:
        assert calm.process.wait(1000) == 0
    command = *command, "--config", str(config), "--realtime", "--resume"
    for number in range(asked.kills):
        with run(*command, out=folder / "killed") as job:
            job.wait_until(job.workers)
            time.sleep(chance.uniform(0, 8))
            assert job.process.poll() is None, "over before the last kill"
            print(f"{number}: {cut_off(job, chance)} killed at {job.lines('s')} frames", flush=True)
    with run(*command, out=folder / "killed") as job:
        assert job.process.wait(1000) == 0
        assert left_behind(job) == []
    assert results(job.out, "s") == results(calm.out, "s"), f"{job.out} and {calm.out} differ"
    assert video_times(job.out, "s") == video_times(calm.out, "s")
    print(f"{asked.kills} kills, nothing lost")


if __name__ == "__main__":
    main()
