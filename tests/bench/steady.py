"""A run in full flow: recorded streams side by side, counted for some seconds once all of them have begun."""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from streamseg.bench.clip import repeat
from tests.bench.stage_cpu import between_ms, spent_s
from tests.runtime.jobs import Job, run

_FIRST_FRAMES = 30
_SEEN_FRAMES = 100


@dataclass(frozen=True, slots=True)
class Steady:
    """What was counted.

    frames: of all streams, in so many seconds. stages_ms: CPU a frame. pss_mb: of the command and all its workers, what
    they share counted once; uss_mb: what is each one's own. objects: tracks in a frame, the mean.
    """

    streams: int
    seconds: float
    frames: int
    stages_ms: dict[str, float]
    pss_mb: float
    uss_mb: float
    objects: float

    @property
    def fps(self) -> float:
        """Frames a second of all streams together."""
        return self.frames / self.seconds

    def as_json(self) -> dict[str, Any]:
        """Every figure."""
        return asdict(self) | {"fps": round(self.fps, 2)}


def measure(clip: Path, streams: int, seconds: float, *flags: str) -> Steady:
    """Run a clip in so many streams at once, as fast as they go, without video.

    Args:
        clip: repeated as often as it takes; nothing of it is encoded anew.
        streams: how many read it.
        seconds: that are counted.
        flags: further arguments of streamseg run.
    """
    with tempfile.TemporaryDirectory(prefix="steady-") as name:
        # no stream may end before the others are counted; a recording of 640x360 goes ten times as fast as it was made
        long = repeat(clip, 12 * (seconds + 10), Path(name) / "long.nut", source=str(clip)).path
        names = [f"s{number}" for number in range(streams)]
        sources = [f"{name}={long}" for name in names]
        with run(*sources, "--jobs", str(streams), "--no-video", *flags, out=Path(name) / "out", stderr=DEVNULL) as job:
            job.wait_until(lambda: min(map(job.lines, names)) >= _FIRST_FRAMES)
            return count(job, names, seconds)


def count(job: Job, names: Sequence[str], seconds: float) -> Steady:
    """What happens in the next seconds."""
    spent, before, began_s = spent_s(job), sum(map(job.lines, names)), time.monotonic()
    time.sleep(seconds)
    after, frames, took_s = spent_s(job), sum(map(job.lines, names)) - before, time.monotonic() - began_s
    assert job.process.poll() is None, "it ended while it was counted"
    pss_mb, uss_mb = job.memory_mb()
    return Steady(len(names), took_s, frames, between_ms(spent, after, frames), pss_mb, uss_mb, _objects(job, names))


def _objects(job: Job, names: Sequence[str]) -> float:
    lines = [line for name in names for line in _last_lines(job.out / name / "objects.jsonl")]
    return sum(len(json.loads(line)["objects"]) for line in lines) / max(1, len(lines))


def _last_lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[-_SEEN_FRAMES - 1 : -1]
