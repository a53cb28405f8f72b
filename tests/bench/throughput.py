"""How fast we are beside what the machine can do and what others do: python tests/bench/throughput.py [CLIP] [--quick]

    python tests/bench/throughput.py street.mp4                  # a minute of it, three rounds: half an hour on 2 cores
    python tests/bench/throughput.py --quick                     # the built-in street, 10 s, one round: a few minutes
    python tests/bench/throughput.py street.mp4 --skipping skip.yaml --judge penn_fudan-val.zip MOT16-09.mp4

CLIP is recorded 1080p H.264; its packets are repeated to the length asked for. Every way is a whole command, started
anew, its start-up included; they take turns, and the medians of wall time count. CPU is that of all its processes.
What others need is installed apart (~/.cache/streamseg-bench) at pinned versions; nobody's threads are limited. Ratios
that are bars of ours are printed with them. `--judge` measures how good the masks and identities of the same network,
runner and score are (`streamseg evaluate`).
"""

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.bench.clip import STREET, Clip, make_clip
from streamseg.bench.machine import this_machine
from tests.bench.throughput_environment import NotInstalledError, Rivals, rivals
from tests.bench.throughput_report import Measured, bars, table
from tests.bench.throughput_ways import Way, judge, ways

ENOUGH = 0.99
"""The share of the clip's frames that a way must have read: where turns meet, a decoder may lose one."""


def measure(way: Way, clip: Clip) -> Measured:
    """Run a way once; an error where it has not read the frames of the clip."""
    with tempfile.TemporaryDirectory() as folder:
        command = [part.replace("{out}", folder) for part in way.command]
        before_s, began_s = _children_cpu_s(), time.monotonic()
        done = subprocess.run(command, env=way.environment, cwd=folder, capture_output=True, text=True, check=False)
        wall_s, cpu_s = time.monotonic() - began_s, _children_cpu_s() - before_s
        if done.returncode:
            raise RuntimeError(f"{way.name}: status {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
        frames = way.frames(done.stdout, Path(folder), clip)
    if frames < ENOUGH * clip.frames:
        raise RuntimeError(f"{way.name}: read {frames} of {clip.frames} frames")
    return Measured(clip.frames / wall_s, wall_s, 1000 * cpu_s / clip.frames)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def take_turns(every: list[Way], clip: Clip, rounds: int) -> dict[str, list[Measured]]:
    """Every way once in each round; one of others that fails is told, and left out from then on."""
    found: dict[str, list[Measured]] = {way.name: [] for way in every}
    for turn in range(rounds):
        for way in [way for way in every if way.name in found]:
            try:
                found[way.name].append(measure(way, clip))
            except RuntimeError as error:
                if way.ours:
                    raise
                _tell(f"left out: {error}")
                del found[way.name]
                continue
            last = found[way.name][-1]
            _tell(f"round {turn + 1} of {rounds}: {way.name}: {last.fps:.1f} frames/s in {last.wall_s:.1f} s")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, in Markdown."""
    args = _parser().parse_args(arguments)
    seconds = args.seconds or (10 if args.quick else 60)
    rounds = args.rounds or (1 if args.quick else 3)
    their, notes = (None, ["the rivals were not asked for"]) if args.no_rivals else _install(args.weights)
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        _tell("making the clip")
        clip = make_clip(args.clip or STREET, seconds, Path(folder) / "clip.mp4", _no_bar)
        every = [way for way in ways(clip, args.config, args.skipping, their) if _is_chosen(way, args.only)]
        print("\n".join([*_head(clip, rounds), *notes]), flush=True)
        found = take_turns(every, clip, rounds)
    good = {way.name: judge(way, args.judge) for way in every if way.ours} if args.judge else {}
    print(f"\n{table(found, good)}\n\n{bars(found)}", flush=True)
    print(f"\nload at the end {this_machine().load:g}")
    if args.json:
        args.json.write_text(json.dumps({n: [m.as_json() for m in each] for n, each in found.items()}, indent=2) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", help="recorded video; default: the built-in street in 1080p, encoded ahead")
    parser.add_argument("--quick", action="store_true", help="10 s and one round: to try it out, no figures to report")
    parser.add_argument("--seconds", type=float, help="media time; default 60")
    parser.add_argument("--rounds", type=int, help="default 3")
    parser.add_argument("--config", type=Path, metavar="YAML", help="of our runs; default: our defaults")
    parser.add_argument("--skipping", type=Path, metavar="YAML", help="a further setting of ours, held to more")
    parser.add_argument("--only", nargs="+", default=(), metavar="WORD", help="ways whose name has one of these words")
    parser.add_argument("--no-rivals", action="store_true", help="install nothing, run no Ultralytics and no ffmpeg")
    parser.add_argument("--weights", type=Path, help="a yolo11n-seg.pt; default: fetched, or else random")
    parser.add_argument("--judge", nargs="+", default=(), metavar="DATA", help="what streamseg evaluate is to judge by")
    parser.add_argument("--json", type=Path, help="write every measurement here")
    return parser


def _install(weights: Path | None) -> tuple[Rivals | None, list[str]]:
    try:
        their = rivals(weights, _tell)
    except NotInstalledError as error:
        return None, [f"the rivals could not be installed: {error}"]
    return their, list(their.notes)


def _head(clip: Clip, rounds: int) -> list[str]:
    machine, (height, width) = this_machine(), clip.size_hw
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return [
        f"{machine.cpu}, {machine.cores} cores, {machine.memory_gib:g} GiB; {', '.join(machine.gpus) or 'no GPU'}",
        f"{machine.system}; {versions}; load at the begin {machine.load:g}",
        f"{clip.source}: {clip.codec}, {width}x{height}, turns: {clip.turns}, frames: {clip.frames} at "
        f"{clip.fps:g}/s, rounds: {rounds}",
    ]


def _is_chosen(way: Way, words: Sequence[str]) -> bool:
    return not words or any(word.lower() in way.name.lower() for word in words)


def _no_bar(what: str, total: int | None) -> contextlib.nullcontext:
    return contextlib.nullcontext(lambda: None)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
