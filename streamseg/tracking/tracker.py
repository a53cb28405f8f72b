"""Instances of a stream's frames to objects with identity, and the cut-outs of those that are due."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.config import Config, CutoutsConfig, StreamConfig, TrackingConfig
from streamseg.geometry import Box, SoftMask
from streamseg.records import Extraction, Frame, Instances
from streamseg.tracking import lifecycle
from streamseg.tracking.association import Pairs, Sightings, assign, coincident, overlaps
from streamseg.tracking.cutouts import CutoutPlan
from streamseg.tracking.detections import Acceptance, Detections
from streamseg.tracking.kalman import Motion
from streamseg.tracking.state import TrackerState, TrackMemory

BoolMatrix = npt.NDArray[np.bool_]

_MIN_VISIBLE = 0.25
"""A track ends unseen when less of its predicted box lies in the frame."""
_LOST_DISCOUNT = 0.8
_TWIN_FRAMES = 5
"""A track ends after lying on an older one for so many frames in a row."""


@dataclass(frozen=True, slots=True)
class _Expected:
    """N tracks moved on to the frame's time: motion, boxes clipped to the frame, and who is still in it (bool [N])."""

    tracks: list[TrackMemory]
    motion: Motion
    boxes: list[Box]
    inside: BoolMatrix


@dataclass(frozen=True, slots=True)
class _Scene:
    """Tracks after the frame by rising id, and the masks of those that can be shown, by id."""

    tracks: list[TrackMemory]
    masks: dict[int, SoftMask]


class ObjectTracker:
    """One stream's tracker: predicts, associates, keeps the tracks' lives, cuts out what is due.

    Args:
        labels: the network's class names, which Instances.labels index.
        tracking: when a track begins, goes on and ends.
        cutouts: which objects are cut out, and how.
        score: lowest score (0..1) that starts a track; from tracking.low_score on a detection may continue one.
        classes: only these are tracked; None: all.
        state: where a predecessor stopped; None: a fresh stream.
    """

    def __init__(
        self,
        labels: Sequence[str],
        tracking: TrackingConfig,
        cutouts: CutoutsConfig,
        *,
        score: float,
        classes: Collection[str] | None = None,
        state: TrackerState | None = None,
    ):
        self._label_index = {name: index for index, name in enumerate(labels)}
        self._accept = Acceptance.of(labels, classes, min(score, tracking.low_score))
        self._tracking = tracking
        self._score = score
        self._least_trust = score * tracking.trust
        self._plan = CutoutPlan(cutouts)
        self._state = state if state is not None else TrackerState()

    @classmethod
    def of(
        cls, stream: StreamConfig, config: Config, labels: Sequence[str], state: TrackerState | None = None
    ) -> "ObjectTracker":
        """A stream's tracker, as the configuration has it."""
        score, classes = config.score_of(stream), config.classes_of(stream)
        return cls(labels, config.tracking, config.cutouts, score=score, classes=classes, state=state)

    @property
    def state(self) -> TrackerState:
        """All that a successor needs to go on after the last frame: a value that never changes."""
        return self._state

    def update(self, frame: Frame, instances: Instances | None) -> Extraction:
        """Take the stream's next frame and what the network found in it (None: it was not run).

        The extraction lists every tentative, active and lost track by rising id. Without instances tracks are only
        predicted: their state stays, their masks are the last outlines moved along, and nothing is cut out.
        """
        before = self._state
        step_ns = 0 if before.pts_ns is None else max(0, frame.pts_ns - before.pts_ns)
        clock_ns = before.clock_ns + step_ns
        expected = self._expect(step_ns, clock_ns, frame.size_hw)
        if instances is None:
            scene = _hold(expected, clock_ns)
        else:
            scene = self._observe(expected, self._accept(instances, frame.size_hw), clock_ns)
        next_id = max([before.next_id, *(track.id + 1 for track in scene.tracks)])
        records = tuple(lifecycle.record(track, scene.masks.get(track.id), self._least_trust) for track in scene.tracks)
        shown = records if instances is not None else ()
        harvest = self._plan(frame, scene.tracks, shown=shown, clock_ns=clock_ns)
        self._state = TrackerState(next_id, clock_ns, frame.pts_ns, harvest.tracks)
        return Extraction(frame, records, harvest.cutouts)

    def _expect(self, step_ns: int, clock_ns: int, size_hw: tuple[int, int]) -> _Expected:
        """Where the tracks should be now; those unseen for too long have ended."""
        lost_ns = self._tracking.lost_s * 1e9
        tracks = [track for track in self._state.tracks if clock_ns - track.seen_ns <= lost_ns]
        unseen = np.array([not track.seen for track in tracks], bool)
        motion = lifecycle.motion_of(tracks).predict(step_ns / 1e9, unseen)
        boxes = motion.boxes
        clipped = np.clip(boxes, 0, np.tile(size_hw[::-1], 2))
        visible = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1) / np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
        return _Expected(tracks, motion, [_box(row) for row in clipped], visible >= _MIN_VISIBLE)

    def _observe(self, expected: _Expected, found: Detections, clock_ns: int) -> _Scene:
        """Bring tracks and detections together: who was seen, who is missing, who is new."""
        column_of = dict(self._match(expected, found))
        same = coincident(found.where)
        scene = _follow(expected, found, column_of, same=same, clock_ns=clock_ns)
        newcomers = _newcomers(same, np.flatnonzero(found.scores >= self._score), list(column_of.values()))
        for track_id, column in enumerate(newcomers, self._state.next_id):
            detection = found[column]
            scene.masks[track_id] = detection.mask
            born = lifecycle.born(track_id, detection, clock_ns)
            scene.tracks.append(lifecycle.moved(born, Motion.start(detection.box), 0))
        frames, trust = self._tracking.confirm_frames, self._least_trust
        return _Scene([lifecycle.confirmed(track, frames, trust) for track in scene.tracks], scene.masks)

    def _match(self, expected: _Expected, found: Detections) -> Pairs:
        """Strong detections choose among all tracks, weak ones among those left over (Zhang et al. 2022, section 3).

        A track just seen goes before a lost one, whose place is a guess.
        """
        tracks, boxes = expected.tracks, expected.motion.boxes
        labels = np.array([self._label_index.get(track.label, -1) for track in tracks], np.intp)
        masks = [lifecycle.remembered_mask(track, _box(box)) for track, box in zip(tracks, boxes, strict=True)]
        fit = overlaps(Sightings(boxes, labels, masks), found.where, self._tracking.match_iou)
        fit[[not track.seen for track in tracks]] *= _LOST_DISCOUNT
        strong = found.scores >= self._score
        pairs = assign(fit, np.arange(len(tracks)), np.flatnonzero(strong))
        left = np.setdiff1d(np.arange(len(tracks)), [row for row, _ in pairs])
        return pairs + assign(fit, left, np.flatnonzero(~strong))


def _follow(
    expected: _Expected, found: Detections, column_of: dict[int, int], *, same: BoolMatrix, clock_ns: int
) -> _Scene:
    """The known tracks after a frame in which track row was seen as detection column_of[row], or not at all.

    Ended are tentative tracks unseen twice running, tracks that left the frame, and those seen for long on top of an
    older one.
    """
    columns = list(column_of.values())
    motion = expected.motion.correct(np.array(list(column_of), np.intp), found.where.boxes[columns])
    scene, older = _Scene([], {}), list[int]()
    for row, track in enumerate(expected.tracks):
        if row in column_of:
            detection, twin = found[column_of[row]], bool(same[column_of[row], older].any())
            older.append(column_of[row])
            after = lifecycle.doubled(lifecycle.seen(track, detection, clock_ns), twin)
            if after.twin_frames >= _TWIN_FRAMES:
                continue
            scene.masks[track.id] = detection.mask
        elif expected.inside[row] and (track.confirmed_label is not None or track.seen):
            after = lifecycle.unseen(track, expected.boxes[row])
        else:
            continue
        scene.tracks.append(lifecycle.moved(after, motion, row))
    return scene


def _newcomers(same: BoolMatrix, strong: Iterable[int], taken: Sequence[int]) -> Iterator[int]:
    """The strong detections that start a track: neither taken nor on top of one that is followed."""
    known = list(taken)
    for column in map(int, strong):
        if column not in known and not same[column, known].any():
            known.append(column)
            yield column


def _hold(expected: _Expected, clock_ns: int) -> _Scene:
    """The scene of a frame the network did not look at."""
    tracks: list[TrackMemory] = []
    masks: dict[int, SoftMask] = {}
    for row, (track, box) in enumerate(zip(expected.tracks, expected.boxes, strict=True)):
        if expected.inside[row]:
            tracks.append(lifecycle.moved(lifecycle.held(track, box, clock_ns), expected.motion, row))
            masks[track.id] = lifecycle.remembered_mask(track, box)
    return _Scene(tracks, masks)


def _box(row: npt.NDArray[np.float64]) -> Box:
    x0, y0, x1, y1 = row.tolist()
    return x0, y0, x1, y1
