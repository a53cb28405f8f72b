"""Runs of identity.py: our tracker here, the others and TrackEval in an environment of their own."""

import json
import subprocess
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from streamseg.config import CutoutsConfig, ModelConfig, TrackingConfig
from streamseg.evaluation.identities import Sight, judge
from streamseg.records import Frame, Planes
from streamseg.tracking import ObjectTracker
from streamseg.tracking.cutouts import CutoutPlan
from tests.bench.identity_scores import Parts, Tracks, hota_parts, sights
from tests.bench.identity_sequences import Detected, Scene, Truths, detections_of, read_detections, truth_of

PINNED = ("trackers==2.6.1", "trackeval==1.3.0", "numpy==2.4.6", "scipy==1.17.1", "supervision==0.31.2")
SEGMENT_S = 2.0
OURS = "streamseg"
Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """A sequence as the trackers get it."""

    scene: Scene
    file: Path
    detected: Detected
    truths: Truths


@dataclass(frozen=True, slots=True)
class Run:
    """A tracker with its settings; tracker is one of CHOICES."""

    name: str
    tracker: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tracker made of a sequence."""

    seen: list[Sight]
    parts: Parts
    spent_ms: float
    hota: float


def give(scene: Scene, model: ModelConfig, cache: Path) -> Given:
    """Find, or read again, what the network finds in a scene."""
    file = detections_of(scene, model, cache)
    detected = read_detections(scene, file, cache)
    return Given(scene, file, detected, truth_of(scene, detected.pts_ns, detected.labels, cache))


def run_ours(given: Given, settings: Settings) -> Tracks:
    """Our tracker over a sequence; what it shows are its active tracks."""
    plain = dict(settings)
    score = plain.pop("score", ModelConfig().score)
    detected, rows, spent_ms = given.detected, [], []
    tracking = TrackingConfig(**plain)
    tracker = ObjectTracker(detected.labels, tracking, CutoutPlan(CutoutsConfig(every="none")), score=score)
    height, width = detected.size_hw
    black, chroma = np.zeros((height, width), np.uint8), np.zeros(((height + 1) // 2, (width + 1) // 2), np.uint8)
    for seq, (pts_ns, found) in enumerate(zip(detected.pts_ns.tolist(), detected.instances, strict=True)):
        # a plane made for nothing would only drive the tracker's own data out of the processor's caches
        luma = detected.luma(seq) if tracking.camera_motion else black
        frame = Frame("scene", seq, pts_ns, Planes(luma, chroma, chroma))
        began = time.process_time_ns()
        shown = tracker.update(frame, found).tracks
        spent_ms.append((time.process_time_ns() - began) / 1e6)
        rows += [(seq, t.id, *t.box, detected.labels.index(t.label)) for t in shown if t.state == "active"]
    table = np.array(rows, np.float64).reshape(-1, 7)
    frame, identity, label = (table[:, i].astype(np.int64) for i in (0, 1, 6))
    return Tracks(frame, identity, table[:, 2:6], label, np.array(spent_ms))


def run_theirs(sequences: Sequence[Given], runs: Sequence[Run], python: Path) -> dict[tuple[int, int], Tracks]:
    """The rivals' runs, all in one process of theirs: tracks by number of sequence and run."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = [
            {
                "tracker": run.tracker,
                "settings": run.settings,
                "detections": str(given.file),
                "people": given.scene.people,
                "out": f"{folder}/{i}-{j}.npz",
            }
            for i, given in enumerate(sequences)
            for j, run in enumerate(runs)
            if run.tracker != OURS
        ]
        _ask(python, "track", jobs, Path(folder))
        return {
            (i, j): _their_tracks(given.detected, Path(folder) / f"{i}-{j}.npz")
            for i, given in enumerate(sequences)
            for j, run in enumerate(runs)
            if run.tracker != OURS
        }


def _their_tracks(detected: Detected, file: Path) -> Tracks:
    """Rows of detections with ids, as tracks whose class is the one with the greatest sum of scores so far."""
    with np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored)
    boxes, scores, labels = (
        np.concatenate([getattr(found, part) for found in detected.instances]) for part in ("boxes", "scores", "labels")
    )
    votes = {identity: np.zeros(len(detected.labels)) for identity in arrays["id"].tolist()}
    voted = np.zeros(len(arrays["id"]), np.int64)
    for i, (identity, row) in enumerate(zip(arrays["id"].tolist(), arrays["row"].tolist(), strict=True)):
        votes[identity][labels[row]] += scores[row]
        voted[i] = votes[identity].argmax()
    return Tracks(arrays["frame"], arrays["id"], boxes[arrays["row"]].astype(float), voted, arrays["spent_ms"])


def outcomes(sequences: Sequence[Given], runs: Sequence[Run], python: Path) -> list[list[Outcome]]:
    """Every run over every sequence: [runs][sequences]."""
    theirs = run_theirs(sequences, runs, python)
    return [
        [
            _outcome(given, run_ours(given, run.settings) if run.tracker == OURS else theirs[i, j])
            for i, given in enumerate(sequences)
        ]
        for j, run in enumerate(runs)
    ]


def _outcome(given: Given, tracks: Tracks) -> Outcome:
    seen = sights(given.truths, tracks, len(given.detected.pts_ns))
    parts = hota_parts(seen, max(1, round(SEGMENT_S * given.detected.fps)))
    return Outcome(seen, parts, float(np.median(tracks.spent_ms)), parts.hota())


def by_trackeval(outcomes: Sequence[Sequence[Outcome]], python: Path) -> list[list[dict[str, float]]]:
    """TrackEval's figures, [runs][sequences]; its HOTA must be what the bootstrap adds up."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for one in (one for row in outcomes for one in row):
            files.append(f"{folder}/{len(files)}.npz")
            np.savez(
                files[-1],
                truth_count=[len(sight.truths) for sight in one.seen],
                track_count=[len(sight.tracks) for sight in one.seen],
                truth_id=_from_zero([sight.truths for sight in one.seen]),
                track_id=_from_zero([sight.tracks for sight in one.seen]),
                overlap=np.concatenate([sight.overlap.ravel() for sight in one.seen]),
            )
        lines = [json.loads(line) for line in _ask(python, "score", files, Path(folder)).splitlines()]
    figures = [[lines.pop(0) for _ in row] for row in outcomes]
    for scored, row in zip(figures, outcomes, strict=True):
        for theirs, one in zip(scored, row, strict=True):
            own = judge(one.seen)
            assert np.allclose([theirs["hota"]] * 2, [one.hota, own.hota], atol=1e-6), (theirs, one.hota, own)
            assert np.allclose([theirs["idf1"], theirs["mota"]], [own.idf1, own.mota], atol=1e-6), (theirs, own)
    return figures


def _from_zero(ids: Sequence[Any]) -> Any:
    return np.unique(np.concatenate(ids), return_inverse=True)[1]


def _ask(python: Path, command: str, jobs: Sequence[Any], folder: Path) -> str:
    file = folder / "jobs.json"
    file.write_text(json.dumps(jobs), encoding="utf-8")
    script = Path(__file__).with_name("identity_rivals.py")
    return subprocess.run([python, script, command, file], check=True, stdout=subprocess.PIPE, text=True).stdout


def environment(cache: Path) -> Path:
    """Python with PINNED packages, installed apart from ours: they bring an OpenCV that would replace ours."""
    folder = cache / "rivals"
    python, note = folder / "bin" / "python", folder / "installed.txt"
    if not note.exists() or note.read_text(encoding="utf-8") != "\n".join(PINNED):
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
        note.write_text("\n".join(PINNED), encoding="utf-8")
    return python
