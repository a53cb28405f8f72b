"""Kill workers at random while two cameras are read: python tests/chaos/kill_live.py --help. `make chaos` calls it.

At every moment captured = emitted + dropped + failed + in flight, no identity is given twice, and frames come again:
after each death the longest time in which no frame of a stream came out is told, and in the end what was lost. One that
does not come back within 100 s ends it, and so does any account that does not close.
"""

import argparse
import random
import signal
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.results import read_summary
from tests.runtime.jobs import Job, left_behind
from tests.runtime.live_jobs import NAMES, check_results, silence_s, two_cameras, wait_for_more
from tests.runtime.test_controls import Api

GOAL_S = 2.0


def kill_each(job: Job, api: Api, victims: Sequence[str], *, watch_s: float) -> list[float]:
    """Kill one after the other, each when frames flow; for each death and stream the seconds without a frame."""
    silent = []
    for victim in victims:
        job.wait_until(lambda victim=victim: victim in job.workers())
        wait_for_more(job, api, frames=2)
        job.kill(victim)
        lasted = silence_s(job, NAMES, watch_s)
        silent += lasted.values()
        print(f"{victim:13} {'  '.join(f'{name} {lasted[name]:5.2f} s' for name in NAMES)}", flush=True)
    return silent


def round_of(folder: Path, placement: str, kills: int, chance: random.Random) -> list[float]:
    """One run under fire; the times of silence."""
    config = f"runtime: {{placement: {placement}, restarts: 10000}}\n"
    with two_cameras(folder, "--cutouts", "1", config=config) as (job, api):
        names = [name for name in sorted(job.workers()) if not name.startswith("web")]
        silent = kill_each(job, api, [chance.choice(names) for _ in range(kills)], watch_s=4.0)
        job.process.send_signal(signal.SIGINT)
        assert job.finish() == 130
        assert left_behind(job) == [], left_behind(job)
    for name in NAMES:
        check_results(job.out, name)
        stream = read_summary(job.out)["streams"][name]
        lost = {**stream["dropped"], **stream["failed"]}
        print(f"{name}: {stream['emitted']} of {stream['captured']} frames, {stream['restarts']} deaths, lost {lost}")
    return silent


def main(arguments: Sequence[str] | None = None) -> None:
    """Kill, in both placements, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40, help="in each placement; default 40")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    asked = parser.parse_args(arguments)
    chance, silent = random.Random(asked.seed), list[float]()
    for placement in ("fused", "split"):
        with tempfile.TemporaryDirectory(prefix="live-") as folder:
            silent += round_of(Path(folder), placement, asked.kills, chance)
    late = sum(seconds > GOAL_S for seconds in silent)
    middle, longest = statistics.median(silent), max(silent)
    print(f"no frame for (s): median {middle:.2f}, longest {longest:.2f}; {late} of {len(silent)} over {GOAL_S:g} s")


if __name__ == "__main__":
    main()
