"""What privacy covers of people, and what it costs: python tests/bench/privacy.py [--seeds 31 32 33].

Coverage: streets of 8 s, 960x540, every third frame of 10 a second; truth is exact. Cost: ten people of 150x400 px in a
frame of 1920x1080, the mean of 60 frames on one thread; for the clean plate without encoding, the scene known.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

import streamseg
from streamseg.geometry import SoftMask, mask_iou
from streamseg.records import U8, Extraction, Frame, Planes, Track
from streamseg.sinks.encoder import picture_of
from streamseg.sinks.obscure import Look
from streamseg.sinks.plate import Plate, Things, rows_due
from streamseg.sinks.plate_file import PlateFile
from streamseg.sinks.privacy import Privacy
from streamseg.sinks.silhouettes import silhouette
from streamseg.testing import Truth, street_truth

_FOUND = 0.4
_HEAD = 0.15
_FRAMES = 60


@dataclass(frozen=True, slots=True)
class Person:
    """Share of a person's pixels that is covered, of those in the upper 15 %, and whether some track is his."""

    body: float
    head: float
    found: bool


def people(seed: int) -> Iterator[Person]:
    """All people of a street that must be found, frame by frame."""
    url = f"synthetic://street?seconds=8&size=960x540&fps=10&seed={seed}"
    for extraction in streamseg.open(url, every="none"):
        if extraction.frame.seq % 3 == 0:
            covered = _covered(extraction)
            for truth in street_truth(url, extraction.frame.seq):
                if truth.label == "person" and truth.counts:
                    yield _person(truth, covered, extraction)


def _covered(extraction: Extraction) -> U8:
    full = np.zeros(extraction.frame.size_hw, np.uint8)
    for track in extraction.tracks:
        area = silhouette(track, extraction.frame.size_hw)
        if area is not None:
            x0, y0, x1, y1 = area.crop
            np.maximum(full[y0:y1, x0:x1], area.coverage, out=full[y0:y1, x0:x1])
    return full


def _person(truth: Truth, covered: U8, extraction: Extraction) -> Person:
    height, width = covered.shape
    inside = truth.mask.on((0, 0, width, height)) > 127
    rows = np.flatnonzero(inside.any(axis=1))
    head = inside.copy()
    head[rows[0] + max(1, int(_HEAD * len(rows))) :] = False
    hidden = covered > 127
    ious = [mask_iou(truth.mask, track.mask) for track in extraction.tracks if track.mask is not None]
    return Person(float(hidden[inside].mean()), float(hidden[head].mean()), max(ious, default=0.0) > _FOUND)


def crowd(size_hw: tuple[int, int] = (1080, 1920)) -> list[Extraction]:
    """Ten people walk through one picture."""
    rng = np.random.default_rng(0)
    height, width = size_hw
    small = [
        rng.integers(30, 220, (h // 8, w // 8)).astype(np.uint8) for h, w in (size_hw, *[(height // 2, width // 2)] * 2)
    ]
    y, u, v = (cv2.resize(plane, (8 * plane.shape[1], 8 * plane.shape[0])) for plane in small)
    planes = Planes(cv2.resize(y, (width, height)), *(cv2.resize(p, (width // 2, height // 2)) for p in (u, v)))
    alpha = np.zeros((64, 28), np.uint8)
    cv2.ellipse(alpha, (14, 32), (10, 28), 0, 0, 360, 255, -1)
    out = []
    for seq in range(_FRAMES):
        boxes = [
            (30.0 + 180 * i + 2 * seq, 150.0 + i % 3 * 200, 180.0 + 180 * i + 2 * seq, 550.0 + i % 3 * 200)
            for i in range(10)
        ]
        tracks = tuple(
            Track(i + 1, "person", 0.9, box, "active", SoftMask(alpha, box), "person") for i, box in enumerate(boxes)
        )
        out.append(Extraction(Frame("crowd", seq, seq * 40_000_000, planes), tracks))
    return out


def cost_ms(look: Look) -> float:
    """Of hiding a crowd, a frame."""
    privacy, frames = Privacy(look, None), crowd()
    began_s = time.perf_counter()
    for extraction in frames:
        privacy.obscured(extraction)
    return (time.perf_counter() - began_s) / len(frames) * 1e3


def plate_ms() -> float:
    """Of learning a background and of laying it over a crowd, a frame."""
    frames, nobody = crowd(), Things((), (), ())
    with tempfile.TemporaryDirectory() as folder:
        file = PlateFile(Path(folder) / "plate", (1080, 1920))
        Plate(file.next()).learn(frames[0].frame.planes, nobody, (0, 540))
        row, began_s = 0, time.perf_counter()
        for extraction in frames:
            found = [silhouette(track, (1080, 1920)) for track in extraction.tracks]
            areas = [area for area in found if area is not None]
            plate, rows = Plate(file.next()), rows_due(row, 540, 40_000_000)
            plate.learn(extraction.frame.planes, Things(areas, areas, ()), rows)
            plate.remove(picture_of(extraction.frame.planes).planes, Things(areas, areas, ()))
            file.settle()
            row = rows[1]
        return (time.perf_counter() - began_s) / len(frames) * 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[31, 32, 33])
    cv2.setNumThreads(1)
    met = [person for seed in parser.parse_args().seeds for person in people(seed)]
    found = [person for person in met if person.found]
    whole = np.mean([person.head > 0.98 for person in found])
    print(f"people {len(met)}, found {len(found)}")
    print(f"of all: pixels covered {np.mean([person.body for person in met]):.4f}")
    print(f"of those found: pixels {np.mean([person.body for person in found]):.4f}, heads as a whole {whole:.4f}")
    for look in ("blur", "pixelate", "fill"):
        print(f"{look}: {cost_ms(look):.1f} ms")
    print(f"clean plate: {plate_ms():.1f} ms")


if __name__ == "__main__":
    main()
