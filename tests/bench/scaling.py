"""What more streams, larger pictures, more objects and more hours cost: python tests/bench/scaling.py --axis streams

    python tests/bench/scaling.py --axis streams --json scaling.json    # one axis; points that are in the file are kept
    python tests/bench/scaling.py --axis time --hours 8 --json day.json # the others: resolution, objects, time
    python tests/bench/scaling.py --json scaling.json --picture docs/scaling.svg --axis

A street with a known number of people who walk (tests/bench/made_clips.py), recorded, as fast as it goes, no video.
One thing changes, all else is a stream of 1920x1080 with 8 people. Told is CPU by stage, in ms a frame, and memory:
PSS of all processes. Every point begins a run of its own, and takes --seconds and some more; the file is written after
each, so that the rest can be done later.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.bench.clip import repeat
from tests.bench.made_clips import made_clip
from tests.bench.scaling_picture import draw
from tests.bench.stage_cpu import STAGES
from tests.bench.steady import count, measure
from tests.runtime.clips import write_long_street
from tests.runtime.jobs import run

SIZE, PEOPLE = (1920, 1080), 8
POINTS: dict[str, list[Any]] = {
    "streams": [1, 2, 4, 8, 12, 16],
    "resolution": ["640x360", "1280x720", "1920x1080", "2560x1440", "3840x2160"],
    "objects": [0, 8, 25, 50, 100],
    "time": [],
}
_WATCHES = 6
"""How often a long run is looked at."""
_WATCH_S = 5.0
_FASTEST = 12
"""So many times faster than a camera's a small stream may go without ending before its time."""

Row = dict[str, Any]


def at(axis: str, value: Any, seconds: float, flags: Sequence[str]) -> Row:
    """One point of an axis."""
    size, people, streams = SIZE, PEOPLE, 1
    if axis == "streams":
        streams = value
    elif axis == "resolution":
        width, height = map(int, value.split("x"))
        size = width, height
    else:
        people = value
    return measure(made_clip(people, size), streams, seconds, *flags).as_json()


def over_time(hours: float, flags: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """A stream of small pictures, several times as fast as a camera's, looked at again and again."""
    with tempfile.TemporaryDirectory(prefix="scaling-") as name:
        small = write_long_street(Path(name) / "small.mp4", 100, (320, 180))
        clip = repeat(small, hours * 3600 * _FASTEST, Path(name) / "long.nut", source=str(small)).path
        with run(f"s0={clip}", "--no-video", "--cutouts", "5", *flags, out=Path(name) / "out", stderr=DEVNULL) as job:
            began_s = time.monotonic()
            for watch in range(_WATCHES):
                due_s = 10 + (hours * 3600 - 20) * watch / (_WATCHES - 1)
                job.wait_until(lambda: job.lines("s0") > 0)
                time.sleep(max(0.0, due_s - _WATCH_S - (time.monotonic() - began_s)))
                found = count(job, ["s0"], _WATCH_S).as_json()
                yield f"{(time.monotonic() - began_s) / 60:.1f} min", found | {"frames so far": job.lines("s0")}


def table(axis: str, rows: dict[str, Row]) -> str:
    """An axis in Markdown."""
    heads = [axis, "frames/s", *STAGES, "sum", "PSS MB", "tracks a frame"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for value, row in rows.items():
        each = [row["stages_ms"][stage] for stage in STAGES]
        told = [value, f"{row['fps']:.1f}", *(f"{ms:.2f}" for ms in (*each, sum(each)))]
        told += [f"{row['pss_mb']:.0f}", f"{row['objects']:.1f}"]
        lines.append(f"| {' | '.join(told)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, and print all there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--axis", nargs="*", choices=list(POINTS), default=list(POINTS), help="default: all; none: tell"
    )
    parser.add_argument("--points", nargs="+", help="other points of the one axis")
    parser.add_argument("--seconds", type=float, default=15, help="of each point; default 15")
    parser.add_argument("--hours", type=float, default=0.05, help="of the axis time; default 0.05, three minutes")
    parser.add_argument("--json", type=Path, help="what has been measured, and will be")
    parser.add_argument("--picture", type=Path, metavar="SVG", help="draw all there is")
    parser.add_argument("--run", nargs=argparse.REMAINDER, default=[], help="further arguments of streamseg run")
    asked = parser.parse_args(arguments)
    found: dict[str, dict[str, Row]] = json.loads(asked.json.read_text()) if asked.json and asked.json.exists() else {}
    for axis in asked.axis:
        rows = found.setdefault(axis, {})
        for value, row in _missing(axis, rows, asked):
            rows[value] = row
            print(f"{axis} {value}: {row['fps']:.1f} frames/s, {row['pss_mb']:.0f} MB", file=sys.stderr, flush=True)
            if asked.json:
                asked.json.write_text(json.dumps(found, indent=1) + "\n")
    print("\n\n".join(table(axis, rows) for axis, rows in found.items() if rows))
    if asked.picture:
        asked.picture.write_text(draw(found))


def _missing(axis: str, rows: dict[str, Row], asked: argparse.Namespace) -> Iterator[tuple[str, Row]]:
    if axis == "time":
        yield from () if rows else over_time(asked.hours, asked.run)
        return
    for value in asked.points or POINTS[axis]:
        if str(value) not in rows:
            yield str(value), at(axis, value if axis == "resolution" else int(value), asked.seconds, asked.run)


if __name__ == "__main__":
    main()
