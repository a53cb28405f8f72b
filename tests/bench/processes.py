"""What the processes cost, and what they bring: python tests/bench/processes.py --help.

The same clip goes through the whole job in one process and in several (fused, split). CPU is that of the command and
all its workers. Starting up is left out: every way runs a short and a long clip, and the difference counts, a frame.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.runtime.clips import write_long_street

WAYS = {"single": ["--single-process"], "fused": [], "split": []}


@dataclass(frozen=True, slots=True)
class Cost:
    """A whole run: wall and CPU seconds, and the milliseconds a frame of each stage (empty in one process)."""

    wall_s: float
    cpu_s: float
    stages: dict[str, dict[str, float]]


def run(clip: Path, way: str, folder: Path, extra: Sequence[str]) -> Cost:
    """Do the whole job once."""
    config = folder / f"{way}.yaml"
    config.write_text(f"runtime: {{placement: {'auto' if way == 'single' else way}}}\n")
    out = folder / "out"
    command = [sys.executable, "-m", "streamseg", "run", f"clip={clip}", "--config", str(config), "--overwrite"]
    before, began_s = _children_cpu_s(), time.monotonic()
    subprocess.run([*command, "--out", str(out), *WAYS[way], *extra], check=True, capture_output=True)
    wall_s = time.monotonic() - began_s
    summary = json.loads((out / "summary.json").read_text())
    return Cost(wall_s, _children_cpu_s() - before, summary["streams"]["clip"].get("stages", {}))


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(frames: int, size: tuple[int, int], rounds: int, extra: Sequence[str]) -> dict[str, list[Cost]]:
    """For each way and round the difference of a long and a short run, a frame."""
    found: dict[str, list[Cost]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_long_street(folder / "short.mp4", frames // 4, size)
        write_long_street(folder / "long.mp4", frames, size)
        more = frames - frames // 4
        for _ in range(rounds):
            for way in WAYS:
                short, long = (run(folder / f"{clip}.mp4", way, folder, extra) for clip in ("short", "long"))
                found[way].append(
                    Cost((long.wall_s - short.wall_s) / more, (long.cpu_s - short.cpu_s) / more, long.stages)
                )
    return found


def table(found: dict[str, list[Cost]]) -> str:
    """Medians, and how they compare to one process."""
    cpu = {way: float(np.median([cost.cpu_s for cost in costs])) for way, costs in found.items()}
    wall = {way: float(np.median([cost.wall_s for cost in costs])) for way, costs in found.items()}
    lines = [f"{'':12}{'CPU ms':>9}{'ratio':>8}{'wall ms':>9}{'frames/s':>10}{'ratio':>8}"]
    for way in found:
        rate, ratio = 1 / max(wall[way], 1e-9), wall["single"] / max(wall[way], 1e-9)
        share = cpu[way] / cpu["single"]
        lines.append(f"{way:12}{cpu[way] * 1e3:9.2f}{share:8.2f}{wall[way] * 1e3:9.2f}{rate:10.1f}{ratio:8.2f}")
    for way, costs in found.items():
        if costs[-1].stages:
            lines += ["", f"{way + ', ms a frame':24}{'busy':>9}{'waiting':>9}{'blocked':>9}"]
            for stage, times in costs[-1].stages.items():
                shown = (times[key] for key in ("busy_ms", "waiting_ms", "blocked_ms"))
                lines.append(f"  {stage:22}" + "".join(f"{value:9.2f}" for value in shown))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200, help="of the long clip; default 200")
    parser.add_argument("--size", default="1920x1080", help="default 1920x1080")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--no-video", action="store_true", help="without the annotated video")
    asked = parser.parse_args(arguments)
    width, height = map(int, asked.size.split("x"))
    extra = ["--no-video"] if asked.no_video else []
    print(f"{asked.frames} frames of {asked.size}, {asked.rounds} rounds, medians{', no video' * asked.no_video}")
    print(table(measure(asked.frames, (width, height), asked.rounds, extra)))


if __name__ == "__main__":
    main()
