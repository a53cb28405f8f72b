"""A run with real cameras: its accounts looked at all the time, and what must hold of its results at the end."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.results import read_summary
from tests.runtime.jobs import Job
from tests.runtime.test_controls import Api, served
from tests.servers import FaultyCamera

CAMERA: dict[str, Any] = {"size": (192, 112), "fps": 5.0, "seconds": 8.0, "key_every_s": 0.4}
NAMES = ("east", "west")
_LOOK_EVERY_S = 0.1


class Watch:
    """Looks at the accounts of all streams, over and over, in a thread; what does not close is kept."""

    def __init__(self, job: Job, api: Api):
        self._job, self._api = job, api
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.looks, self.open_accounts = 0, list[dict[str, Any]]()
        self._thread.start()

    def close(self) -> None:
        """Look no more; AssertionError if accounts were open, or never looked at."""
        self._over.set()
        self._thread.join()
        assert self.open_accounts == [] and self.looks, self.open_accounts[:3]

    def _look(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S) and self._job.process.poll() is None:
            with contextlib.suppress(OSError):  # the worker that serves may be dead just now
                streams = [self._api.stream(name) for name in NAMES]
                self.open_accounts += [stream for stream in streams if not closes(stream)]
                self.looks += 1


def closes(stream: dict[str, Any]) -> bool:
    """captured = emitted + dropped + failed + in flight."""
    lost = sum(stream["dropped"].values()) + sum(stream["failed"].values())
    return bool(stream["captured"] == stream["emitted"] + lost + stream["in_flight"])


@contextlib.contextmanager
def two_cameras(folder: Path, *arguments: str, config: str = "", stderr: Any = None) -> Iterator[tuple[Job, Api]]:
    """A run of two cameras, once frames of both are through; accounts are watched to its end."""
    path = folder / "config.yaml"
    path.write_text(config)
    with FaultyCamera(**CAMERA) as east, FaultyCamera(**CAMERA) as west:
        sources = (f"{name}={camera.url}" for name, camera in zip(NAMES, (east, west), strict=True))
        with served(folder, *sources, "--config", str(path), *arguments, stderr=stderr) as (job, api, _):
            for name in NAMES:
                job.wait_until(lambda name=name: api.stream(name)["emitted"] > 3)
            watch = Watch(job, api)
            yield job, api
            watch.close()


def wait_for_more(job: Job, api: Api, names: Sequence[str] = NAMES, *, frames: int = 5) -> None:
    """Until so many further frames of each stream are through."""
    for name in names:
        before = api.stream(name)["emitted"]
        job.wait_until(lambda name=name, before=before: api.stream(name)["emitted"] >= before + frames)


def silence_s(job: Job, names: Sequence[str], watch_s: float) -> dict[str, float]:
    """The longest time from now on in which no frame of a stream came out, within the next seconds or a little more."""
    began_s = time.monotonic()
    last_s, longest = dict.fromkeys(names, began_s), dict.fromkeys(names, 0.0)
    lines = {name: job.lines(name) for name in names}
    came: set[str] = set()
    while (now_s := time.monotonic()) < began_s + watch_s or len(came) < len(names):
        assert now_s < began_s + 100 and job.process.poll() is None, f"no frames of {set(names) - came}"
        for name in names:
            if (now := job.lines(name)) > lines[name]:
                longest[name] = max(longest[name], now_s - last_s[name])
                lines[name], last_s[name] = now, now_s
                came.add(name)
        time.sleep(0.01)
    return longest


def check_results(out: Path, name: str) -> None:
    """Each frame told once, in order; no identity was given twice; the summary closes."""
    seqs, newest, known = [], 0, set[int]()
    for part in sorted((out / name).glob("objects*.jsonl")):
        for line in part.read_text().splitlines():
            told = json.loads(line)
            seqs.append(told["seq"])
            ids = {found["id"] for found in told["objects"]}
            assert all(number > newest for number in ids - known), f"{name}: an identity came again at {told['seq']}"
            known |= ids
            newest = max(known, default=0)
    assert seqs == sorted(set(seqs)), f"{name}: frames told twice, or out of order"
    stream = read_summary(out)["streams"][name]
    assert closes(stream) and stream["in_flight"] == 0, stream
