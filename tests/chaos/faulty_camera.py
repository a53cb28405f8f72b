"""A camera that fails in every way it knows, beside one that does not: how soon is it back, and what does it cost?

    python tests/chaos/faulty_camera.py --faults 50

After each fault the time from the camera being well again to its next three frames at the sinks. At the end what the
other camera lost, and memory, descriptors and threads of the whole run at the begin and at the end.
"""

import argparse
import itertools
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.camera.kinds import KINDS
from tests.chaos.come_and_go import figures
from tests.runtime.test_controls import served
from tests.servers import FaultyCamera

SETTINGS = {"size": (320, 180), "fps": 5.0, "seconds": 8.0, "key_every_s": 1.0}
LONGEST_S = 9.0
AT_ONCE = ("clock", "ntp", "drop")


def main() -> None:
    """Print a line for each fault, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with FaultyCamera(**SETTINGS) as faulty, FaultyCamera(**SETTINGS) as good, tempfile.TemporaryDirectory() as folder:
        sources = f"faulty={faulty.url}", f"good={good.url}"
        with served(Path(folder), *sources) as (job, api, _):
            job.wait_until(lambda: api.stream("good")["emitted"] > 20 and api.stream("faulty")["emitted"] > 20)
            before, lost = figures(job), sum(api.stream("good")["dropped"].values())
            away_s = []
            for kind in itertools.islice(itertools.cycle(KINDS), args.faults):
                away_s.append(_suffer(faulty, api, kind, chance))
                if len(away_s) % len(KINDS) == 0:
                    _tell(f"{len(away_s)} faults", figures(job))
            time.sleep(5)
            after, other = figures(job), api.stream("good")
    print(f"back after (s): median {statistics.median(away_s):.2f}, longest {max(away_s):.2f}, {len(away_s)} faults")
    newly_lost = sum(other["dropped"].values()) - lost
    print(f"the other camera: {other['emitted']} frames, {newly_lost} lost, {other['reconnects']} reconnects")
    _tell("begin", before)
    _tell("end", after)
    sys.exit(max(away_s) > 5 or newly_lost > 0)


def _tell(when: str, figures_of_run: tuple[float, int, int]) -> None:
    memory, descriptors, threads = figures_of_run
    print(f"{when}: {memory:.1f} MB  {descriptors} descriptors  {threads} threads", flush=True)


def _suffer(camera, api, kind: str, chance: random.Random) -> float:
    """Have one fault, and give the seconds until frames flow again."""
    fault = camera.begin(kind)
    lasts_s = 0.0 if kind in AT_ONCE else chance.uniform(1.0, LONGEST_S)
    time.sleep(lasts_s)
    if kind not in AT_ONCE:
        camera.end(fault)
    well_s, then = time.monotonic(), api.stream("faulty")["emitted"]
    while api.stream("faulty")["emitted"] < then + 3:
        if time.monotonic() - well_s > 120:
            raise SystemExit(f"{kind}: not back after two minutes: {api.stream('faulty')}")
        time.sleep(0.05)
    away_s = time.monotonic() - well_s
    print(f"{kind:11} lasted {lasts_s:4.1f} s, back after {away_s:5.2f} s", flush=True)
    return away_s


if __name__ == "__main__":
    main()
