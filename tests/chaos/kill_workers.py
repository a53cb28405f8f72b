"""Kill workers at random for a long time: python tests/chaos/kill_workers.py --help. `make chaos` calls it.

Round after round a street is run while its workers are killed; what comes out must equal an undisturbed run, every file
byte for byte and the video picture for picture. The first difference ends it, and leaves both results to look at.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.runtime.clips import write_street
from tests.runtime.jobs import kill_in_turn, results, run, video_times


def round_of(folder: Path, number: int, kills: int) -> int:
    """One job under fire; how many workers died."""
    chance = random.Random(number)
    placement = chance.choice(["fused", "split"])
    clip, config = write_street(folder / f"{number}.mp4", 8 * kills + 20, seed=number), folder / "config.yaml"
    config.write_text(f"runtime: {{placement: {placement}, restarts: 10000}}\n")
    with run(f"s={clip}", "--single-process", "--cutouts", "0.5", out=folder / f"{number}-calm") as calm:
        assert calm.finish() == 0
    command = f"s={clip}", "--config", str(config), "--realtime", "--cutouts", "0.5"
    with run(*command, out=folder / f"{number}-killed") as job:
        job.wait_for_lines("s", 2)
        names = sorted(job.workers())
        killed = kill_in_turn(job, "s", [chance.choice(names) for _ in range(kills)], seed=number)
        assert job.finish() == 0
    assert results(job.out, "s") == results(calm.out, "s"), f"{job.out} and {calm.out} differ"
    assert video_times(job.out, "s") == video_times(calm.out, "s"), f"the videos of {job.out} and {calm.out} differ"
    return killed


def main(arguments: Sequence[str] | None = None) -> None:
    """Kill and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="default 10")
    parser.add_argument("--kills", type=int, default=30, help="in each round; default 30")
    parser.add_argument("--seed", type=int, default=0, help="of the first round; default 0")
    asked = parser.parse_args(arguments)
    folder, killed = Path(tempfile.mkdtemp(prefix="chaos-")), 0
    for number in range(asked.seed, asked.seed + asked.rounds):
        killed += round_of(folder, number, asked.kills)
        print(f"round {number}: {killed} killed so far, nothing lost", flush=True)


if __name__ == "__main__":
    main()
