"""Recorded tracks in the place of a tracker: they come as they were, and what is due is cut out anew."""

from collections.abc import Collection
from dataclasses import replace as changed

import cv2
import numpy as np
from msgspec.structs import replace

from streamseg.geometry import U8, Box, SoftMask, rle_decode
from streamseg.inference.strides import MASK_STRIDE
from streamseg.preprocess.fit_view import FitView
from streamseg.recorded import RecordedObject, RecordedObjects, utc_ns
from streamseg.records import Extraction, Flow, Frame, Instances, Track
from streamseg.tracking.cutouts import CutoutPlan
from streamseg.tracking.state import Outline, TrackMemory

_SOFT_CELLS = 0.7
"""Standard deviation of the blur after which mattes are closest to those from a network's own masks."""


class Replay:
    """One stream's tracks from a recording; every frame that it is given must have its line there.

    Masks in files are sharp. Those that objects are cut out by are made as coarse and soft again as a network's are.

    Args:
        recorded: what is known of the frames.
        plan: which objects are cut out, and how.
        fit: how the network saw the frames.
        classes: only these are shown; None: all.
    """

    def __init__(
        self, recorded: RecordedObjects, plan: CutoutPlan, fit: FitView, *, classes: Collection[str] | None = None
    ):
        self._recorded, self._plan, self._fit, self._classes = recorded, plan, fit, classes
        self._memory: dict[int, TrackMemory] = {}
        self._clock_ns, self._pts_ns = 0, 0
        self._begun = False

    def update(self, frame: Frame, instances: Instances | None, flow: Flow | None = None) -> Extraction:
        """The extraction of a frame; what a network found in it, or how the picture moved, does not matter."""
        step_ns = max(0, frame.pts_ns - self._pts_ns) if self._begun else 0
        self._clock_ns, self._pts_ns, self._begun = self._clock_ns + step_ns, frame.pts_ns, True
        line = self._recorded.of_seq(frame.seq)
        found = [one for one in line.objects if self._classes is None or one.label in self._classes]
        tracks = [self._remember(one) for one in found]
        records = tuple(_track(track, one) for track, one in zip(tracks, found, strict=True))
        scale_xy = self._fit.fit(frame).scale_xy
        shown = [changed(record, mask=_softened(record.mask, scale_xy)) for record in records]
        harvest = self._plan(frame, tracks, shown=shown, clock_ns=self._clock_ns, step_ns=step_ns)
        self._memory = {track.id: track for track in harvest.tracks}
        return Extraction(_timed(frame, line.time), records, harvest.cutouts, looked=line.looked)

    def _remember(self, one: RecordedObject) -> TrackMemory:
        """A track after a frame, as far as a plan for cut-outs wants to know it."""
        seen, box, before = one.state != "lost", _box(one), self._memory.get(one.id)
        if before is None:
            outline = Outline(b"", 0, (0.0, 0.0, 1.0, 1.0))
            confirmed = one.label if one.state == "active" else None
            return TrackMemory(
                one.id, b"", box, outline, b"", {one.label: 1.0}, one.score, one.score, self._clock_ns, seen,
                confirmed_label=confirmed,
            )  # fmt: skip
        return replace(
            before,
            box=box,
            votes={one.label: 1.0},
            score=one.score,
            seen=seen,
            age=before.age + 1,
            hits=before.hits + seen,
            confirmed_label=before.confirmed_label or (one.label if one.state == "active" else None),
        )


def _timed(frame: Frame, time: str | None) -> Frame:
    """The frame with the wall time that was recorded, of which a copy of a live stream knows nothing."""
    if time is None or (frame.wall_ns is not None and frame.wall_ns // 1000 == utc_ns(time) // 1000):
        return frame
    return changed(frame, wall_ns=utc_ns(time), wall_quality="host")


def _track(track: TrackMemory, one: RecordedObject) -> Track:
    mask = None
    if one.mask is not None and one.mask_offset is not None:
        (height, width), (x, y) = one.mask.size, one.mask_offset
        alpha: U8 = rle_decode(one.mask.counts, one.mask.size) * np.uint8(255)
        mask = SoftMask(alpha, (float(x), float(y), float(x + width), float(y + height)))
    return Track(
        id=one.id,
        label=one.label,
        score=one.score,
        box=track.box,
        state=one.state,
        mask=mask,
        confirmed_label=track.confirmed_label,
        age=track.age,
        hits=track.hits,
    )


def _box(one: RecordedObject) -> Box:
    x, y, width, height = one.box
    return x, y, x + width, y + height


def _softened(mask: SoftMask | None, scale_xy: tuple[float, float]) -> SoftMask | None:
    """A sharp mask at the resolution that a network's prototypes have."""
    if mask is None:
        return None
    height, width = mask.alpha.shape
    columns, rows = (
        max(1, round(side * scale / MASK_STRIDE)) for side, scale in zip((width, height), scale_xy, strict=True)
    )
    if columns >= width or rows >= height:
        return mask
    coarse = cv2.resize(mask.alpha, (columns, rows), interpolation=cv2.INTER_AREA)
    return SoftMask(cv2.GaussianBlur(coarse, (0, 0), _SOFT_CELLS, borderType=cv2.BORDER_REPLICATE), mask.box)
