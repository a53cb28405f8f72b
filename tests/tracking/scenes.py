"""Small hand-made scenes for the tracking tests: blank frames, elliptical objects, a driver that feeds a tracker."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from streamseg.config import BestShotConfig, CutoutsConfig, TrackingConfig
from streamseg.geometry import Box, SoftMask
from streamseg.pixels import planes_from_rgb
from streamseg.records import U8, Color, Extraction, Frame, Instances, Planes
from streamseg.tracking import ObjectTracker, TrackerState
from streamseg.tracking.cutouts import CutoutPlan

LABELS = ("person", "vehicle", "animal")
SIZE_HW = (240, 320)
CENTERED = Color(chroma_site="center")
_half = (SIZE_HW[0] // 2, SIZE_HW[1] // 2)
BLANK = Planes(np.full(SIZE_HW, 90, np.uint8), np.full(_half, 128, np.uint8), np.full(_half, 128, np.uint8))

Found = tuple[Box, float, str]


def blank_frame(seq: int, pts_s: float) -> Frame:
    return Frame("cam", seq, round(pts_s * 1e9), BLANK)


def rgb_frame(rgb: U8, seq: int = 0, pts_s: float = 0.0) -> Frame:
    return Frame("cam", seq, round(pts_s * 1e9), planes_from_rgb(rgb, CENTERED), CENTERED)


def ellipse_mask(box: Box, side: int = 16) -> SoftMask:
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side * 2 - 1
    return SoftMask(np.where(rows**2 + columns**2 < 1, 255, 0).astype(np.uint8), box)


def instances(found: Sequence[Found]) -> Instances:
    """Detections of (box, score, label), best score first, with elliptical masks."""
    ordered = sorted(found, key=lambda item: -item[1])
    return Instances(
        np.array([box for box, _, _ in ordered], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in ordered], np.float32),
        np.array([LABELS.index(label) for _, _, label in ordered], np.int32),
        tuple(ellipse_mask(box) for box, _, _ in ordered),
    )


def person(x: float, y: float = 100.0, score: float = 0.9, label: str = "person") -> Found:
    """A 30 x 60 object whose upper left corner is x, y."""
    return (x, y, x + 30, y + 60), score, label


def make_tracker(
    *,
    tracking: TrackingConfig | None = None,
    every: float | str = "none",
    score: float = 0.35,
    classes: Sequence[str] | None = None,
    state: TrackerState | None = None,
    **best_shot: Any,
) -> ObjectTracker:
    """A tracker that confirms a track at its third sighting, unless tracking says otherwise.

    best_shot: keys of that section.
    """
    plan = CutoutPlan(CutoutsConfig.model_validate({"every": every}), BestShotConfig.model_validate(best_shot))
    tracking = tracking or TrackingConfig(confirm_frames=3)
    return ObjectTracker(LABELS, tracking, plan, score=score, classes=classes, state=state)


def feed(
    tracker: ObjectTracker, frames: Sequence[Sequence[Found] | None], *, fps: float = 25.0, first: int = 0
) -> list[Extraction]:
    """Update the tracker frame by frame; None: the network was not run."""
    return [
        tracker.update(blank_frame(first + i, (first + i) / fps), None if found is None else instances(found))
        for i, found in enumerate(frames)
    ]
