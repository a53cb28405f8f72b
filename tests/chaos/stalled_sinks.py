"""Sinks that stand still while two cameras are read: python tests/chaos/stalled_sinks.py --help. `make chaos` calls it.

A worker of one stream's sinks is stopped: the other stream goes on, and what the first one loses is counted as stale.
Then the disk of all results is frozen, where that can be done: what waits for it can neither go on nor be killed, and
all goes on when it does. Accounts close all the while.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.disks import freezable_disk, frozen
from tests.runtime.jobs import Job, left_behind
from tests.runtime.live_jobs import NAMES, check_results, two_cameras, wait_for_more
from tests.runtime.test_controls import Api

CONFIG = "runtime: {{sink_workers: 2, stall_s: {stall_s:g}, restarts: 1000}}\noutput: {{disk_free_mb: 0}}\n"


@contextmanager
def stopped(job: Job, name: str) -> Iterator[None]:
    """A worker stands still; whoever takes its place does not."""
    pid = job.workers()[name]
    os.kill(pid, signal.SIGSTOP)
    yield
    if job.workers().get(name) == pid:
        os.kill(pid, signal.SIGCONT)


def stall_one(job: Job, api: Api, lasts_s: float) -> dict[str, Any]:
    """Stop the sinks of the second stream; gives its accounts at the end of that."""
    with stopped(job, "sinks-1"):
        until_s = time.monotonic() + lasts_s
        wait_for_more(job, api, NAMES[:1], frames=10)
        job.wait_until(lambda: time.monotonic() > until_s and api.stream(NAMES[1])["dropped"].get("stale", 0) > 5)
        return api.stream(NAMES[1])


def run_with(
    folder: Path, out_disk: AbstractContextManager[None], stall: Callable[[Job, Api], None], stall_s: float
) -> None:
    """A run during which something stands still; it goes on afterwards, and ends in order."""
    with out_disk:
        with two_cameras(folder, "--cutouts", "1", config=CONFIG.format(stall_s=stall_s)) as (job, api):
            stall(job, api)
            wait_for_more(job, api)
            job.process.send_signal(signal.SIGINT)
            assert job.finish() == 130
            assert left_behind(job) == [], left_behind(job)
        for name in NAMES:
            check_results(job.out, name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Stall and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30, help="each stall lasts; default 30")
    asked = parser.parse_args(arguments)

    def stop(job: Job, api: Api) -> None:
        before = api.stream(NAMES[0])
        last = stall_one(job, api, asked.seconds)
        now = api.stream(NAMES[0])
        print(f"{NAMES[1]} stalled, dropped {last['dropped']}; {NAMES[0]} {now['emitted'] - before['emitted']} frames")

    def freeze(job: Job, api: Api) -> None:
        before = api.stream(NAMES[0])
        with frozen(job.out):
            time.sleep(asked.seconds)
            during = api.stream(NAMES[0])
        came = during["emitted"] - before["emitted"]
        print(f"disk frozen: {came} frames came through, dropped {during['dropped']}", flush=True)

    for stall_s in (3 * asked.seconds, asked.seconds / 3):
        print(f"stuck after {stall_s:g} s:", flush=True)
        with tempfile.TemporaryDirectory(prefix="stalled-") as name:
            run_with(Path(name), nullcontext(), stop, stall_s)
        with tempfile.TemporaryDirectory(prefix="stalled-") as name:
            folder = Path(name)
            try:
                run_with(folder, freezable_disk(folder / "disk", folder / "out"), freeze, stall_s)
            except pytest.skip.Exception as missing:
                print(f"left out: {missing}")


if __name__ == "__main__":
    main()
