"""How well appearance tells people apart: python tests/bench/appearance.py CLIP.mp4 ... --model s

For every object that the network finds in a clip with true boxes and ids beside it (NAME.gt.txt), the one most like it
is looked for among all objects found some time later. Printed is how often that is the same person: by the network's
appearance, by a histogram of the colours under the mask, and by chance. Where things are tells nothing here.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.capture import open_source
from streamseg.config import CaptureConfig, ModelConfig, StreamConfig
from streamseg.evaluation.clips import beside, read_boxes
from streamseg.geometry import box_iou
from streamseg.inference import load_network
from streamseg.pixels import frame_rgb
from streamseg.preprocess import Preprocessor
from streamseg.records import Instances

F32 = npt.NDArray[np.float32]
BINS = (12, 8, 4)
"""Of hue, saturation and value."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Who is seen at a moment, and by which vectors of unit length they may be known again."""

    time_s: float
    ids: list[int]
    appearance: F32
    colours: F32


def sightings(clip: Path, model: ModelConfig) -> Iterator[Sighting]:
    """Every frame with at least two people that were found (IoU of boxes at least 0.5)."""
    rows, network = read_boxes(beside(clip)[1]), load_network(model)
    stream = StreamConfig(source=str(clip), name="clip")
    preprocess = Preprocessor.of(stream, model, network.view_hw, motion=network.takes_motion)
    with closing(open_source(stream, CaptureConfig())) as source:
        source.open()
        for frame in source:
            found = network([preprocess(frame)])[0]
            people = [row for row in rows[frame.seq + 1] if row.counts]
            overlap = box_iou([row.box for row in people], found.boxes) * (found.scores >= model.score)
            pairs = [
                (row, int(np.argmax(overlap[row]))) for row in range(len(people)) if overlap[row].max(initial=0) >= 0.5
            ]
            if len(pairs) < 2 or found.appearance is None:
                continue
            rgb, columns = frame_rgb(frame), [column for _, column in pairs]
            colours = np.stack([histogram(rgb, found, column) for column in columns])
            yield Sighting(frame.pts_ns / 1e9, [people[r].id for r, _ in pairs], found.appearance[columns], colours)


def histogram(rgb: npt.NDArray[np.uint8], found: Instances, row: int) -> F32:
    """Square roots of the shares of colours under an object's mask: their product is the Bhattacharyya coefficient."""
    x0, y0, x1, y1 = np.rint(found.boxes[row]).astype(int)
    mask = (found.masks[row].on((x0, y0, x1, y1)) > 127).astype(np.uint8)
    hsv = cv2.cvtColor(np.ascontiguousarray(rgb[y0:y1, x0:x1]), cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], mask, BINS, [0, 180, 0, 256, 0, 256]).ravel()
    return np.sqrt(counts / max(1.0, float(counts.sum()))).astype(np.float32)


def rank_one(seen: Sequence[Sighting], gap_s: float) -> tuple[float, float, float, int]:
    """Share of people known again after gap_s by appearance, by colours, by chance; and of how many."""
    times = np.array([one.time_s for one in seen])
    hits: list[tuple[bool, bool, float]] = []
    for now in seen:
        later = seen[min(int(np.searchsorted(times, now.time_s + gap_s)), len(seen) - 1)]
        if abs(later.time_s - now.time_s - gap_s) > 0.2:
            continue
        nearest = [(a @ b.T).argmax(1) for a, b in ((now.appearance, later.appearance), (now.colours, later.colours))]
        for i, person in enumerate(now.ids):
            if person in later.ids:
                own = [later.ids[one[i]] == person for one in nearest]
                hits.append((own[0], own[1], 1 / len(later.ids)))
    means = np.mean(hits, axis=0) if hits else np.zeros(3)
    return float(means[0]), float(means[1]), float(means[2]), len(hits)


def main(arguments: Sequence[str] | None = None) -> None:
    """A table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    parser.add_argument("--model", default="s")
    parser.add_argument("--gaps", nargs="+", type=float, default=[0.5, 2.0], metavar="S", help="default 0.5 2")
    asked = parser.parse_args(arguments)
    print("| clip | after | by appearance | by colours | by chance | people |\n|---|---|---|---|---|---|")
    for clip in asked.clips:
        seen = list(sightings(clip, ModelConfig(name=asked.model)))
        for gap in asked.gaps:
            *shares, count = rank_one(seen, gap)
            print(
                f"| {clip.stem} | {gap:g} s |",
                " | ".join(f"{share:.3f}" for share in shares),
                f"| {count} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
