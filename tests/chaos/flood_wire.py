"""Send a million messages that are none into the sockets of runs at work: python tests/chaos/flood_wire.py --help.

`make chaos` calls it. Results must equal those of an undisturbed run byte for byte, no process may die, memory stays
bounded. The first difference ends it.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.results import read_summary
from tests.runtime.clips import write_street
from tests.runtime.floods import flood
from tests.runtime.jobs import results, run


def main(arguments: Sequence[str] | None = None) -> None:
    """Flood and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000, help="default 1000000")
    parser.add_argument("--seed", type=int, default=0, help="of the first round; default 0")
    asked = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="flood-"))
    clip = write_street(folder / "street.mp4", 300)
    command = (f"s={clip}", "--cutouts", "0.5", "--no-video", "--realtime")
    with run(*command, "--single-process", out=folder / "calm") as calm:
        assert calm.finish() == 0
    sent, number = 0, asked.seed
    while sent < asked.messages:
        with run(*command, out=folder / str(number)) as job:
            job.wait_for_lines("s", 2)
            sent += flood(job, asked.messages - sent, seed=number)
            assert job.finish() == 0
        stream = read_summary(job.out)["streams"]["s"]
        assert (stream["emitted"], stream["restarts"]) == (300, 0), stream
        assert results(job.out, "s") == results(calm.out, "s"), f"{job.out} and {calm.out} differ"
        number += 1
        print(f"{sent} messages in {number - asked.seed} runs, nothing lost, nobody died", flush=True)


if __name__ == "__main__":
    main()
