"""The latency contract, measured: real RTSP cameras in, cut-outs on the disk; how old is each when it is written?

    python tests/bench/latency.py [CLIP]                    # one 1080p25 stream, then four of 720p15
    python tests/bench/latency.py CLIP --streams 16 --size 1280x720 --fps 15 --max-latency 200

From the arrival of the frame's packet (the sidecar's time, by the host's clock) to the file's own time. The cameras
encode ahead and serve from this machine: their CPU is told. Every camera has a process of its own.
"""

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.cameras import cameras, servers_cpu_s, settings
from tests.results import read_summary
from tests.runtime.jobs import run

_STREET = "synthetic://street?seconds=10&size=1920x1080&fps=25&seed=5"
_WARM_S = 3.0


@dataclass(frozen=True)
class Load:
    """So many cameras of one kind, and the latency that is asked for."""

    streams: int
    size: tuple[int, int]
    fps: float
    max_latency_ms: float


USUAL = (Load(1, (1920, 1080), 25, 80), Load(4, (1280, 720), 15, 200))


def main() -> None:
    """Print a row for each load."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", default=_STREET, help="what the cameras see; default: the built-in street")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--streams", type=int, help="instead of the usual loads")
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--fps", type=float, default=15)
    parser.add_argument("--max-latency", type=float, default=200)
    parser.add_argument("--every", default="1", help="seconds between cut-outs of a track")
    parser.add_argument("--video", action="store_true", help="with the annotated video")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    loads = [Load(args.streams, (width, height), args.fps, args.max_latency)] if args.streams else USUAL
    for load in loads:
        measure(args, load)


def measure(args: argparse.Namespace, load: Load) -> None:
    """Run one load and print what came of it."""
    with ExitStack() as stack:
        serving = stack.enter_context(cameras(load.streams, settings(args.clip, load.size, load.fps)))
        out = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "out"
        sources = [f"cam{i}={camera.url}" for i, camera in enumerate(serving)]
        seconds = args.seconds + _WARM_S
        config = out.parent / "latency.yaml"
        config.write_text("capture: {wall_clock: host}\n")
        flags = [
            "--config",
            str(config),
            "--cutouts",
            args.every,
            "--max-latency",
            str(load.max_latency_ms),
            "--end",
            str(seconds),
        ]
        job = stack.enter_context(run(*sources, *flags, *([] if args.video else ["--no-video"]), out=out))
        job.wait_until(lambda: all((out / f"cam{i}").exists() for i in range(load.streams)))
        began_s, before_s = time.monotonic(), servers_cpu_s(serving)
        job.wait_until(lambda: time.monotonic() - began_s > args.seconds)
        server_cpu = (servers_cpu_s(serving) - before_s) / (time.monotonic() - began_s)
        job.finish()
        ages_ms = np.concatenate([_ages_ms(out / f"cam{i}") for i in range(load.streams)] or [np.zeros(0)])
        _tell(load, ages_ms, read_summary(out)["streams"], server_cpu)


def _ages_ms(folder: Path) -> np.ndarray:
    """By cut-out: its file's time less the arrival of its frame; the first seconds, when all begins, are left out."""
    ages = []
    for path in sorted((folder / "cutouts").rglob("*.png")):
        sidecar = path.with_suffix(".json")
        if path.name.startswith("best") or not sidecar.exists():
            continue
        told = json.loads(sidecar.read_text())
        if told["pts"] >= _WARM_S:
            arrived_s = datetime.fromisoformat(told["time"]).timestamp()
            ages.append(1000 * (path.stat().st_mtime - arrived_s))
    return np.array(ages)


def _tell(load: Load, ages_ms: np.ndarray, streams: dict, server_cpu: float) -> None:
    captured = sum(stream["captured"] for stream in streams.values())
    sums = {}
    for kind in ("dropped", "degraded"):
        for stream in streams.values():
            for cause, count in stream[kind].items():
                sums[f"{kind} {cause}"] = sums.get(f"{kind} {cause}", 0) + count
    width, height = load.size
    print(f"\n{load.streams} x {width}x{height} at {load.fps:g}, contract {load.max_latency_ms:g} ms")
    if len(ages_ms):
        p50, p95, p99 = np.percentile(ages_ms, (50, 95, 99))
        print(f"  {len(ages_ms)} cut-outs, age when written: p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")
    stages = _stages(next(iter(streams.values())))
    print(f"  captured {captured}; the first stream's frames, p50 / p95 in ms: {stages}")
    print(f"  {', '.join(f'{name} {count}' for name, count in sums.items()) or 'nothing lost or left out'}")
    print(f"  the cameras' own CPU: {100 * server_cpu:.0f} % of a core", flush=True)


def _stages(stream: dict) -> str:
    """Busy times of the stages, and arrival to last sink as total."""
    return ", ".join(f"{stage} {ms['p50']:.0f} / {ms['p95']:.0f}" for stage, ms in stream["latency_ms"].items())


if __name__ == "__main__":
    main()
