"""Hours of live and recorded load with faults now and then: python tests/chaos/soak.py --help. `make soak` calls it.

Two cameras, one of which fails by plan, files that come and go, a worker killed now and then, results that are kept for
minutes only. Memory (PSS and USS of all processes), threads, descriptors, latency and drops are sampled, written to
soak.jsonl and drawn in soak.html. It fails where frames are unaccounted for, where a file fails, or where memory,
threads or descriptors rise by more than chance explains; without kills also where the camera that is well loses any.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.evaluation.charts import Line, axis_from_zero, line_chart
from streamseg.evaluation.page_style import STYLE
from tests.runtime.clips import write_street
from tests.runtime.test_controls import served
from tests.servers import FaultyCamera

SETTINGS: dict[str, Any] = {"size": (640, 360), "fps": 10.0, "seconds": 20.0, "key_every_s": 1.0}
FAULTS, REPEAT = "freeze@15s/4s,drop@40s,loss:0.05@60s/5s,restart@90s/3s", "120s"
SETTLED_SHARE = 0.25
"""Of the samples, the first ones, which slopes leave out: buffers fill, and caches."""
BLOCKS = 12
SERVER_BACK_S = 20.0
MOST_RISE = {"uss_mb": 10.0, "threads": 1.0, "descriptors": 2.0}
"""What may be added in an hour even if it is more than chance: less is not told from a step."""


@dataclass(frozen=True)
class Sample:
    """The run at a moment. p95_ms: age of the good camera's frames at their last sink, since the begin."""

    second: float
    pss_mb: float
    uss_mb: float
    threads: int
    descriptors: int
    processes: int
    p95_ms: float
    captured: int
    good_lost: int
    faulty_lost: int
    killed: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Load, sample, draw; 1 if anything rose or was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="default 60")
    parser.add_argument("--kill-every", type=float, default=90, metavar="S", help="a worker; default 90; 0: none")
    parser.add_argument("--out", type=Path, default=Path("soak"), help="folder; default soak")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True)
    samples = list(_soak(asked))
    report, well = _judge(samples)
    (asked.out / "soak.html").write_text(_page(samples, report), encoding="utf-8")
    print("\n".join(report))
    return 0 if well else 1


def _soak(asked: argparse.Namespace) -> Iterator[Sample]:
    """Run the load; a sample every so often, each on the screen and in soak.jsonl."""
    chance = random.Random(asked.seed)
    clip = write_street(asked.out / "street.mp4", 150)
    config = asked.out / "soak.yaml"
    config.write_text("output: {rotate_s: 30, keep_hours: 0.05}\nruntime: {restarts: 10000}\n")
    every_s = max(2.0, asked.minutes * 60 / 720)
    with FaultyCamera(FAULTS, repeat=REPEAT, **SETTINGS) as faulty, FaultyCamera(**SETTINGS) as good:
        sources = f"faulty={faulty.url}", f"good={good.url}"
        with (
            served(asked.out, *sources, "--config", str(config), "--clips") as (job, served_api, _),
            (asked.out / "soak.jsonl").open("w") as lines,
        ):
            api = _Patient(served_api)
            job.wait_until(lambda: api.stream("good")["emitted"] > 10)
            load = _Load(job, api, clip, chance, kill_every_s=asked.kill_every)
            lost_before, began_s = sum(api.stream("good")["dropped"].values()), time.monotonic()
            while (second := time.monotonic() - began_s) < asked.minutes * 60:
                load.go_on(second)
                sample = _sample(second, job, api, load.killed, lost_before)
                print(json.dumps(asdict(sample)), file=lines, flush=True)
                print(
                    f"\r{second / 60:6.1f} min  {sample.uss_mb:6.0f} MB  {sample.threads} threads ", end="", flush=True
                )
                yield sample
                time.sleep(every_s)
    print()


class _Patient:
    """Asks the run, and again while its server is among the killed."""

    def __init__(self, api: Any):
        self._api = api

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        deadline_s = time.monotonic() + SERVER_BACK_S
        while True:
            try:
                return self._api(method, path, body)
            except OSError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.1)

    def stream(self, name: str) -> Any:
        return self("GET", f"/streams/{name}")


class _Load:
    """Files that come, one after the other, and workers that die."""

    def __init__(self, job: Any, api: Any, clip: Path, chance: random.Random, *, kill_every_s: float):
        self._job, self._api, self._clip, self._chance = job, api, clip, chance
        self._kill_every_s, self._next_kill_s = kill_every_s, kill_every_s
        self._files, self.killed = 0, 0

    def go_on(self, second: float) -> None:
        """What is due: the next file once the last one is over, the next death."""
        there = {stream["name"]: stream["state"] for stream in self._api("GET", "/streams")}
        name = f"file-{self._files}"
        if there.get(name, "done") in ("done", "failed"):
            assert there.get(name) != "failed", self._api.stream(name)["error"]
            if name in there:
                self._api("DELETE", f"/streams/{name}")
            self._files += 1
            self._api("POST", "/streams", {"source": str(self._clip), "name": f"file-{self._files}"})
        if self._kill_every_s and second >= self._next_kill_s:
            self._next_kill_s += self._kill_every_s
            self.killed += self._job.kill(self._chance.choice(sorted(self._job.workers())))


def _sample(second: float, job: Any, api: Any, killed: int, lost_before: int) -> Sample:
    processes, (pss_mb, uss_mb) = job.tree(), job.memory_mb()
    threads = descriptors = 0
    for process in processes:
        with suppress(psutil.Error):  # it died in between
            threads, descriptors = threads + process.num_threads(), descriptors + process.num_fds()
    good, faulty = api.stream("good"), api.stream("faulty")
    for stream in (good, faulty):
        lost = sum(stream["dropped"].values()) + sum(stream["failed"].values())
        assert stream["captured"] == stream["emitted"] + lost + stream["in_flight"], stream
    return Sample(
        round(second, 1),
        pss_mb,
        uss_mb,
        threads,
        descriptors,
        len(processes),
        good["latency_ms"]["total"]["p95"],
        good["captured"] + faulty["captured"],
        sum(good["dropped"].values()) - lost_before,
        sum(faulty["dropped"].values()),
        killed,
    )


def slope(samples: Sequence[Sample], key: str) -> tuple[float, float]:
    """By how much a figure rises in an hour, and the standard error of that: medians of blocks, a line through them."""
    settled = samples[int(len(samples) * SETTLED_SHARE) :]
    blocks = [block for block in np.array_split(np.arange(len(settled)), BLOCKS) if len(block)]
    hours = np.array([np.mean([settled[i].second for i in block]) for block in blocks]) / 3600
    values = np.array([np.median([getattr(settled[i], key) for i in block]) for block in blocks])
    hours = hours - hours.mean()
    rise = float(hours @ values / (hours @ hours))
    rest = values - values.mean() - rise * hours
    return rise, float(np.sqrt(rest @ rest / max(1, len(values) - 2) / (hours @ hours)))


def _judge(samples: Sequence[Sample]) -> tuple[list[str], bool]:
    """What to say of it all, and whether it is well."""
    last, report, well = samples[-1], [], True
    for key, most in MOST_RISE.items():
        rise, error = slope(samples, key)
        bad = rise > most and rise > 3 * error
        well &= not bad
        report.append(f"{key}: {rise:+.1f} +- {error:.1f} an hour{', TOO MUCH' if bad else ''}")
    report.append(f"{last.captured} frames, {last.killed} workers killed, faulty camera lost {last.faulty_lost}")
    report.append(f"the other camera lost {last.good_lost}, p95 {last.p95_ms:.0f} ms")
    # while a worker that reads it is being replaced, a camera's frames are nobody's, and frames that wait grow old
    return report, well and (last.killed > 0 or last.good_lost == 0)


def _page(samples: Sequence[Sample], report: Sequence[str]) -> str:
    x = axis_from_zero("minutes", samples[-1].second / 60)
    charts = []
    for title, keys in (
        ("memory of all processes, MB", ("pss_mb", "uss_mb")),
        ("threads and descriptors", ("threads", "descriptors")),
        ("p95 of the good camera since the begin, ms", ("p95_ms",)),
        ("frames lost", ("good_lost", "faulty_lost")),
    ):
        lines = [Line(key, [(s.second / 60, float(getattr(s, key))) for s in samples]) for key in keys]
        y = axis_from_zero("", max(1.0, *(value for line in lines for _, value in line.points)))
        charts.append(line_chart(lines, x, y, title))
    told = "".join(f"<li>{line}</li>" for line in report)
    head = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>soak</title><style>{STYLE}</style></head>'
    )
    return f"{head}<body><main><h1>Soak</h1><ul>{told}</ul>{''.join(charts)}</main></body></html>\n"


if __name__ == "__main__":
    sys.exit(main())
