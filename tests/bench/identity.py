"""How well identities are kept, beside ByteTrack and OC-SORT: python tests/bench/identity.py CLIP.mp4 ...

Judged are clips with true boxes and ids beside them (NAME.gt.txt; people only) and synthetic streets of the given seeds
(people, vehicles, animals; a track's class must agree). The network runs once over each and what it finds is kept; all
trackers get the same boxes and scores from the network's floor on, ours also masks and appearance, as in a run. The
others are those of the `trackers` library; a track of theirs has the class that most of its scores were for, as ours.
TrackEval scores: HOTA, IDF1, MOTA. Time is the processor's for the tracker alone, median over frames. Intervals of
95 %: sequences drawn anew, and in each its segments of 2 s, the same for both trackers.

`--moving` shows everything through a window that pans, turns, zooms and shakes; the others have no means against that.
Clips with NAME.masks.jsonl in which one thing is marked (DAVIS) are taken too; nothing but that thing is judged there.

`--tune N` instead tries N settings of each tracker on the sequences given, the defaults first and the others by chance,
and prints those with the greatest HOTA; they are kept below. Tune on other sequences than you report.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.config import ModelConfig
from tests.bench.identity_runs import OURS, Given, Outcome, Run, Settings, by_trackeval, environment, give, outcomes
from tests.bench.identity_scores import interval
from tests.bench.identity_sequences import clip_scene, street_scene

CACHE = Path.home() / ".cache" / "streamseg" / "identity"
STREET = "seconds=16&size=960x540&fps=15"

CHOSEN: dict[str, Settings] = {
    OURS: {
        "score": 0.35,
        "low_score": 0.15,
        "match_iou": 0.25,
        "trust": 1.0,
        "confirm_frames": 1,
        "lost_s": 3.0,
    },
    "ByteTrack": {
        "track_activation_threshold": 0.35,
        "high_conf_det_threshold": 0.5,
        "minimum_iou_threshold": 0.3,
        "minimum_consecutive_frames": 2,
        "lost_track_buffer": 60,
        "per_class": True,
    },
    "OC-SORT": {
        "high_conf_det_threshold": 0.4,
        "minimum_iou_threshold": 0.1,
        "minimum_consecutive_frames": 1,
        "direction_consistency_weight": 0.1,
        "delta_t": 2,
        "lost_track_buffer": 60,
        "per_class": False,
    },
}
"""The best of 24 settings each by --tune, on PETS09-S2L1 and the streets 101 to 106."""

CHOICES: dict[str, dict[str, Sequence[Any]]] = {
    OURS: {
        "score": (0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
        "low_score": (0.1, 0.15, 0.2, 0.25),
        "match_iou": (0.1, 0.15, 0.2, 0.25, 0.3),
        "trust": (0.0, 0.5, 0.75, 1.0),
        "confirm_frames": (1, 2, 3),
        "lost_s": (1.0, 2.0, 3.0),
    },
    "ByteTrack": {
        "track_activation_threshold": (0.25, 0.35, 0.4, 0.5, 0.6, 0.7),
        "high_conf_det_threshold": (0.2, 0.3, 0.4, 0.5, 0.6),
        "minimum_iou_threshold": (0.05, 0.1, 0.2, 0.3),
        "minimum_consecutive_frames": (1, 2, 3),
        "lost_track_buffer": (30, 60, 90),
        "per_class": (False, True),
    },
    "OC-SORT": {
        "high_conf_det_threshold": (0.25, 0.3, 0.35, 0.4, 0.5, 0.6),
        "minimum_iou_threshold": (0.1, 0.15, 0.2, 0.3),
        "minimum_consecutive_frames": (1, 2, 3),
        "direction_consistency_weight": (0.0, 0.1, 0.2, 0.4),
        "delta_t": (1, 2, 3),
        "lost_track_buffer": (30, 60, 90),
        "per_class": (False, True),
    },
}
"""What --tune draws from: each tracker's own range, let down to the scores that this network gives."""


def mean_hota(row: Sequence[Outcome], sequences: Sequence[Given]) -> float:
    """Mean over the kinds of sequences of the mean over each kind's: ten streets do not outvote one clip."""
    kinds = sorted({given.scene.kind for given in sequences})
    return float(
        np.mean(
            [np.mean([o.hota for o, g in zip(row, sequences, strict=True) if g.scene.kind == kind]) for kind in kinds]
        )
    )


def tune(sequences: Sequence[Given], count: int, python: Path) -> None:
    """Print each tracker's best settings of count that are tried."""
    for tracker, choices in CHOICES.items():
        rng = np.random.default_rng(0)
        drawn = [{key: values[rng.integers(len(values))] for key, values in choices.items()} for _ in range(count - 1)]
        runs = [Run(tracker, tracker, settings) for settings in [{}, *drawn]]
        scores = [mean_hota(row, sequences) for row in outcomes(sequences, runs, python)]
        best = int(np.argmax(scores))
        print(f"{tracker}: HOTA {scores[0]:.4f} with the defaults, {scores[best]:.4f} with {runs[best].settings}")


def report(sequences: Sequence[Given], runs: Sequence[Run], python: Path) -> None:
    """Tables in Markdown: every sequence, then the means and what they differ by."""
    rows = outcomes(sequences, runs, python)
    figures = by_trackeval(rows, python)
    print("| sequence | tracker | HOTA | IDF1 | MOTA | DetA | AssA | switches | ms a frame |\n|---" + "|---" * 8 + "|")
    for i, given in enumerate(sequences):
        for run, row, scored in zip(runs, rows, figures, strict=True):
            print(f"| {given.scene.name} | {run.name} |", _cells([scored[i]], [row[i]]))
    kinds = {given.scene.kind for given in sequences}
    groups = [(f"mean of the {kind}s", {kind}) for kind in sorted(kinds)]
    for name, wanted in [*groups, ("mean of all", kinds)] if len(kinds) > 1 else groups:
        chosen = [i for i, given in enumerate(sequences) if given.scene.kind in wanted]
        for run, row, scored in zip(runs, rows, figures, strict=True):
            print(f"| {name} | {run.name} |", _cells([scored[i] for i in chosen], [row[i] for i in chosen]))
        _differences(name, runs, [[row[i] for i in chosen] for row in rows])


def _cells(scored: Sequence[dict[str, float]], row: Sequence[Outcome]) -> str:
    means = [f"{100 * np.mean([one[key] for one in scored]):.1f}" for key in ("hota", "idf1", "mota", "deta", "assa")]
    spent_ms = np.mean([one.spent_ms for one in row])
    return " | ".join([*means, str(sum(int(one["switches"]) for one in scored)), f"{spent_ms:.2f}"]) + " |"


def _differences(name: str, runs: Sequence[Run], rows: Sequence[Sequence[Outcome]]) -> None:
    """Our runs against the better of the others, by its mean."""
    means = [np.mean([one.hota for one in row]) for row in rows]
    rival = max((j for j, run in enumerate(runs) if run.tracker != OURS), key=lambda j: means[j])
    for j, run in enumerate(runs):
        if run.tracker == OURS:
            ours, theirs = [one.parts for one in rows[j]], [one.parts for one in rows[rival]]
            points = " ".join(f"{100 * value:+.1f}" for value in interval(ours, theirs))
            middle, low, high = points.split()
            print(f"| {name} | {run.name} - {runs[rival].name} | {middle} ({low} to {high}) |" + " |" * 6)


def main(arguments: Sequence[str] | None = None) -> None:
    """Tune, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", help="videos with NAME.gt.txt beside them")
    parser.add_argument(
        "--seeds", default="", help="of streets, below 1000: 7,9 or 201-208 (training takes those above)"
    )
    parser.add_argument("--street", default=STREET, help="what the streets are like; default %(default)s")
    parser.add_argument("--moving", action="store_true", help="see all but DAVIS clips through a moving window")
    parser.add_argument("--tune", type=int, metavar="N", help="try N settings of each tracker instead of comparing")
    parser.add_argument("--model", default="s", help="the network; default %(default)s")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="default %(default)s")
    asked = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    asked.cache.mkdir(parents=True, exist_ok=True)
    python, model = environment(asked.cache), ModelConfig(name=asked.model, threads=1)
    scenes = [clip_scene(clip) for clip in asked.clips]
    scenes += [street_scene(seed, asked.street) for seed in seeds(asked.seeds)]
    if asked.moving:
        scenes = [scene if scene.kind == "thing" else scene.through_window() for scene in scenes]
    if not scenes:
        parser.error("neither clips nor seeds")
    sequences = [give(scene, model, asked.cache) for scene in scenes]
    if asked.tune:
        tune(sequences, asked.tune, python)
        return
    runs = [Run(name, name, {}) for name in CHOSEN]
    runs += [Run(f"{name}, tuned", name, settings) for name, settings in CHOSEN.items()]
    still = {"camera_motion": False}
    runs += [
        Run(f"{run.name}, no camera motion", OURS, {**run.settings, **still}) for run in runs if run.tracker == OURS
    ]
    report(sequences, sorted(runs, key=lambda run: list(CHOSEN).index(run.tracker)), python)


def seeds(text: str) -> list[int]:
    """Numbers and ranges between commas."""
    ends = [[int(end) for end in part.split("-")] for part in text.split(",") if part]
    return [seed for part in ends for seed in range(part[0], part[-1] + 1) if seed < 1000]


if __name__ == "__main__":
    main()
