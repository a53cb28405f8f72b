"""What the annotated video costs beside all else, CPU milliseconds a frame: python tests/bench/drawing.py CLIP [--help]

Objects are found once. Then processes of their own, in turns, copy, draw and encode the same frames: those of this
code, and with `--against` those of another checkout of it. Drawing is measured with all objects, with the nearest few,
and of each kind alone; encoding with the pictures that this gives. The sink is all of it: pictures into a file, and
what a successor would need.
"""

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_SETTLED = 50
"""Frames before those that are measured: by then there are tracks, and trails."""
_KINDS = {"masks": True, "outlines": True, "labels": True, "trail_s": 2}
_NOTHING = {"masks": False, "outlines": False, "labels": False, "trail_s": 0}


def found(clip: str, frames: int) -> list[Any]:
    """Extractions of a clip, with pictures of their own."""
    import streamseg
    from streamseg.records import Planes

    kept = []
    for extraction in islice(streamseg.open(clip), _SETTLED + frames):
        planes = extraction.frame.planes
        own = Planes(planes.y.copy(), planes.u.copy(), planes.v.copy())
        kept.append(replace(extraction, cutouts=(), frame=replace(extraction.frame, planes=own)))
    return kept


def costs(extractions: list[Any], counts: Sequence[int]) -> dict[str, float]:
    """CPU ms a frame of each row, in this process."""
    import cv2

    from streamseg.config_output import VideoConfig

    cv2.setNumThreads(1)
    rows = {"copy": _copying(extractions)}
    for count in counts:
        rows[f"draw {count} objects"] = _drawing(_nearest(extractions, count), VideoConfig())
    rows["draw all"] = _drawing(extractions, VideoConfig())
    for kind, wanted in _KINDS.items():
        rows[f"draw {kind} alone"] = _drawing(extractions, VideoConfig(**{**_NOTHING, kind: wanted}))
    rows["encode"], rows["kB a frame"] = _encoding(extractions)
    rows["the sink"] = _sink(extractions)
    return rows


def _nearest(extractions: list[Any], count: int) -> list[Any]:
    """With no more than so many objects, the nearest ones."""
    near = (sorted(each.tracks, key=lambda track: -track.box[3])[:count] for each in extractions)
    return [replace(each, tracks=tuple(tracks)) for each, tracks in zip(extractions, near, strict=True)]


def _copying(extractions: list[Any]) -> float:
    from streamseg.sinks.encoder import picture_of

    return _cpu_ms(lambda each: picture_of(each.frame.planes), extractions)


def _drawing(extractions: list[Any], config: Any) -> float:
    from streamseg.records import Planes
    from streamseg.sinks.annotate import Annotator

    annotator = Annotator(config)
    frame = extractions[0].frame.planes
    planes = Planes(frame.y.copy(), frame.u.copy(), frame.v.copy())
    return _cpu_ms(lambda each: annotator.draw(planes, each), extractions)


def _encoding(extractions: list[Any]) -> tuple[float, float]:
    from streamseg.config_output import VideoConfig
    from streamseg.sinks.annotate import Annotator
    from streamseg.sinks.encoder import KEY_TICKS, Encoder, Look, picture_of

    config, frame = VideoConfig(), extractions[0].frame
    annotator, drawn, bytes_of = Annotator(config), [], []
    for each in extractions:
        drawn.append(picture_of(each.frame.planes))
        annotator.draw(drawn[-1].planes, each)
    encoder = Encoder(Look(frame.size_hw, frame.color, frame.aspect), config, fps=None)
    step = 3600

    def encode(i: int) -> None:
        sample = encoder.encode(drawn[i], i * step, step, key=i * step % KEY_TICKS == 0)
        bytes_of.append(len(sample.data))

    cpu_ms = _cpu_ms(encode, range(len(drawn)))
    encoder.close()
    return cpu_ms, statistics.mean(bytes_of[_SETTLED:]) / 1000


def _sink(extractions: list[Any]) -> float:
    from fractions import Fraction

    from streamseg.config import Config
    from streamseg.records import StreamInfo
    from streamseg.sinks.video import VideoSink

    with tempfile.TemporaryDirectory() as folder:
        sink = VideoSink(Config(), Path(folder) / "clip")
        sink.open(StreamInfo("clip", "clip", extractions[0].frame.size_hw, Fraction(25), live=False))

        def write(each: Any) -> None:
            sink.write(each)
            sink.settle()

        cpu_ms = _cpu_ms(write, extractions)
        sink.close()
    return cpu_ms


def _cpu_ms(do: Callable[[Any], Any], every: Iterable[Any]) -> float:
    """Of this process and its threads, for each but the first ones."""
    began_s, count = 0.0, 0
    for i, each in enumerate(every):
        if i == _SETTLED:
            began_s = time.process_time()
        do(each)
        count = i + 1 - _SETTLED
    return 1000 * (time.process_time() - began_s) / count


def main() -> None:
    """Measure and print, in Markdown."""
    args = _parser().parse_args()
    if args.drawn:
        sys.stdout.write(json.dumps(costs(pickle.loads(args.drawn.read_bytes()), args.objects)))
        return
    sides = {"now": _ROOT} | ({"against": args.against.resolve()} if args.against else {})
    with tempfile.TemporaryDirectory(prefix="drawing-") as folder:
        file = Path(folder) / "found.pickle"
        extractions = found(args.clip, args.frames)
        file.write_bytes(pickle.dumps(extractions, protocol=5))
        drawn = extractions[_SETTLED:]
        measured: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
        for _ in range(args.rounds):
            for side, root in sides.items():
                measured[side].append(_in_process(root, file, args.objects))
    print(f"{len(drawn)} frames, {statistics.mean(len(each.tracks) for each in drawn):.1f} objects a frame\n")
    print("| CPU ms a frame | " + " | ".join(sides) + " |\n|---|" + "---|" * len(sides))
    for row in measured["now"][0]:
        print(f"| {row} | " + " | ".join(f"{statistics.median(m[row] for m in measured[s]):.2f}" for s in sides) + " |")


def _in_process(root: Path, file: Path, objects: Sequence[int]) -> dict[str, float]:
    command = [sys.executable, "-P", __file__, "-", "--drawn", str(file), "--objects", *map(str, objects)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    costs_of: dict[str, float] = json.loads(done.stdout)
    return costs_of


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", help="recorded video with objects in it")
    parser.add_argument("--frames", type=int, default=100, help="measured, after 50 others; default 100")
    parser.add_argument("--objects", type=int, nargs="+", default=[5, 10, 20], help="default 5 10 20, and all")
    parser.add_argument("--rounds", type=int, default=3, help="the median counts; default 3")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout, to take turns with")
    parser.add_argument("--drawn", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
