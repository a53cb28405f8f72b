"""How many cameras of surveillance character one machine keeps up with, and which stage ends it.

    python tests/bench/live_streams.py                                       # 1, 2, 4, ... cameras of 1080p25
    python tests/bench/live_streams.py --detect-every 1 4 --streams 6 8 10   # with the network on one frame of so many
    python tests/bench/live_streams.py CLIP --size 1280x720 --fps 15

A camera that stands still before a street with two people who walk (or CLIP), encoded ahead, by real RTSP from this
machine: what serving costs is told. A number of streams is held where, once all of them have run for some seconds,
every frame that was captured came out, as many as the cameras sent, none with less than was asked for, and 99 of 100
in time. Frames and latencies are those of /metrics at the begin and end of that time.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.bench.machine import this_machine
from streamseg.camera.camera import Camera
from tests.bench.cameras import cameras, servers_cpu_s, settings
from tests.bench.made_clips import made_clip
from tests.bench.stage_cpu import STAGES, between_ms, spent_s
from tests.runtime.jobs import Job
from tests.runtime.test_controls import Api, served

_PEOPLE = 2
_ENOUGH = 0.99
_FIRST_S, _FIRST_MOST_S = 5.0, 25.0
HEADS = ("detect every", "cameras", "held", "frames/s", "of sent", "in time", "lost", "less done", "cores")


@dataclass(frozen=True, slots=True)
class Flow:
    """What came of all streams' frames in a while.

    captured, emitted, lost, degraded: how many; in_time: share of those emitted that came out in time.
    """

    captured: int
    emitted: int
    lost: int
    degraded: int
    in_time: float


@dataclass(frozen=True, slots=True)
class Found:
    """One run: sent is how many frames the cameras sent; stages_ms, cameras_ms are CPU a frame sent."""

    every: str
    streams: int
    seconds: float
    sent: int
    flow: Flow
    stages_ms: dict[str, float]
    cameras_ms: float

    @property
    def held(self) -> bool:
        """Whether all was done, and in time."""
        flow = self.flow
        return flow.in_time >= _ENOUGH and flow.emitted >= _ENOUGH * self.sent and not flow.lost + flow.degraded

    @property
    def cores(self) -> float:
        """Cores that the run used, the cameras left out."""
        return sum(self.stages_ms.values()) * self.sent / self.seconds / 1000


class Counters:
    """The counters of /metrics at one moment, summed over the streams."""

    def __init__(self, text: str):
        self._samples = [s for family in text_string_to_metric_families(text) for s in family.samples]

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric over all that has these labels."""
        wanted = labels.items()
        return sum(s.value for s in self._samples if s.name == f"streamseg_{name}" and wanted <= s.labels.items())

    def flow(self, before: "Counters", within_ms: float) -> Flow:
        """What happened since."""

        def more(name: str, **labels: str) -> float:
            return self.total(name, **labels) - before.total(name, **labels)

        in_time = more("latency_seconds_bucket", stage="total", le=f"{within_ms / 1000:g}")
        emitted = more("frames_emitted_total")
        lost = more("frames_dropped_total") + more("frames_failed_total")
        captured, degraded = more("frames_captured_total"), more("frames_degraded_total")
        return Flow(int(captured), int(emitted), int(lost), int(degraded), in_time / max(1, emitted))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each run."""
    args = _parser().parse_args(arguments)
    width, height = map(int, args.size.split("x"))
    clip = args.clip or str(made_clip(_PEOPLE, (width, height)))
    machine = this_machine()
    print(
        f"{machine.cpu}, {machine.cores} cores, load {machine.load:g}; {Path(clip).name}, {args.size} at {args.fps:g}"
    )
    print(f"in time: within {args.within:g} ms; {args.seconds:g} s each; CPU in ms a frame that a camera sent\n")
    columns = [*HEADS, *STAGES, "serving"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    with cameras(max(args.streams), settings(clip, (width, height), args.fps, seconds=args.loop)) as serving:
        for every in args.detect_every:
            for count in sorted(args.streams):
                found = measure(serving[:count], every, args)
                print(row(found), flush=True)
                if not found.held and not args.all:
                    break


def measure(serving: Sequence[Camera], every: str, args: argparse.Namespace) -> Found:
    """Run so many streams, and count once all have run for a while."""
    names = [f"cam{number}" for number in range(len(serving))]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="live-streams-")))
        config = folder / "live.yaml"
        config.write_text("capture: {wall_clock: host}\n")
        flags = ["--config", str(config), "--no-video", "--cutouts", "1", "--max-latency", str(args.max_latency)]
        flags += [] if every == "1" else ["--detect-every", every]
        sources = [f"{name}={camera.url}" for name, camera in zip(names, serving, strict=True)]
        job, api, _ = stack.enter_context(served(folder, *sources, *flags, *args.run, stderr=subprocess.DEVNULL))
        job.wait_until(lambda: all(job.lines(name) for name in names))
        _settle(api)
        return _count(job, api, serving, every, args)


def _settle(api: Api) -> None:
    """Wait until the streams' beginning is over: some seconds, and until nothing is left out for its sake any more."""
    began_s = time.monotonic()
    while (past_s := time.monotonic() - began_s) < _FIRST_MOST_S:
        time.sleep(1)
        if past_s > _FIRST_S and not _counters(api).total("shed_level"):
            return


def _count(job: Job, api: Api, serving: Sequence[Camera], every: str, args: argparse.Namespace) -> Found:
    """What happens in the next seconds."""
    began_s, before, spent, served_s = time.monotonic(), _counters(api), spent_s(job), servers_cpu_s(serving)
    time.sleep(args.seconds)
    seconds, after = time.monotonic() - began_s, _counters(api)
    sent = round(seconds * args.fps * len(serving))
    stages_ms = between_ms(spent, spent_s(job), sent)
    cameras_ms = 1000 * (servers_cpu_s(serving) - served_s) / sent
    return Found(every, len(serving), seconds, sent, after.flow(before, args.within), stages_ms, cameras_ms)


def _counters(api: Api) -> Counters:
    status, text = api.raw("GET", "/metrics")
    assert status == 200, text
    return Counters(text.decode())


def row(found: Found) -> str:
    """A run as a row of the table."""
    flow = found.flow
    told = [found.every, found.streams, "yes" if found.held else "no", f"{flow.emitted / found.seconds:.1f}"]
    told += [f"{flow.emitted / found.sent:.3f}", f"{flow.in_time:.3f}", flow.lost, flow.degraded, f"{found.cores:.2f}"]
    told += [f"{found.stages_ms[stage]:.2f}" for stage in STAGES] + [f"{found.cameras_ms:.2f}"]
    return f"| {' | '.join(map(str, told))} |"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", help=f"what the cameras see; default: a made street with {_PEOPLE} people")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 2, 4, 6, 8, 10, 12], help="numbers of cameras")
    parser.add_argument("--detect-every", nargs="+", default=["1"], help="as streamseg run takes it; default 1")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--fps", type=float, default=25)
    parser.add_argument("--loop", type=float, default=4, help="seconds of the clip, again and again; default 4")
    parser.add_argument("--seconds", type=float, default=20, help="that are counted; default 20")
    parser.add_argument("--within", type=float, default=250, help="ms, one of the metrics' bounds; default 250")
    parser.add_argument(
        "--max-latency", type=float, default=60_000, help="of the run; default 60 s: nothing is left out"
    )
    parser.add_argument("--all", action="store_true", help="go on with more cameras where a number was not held")
    parser.add_argument("--run", nargs=argparse.REMAINDER, default=[], help="further arguments of streamseg run")
    return parser


if __name__ == "__main__":
    main()
