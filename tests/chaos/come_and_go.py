"""Streams added and removed, over and over, in a run that goes on: nothing may be left of them.

    python tests/chaos/come_and_go.py --times 200

Prints memory (USS: what is shared with other programs would move with these), descriptors and threads of the whole run,
now and then and at the end.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

SOURCE = "synthetic://street?seconds=900&size=192x112&fps=5&seed={}"


def come_and_go(api, job, times: int, *, first: int = 0) -> None:
    """Add a stream, wait for its first frame, remove it, wait until it is gone; so many times."""
    for number in range(first, first + times):
        name = f"guest-{number}"
        api("POST", "/streams", {"source": SOURCE.format(number), "name": name})
        job.wait_until(lambda name=name: api.stream(name)["emitted"] >= 1)
        api("DELETE", f"/streams/{name}")
        job.wait_until(lambda name=name: name not in {stream["name"] for stream in api("GET", "/streams")})


def figures(job) -> tuple[float, int, int]:
    """MB of memory, descriptors and threads of all processes of the run."""
    processes = job.tree()
    return job.memory_mb()[1], sum(p.num_fds() for p in processes), sum(p.num_threads() for p in processes)


def main() -> None:
    """Print a line now and then."""
    from tests.runtime.test_controls import served

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--every", type=int, default=20, help="a line after so many")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        endless = f"a={SOURCE.format(0)}"
        with served(Path(folder), endless, "--realtime", "--jobs", "2") as (job, api, _):
            job.wait_for_lines("a", 1)
            for done in range(0, args.times, args.every):
                come_and_go(api, job, min(args.every, args.times - done), first=done)
                memory, descriptors, threads = figures(job)
                done_now = min(done + args.every, args.times)
                print(f"{done_now:5} times  {memory:7.1f} MB  {descriptors} descriptors  {threads} threads", flush=True)


if __name__ == "__main__":
    main()
