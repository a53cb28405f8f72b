"""Instances of a stream's frames to objects with identity, and the cut-outs of those that are due."""

from collections.abc import Collection, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from streamseg.config import Config, StreamConfig, TrackingConfig
from streamseg.geometry import Box, SoftMask
from streamseg.records import Extraction, Flow, Frame, Instances
from streamseg.tracking import lifecycle
from streamseg.tracking.association import Sightings
from streamseg.tracking.camera_motion import CameraView, Similarity, camera_motion
from streamseg.tracking.carrying import Carried, Sights, carry, is_still
from streamseg.tracking.cutouts import CutoutPlan
from streamseg.tracking.detections import Acceptance, Detections
from streamseg.tracking.matching import Expected, Matcher, Matches, Remembered
from streamseg.tracking.state import TrackerState, TrackMemory

_MIN_VISIBLE = 0.25
"""A track ends unseen when less of its predicted box lies in the frame."""
_TWIN_FRAMES = 5
"""A track ends after lying on an older one for so many frames in a row."""


class _Scene(msgspec.Struct, frozen=True):
    """Tracks after the frame by rising id, and the masks of those that can be shown, by id."""

    tracks: list[TrackMemory]
    masks: dict[int, SoftMask]


class ObjectTracker:
    """One stream's tracker: predicts, associates, keeps the tracks' lives, cuts out what is due.

    Args:
        labels: the network's class names, which Instances.labels index.
        tracking: when a track begins, goes on and ends.
        plan: which objects are cut out, and how.
        score: lowest score (0..1) that starts a track; from tracking.low_score on a detection may continue one.
        classes: only these are tracked; None: all.
        carries: there are frames that the network is not meant to look at; masks are kept for them.
        state: where a predecessor stopped; None: a fresh stream.
    """

    def __init__(
        self,
        labels: Sequence[str],
        tracking: TrackingConfig,
        plan: CutoutPlan,
        *,
        score: float,
        classes: Collection[str] | None = None,
        carries: bool = False,
        state: TrackerState | None = None,
    ):
        self._label_index = {name: index for index, name in enumerate(labels)}
        self._accept = Acceptance.of(labels, classes, min(score, tracking.low_score))
        self._tracking = tracking
        self._match = Matcher(tracking, score)
        self._least_trust = score * tracking.trust
        self._plan = plan
        self._carries = carries
        self._state = state if state is not None else TrackerState()

    @classmethod
    def of(
        cls, stream: StreamConfig, config: Config, labels: Sequence[str], state: TrackerState | None = None
    ) -> "ObjectTracker":
        """A stream's tracker, as the configuration has it."""
        score, classes = config.score_of(stream), config.classes_of(stream)
        plan = CutoutPlan.of(stream, config)
        carries = config.model.detect_every != 1
        return cls(labels, config.tracking, plan, score=score, classes=classes, carries=carries, state=state)

    @property
    def state(self) -> TrackerState:
        """All that a successor needs to go on after the last frame: a value that never changes."""
        return self._state

    def update(
        self, frame: Frame, instances: Instances | None, flow: Flow | None = None, *, plain: bool = False
    ) -> Extraction:
        """Take the stream's next frame and what the network found in it (None: it was not run).

        The extraction lists every tentative, active and lost track by rising id. Without instances their state stays,
        and nothing is cut out: they and their masks move along with the picture since the network looked last, where
        flow tells how, else as they are expected to. plain: for want of time cut-outs have their mask's own alpha.
        """
        before = self._state
        step_ns = 0 if before.pts_ns is None else max(0, frame.pts_ns - before.pts_ns)
        clock_ns = before.clock_ns + step_ns
        view = self._look(frame, before.tracks)
        expected = self._expect(step_ns, clock_ns, frame.size_hw, self._camera_motion(view))
        sights = before.sights
        if instances is None:
            scene = _hold(expected, clock_ns, carry(sights, flow), still=is_still(flow))
        else:
            scene = self._observe(expected, self._accept(instances, frame.size_hw), clock_ns)
            if self._carries:
                sights = Sights.of(frame.seq, {track.id: track.box for track in scene.tracks}, scene.masks)
        next_id = max([before.next_id, *(track.id + 1 for track in scene.tracks)])
        records = tuple(lifecycle.record(track, scene.masks.get(track.id), self._least_trust) for track in scene.tracks)
        shown = records if instances is not None else ()
        harvest = self._plan(frame, scene.tracks, shown=shown, clock_ns=clock_ns, step_ns=step_ns, plain=plain)
        kept = view if view and harvest.tracks else self._look(frame, harvest.tracks)
        self._state = TrackerState(next_id, clock_ns, frame.pts_ns, harvest.tracks, kept, sights)
        degraded = ("matte",) if plain and harvest.cutouts else ()
        return Extraction(frame, records, harvest.cutouts, degraded, looked=instances is not None)

    def _look(self, frame: Frame, tracks: Sequence[TrackMemory]) -> CameraView | None:
        """What the camera's motion is seen by, where there are tracks that it matters to."""
        return CameraView.of(frame.planes.y) if tracks and self._tracking.camera_motion else None

    def _camera_motion(self, view: CameraView | None) -> Similarity | None:
        """How the background moved since the last frame."""
        before = self._state
        if view is None or before.view is None:
            return None
        return camera_motion(before.view, view, [track.box for track in before.tracks])

    def _expect(self, step_ns: int, clock_ns: int, size_hw: tuple[int, int], camera: Similarity | None) -> Expected:
        """Where the tracks should be now; those unseen for too long have ended."""
        lost_ns = self._tracking.lost_s * 1e9
        tracks = [track for track in self._state.tracks if clock_ns - track.seen_ns <= lost_ns]
        unseen = np.array([not track.seen for track in tracks], bool)
        motion = lifecycle.motion_of(tracks).predict(step_ns / 1e9, unseen)
        labels = np.array([self._label_index.get(track.label, -1) for track in tracks], np.intp)
        looks, along = lifecycle.looks_of(tracks), None
        if camera is not None:
            along = Sightings(motion.boxes, labels, Remembered(tracks, motion.boxes), looks)
            motion = motion.moved(camera.linear, camera.shift)
        boxes = motion.boxes
        clipped = np.minimum(np.maximum(boxes, 0), (*size_hw[::-1], *size_hw[::-1]))
        visible = (clipped[:, 2:] - clipped[:, :2]) / motion.known[:, 0, 2:]
        inside = visible[:, 0] * visible[:, 1] >= _MIN_VISIBLE
        where = Sightings(boxes, labels, Remembered(tracks, boxes), looks)
        return Expected(tracks, motion, where, list(map(tuple, clipped.tolist())), inside, unseen, along)

    def _observe(self, expected: Expected, found: Detections, clock_ns: int) -> _Scene:
        """Bring tracks and detections together: who was seen, who is missing, who is new."""
        matches = self._match(expected, found, clock_ns)
        scene = _follow(expected, found, matches, clock_ns)
        for track_id, detection in enumerate(found.take(matches.fresh), self._state.next_id):
            scene.masks[track_id] = detection.mask
            scene.tracks.append(lifecycle.born(track_id, detection, clock_ns))
        frames, trust = self._tracking.confirm_frames, self._least_trust
        return _Scene([lifecycle.confirmed(track, frames, trust) for track in scene.tracks], scene.masks)


def _follow(expected: Expected, found: Detections, matches: Matches, clock_ns: int) -> _Scene:
    """The known tracks after a frame.

    Ended are tentative tracks unseen twice running or known to be an older track, tracks that left the frame, and
    those seen for long on top of an older one.
    """
    column_of, scene, older = matches.column_of, _Scene([], {}), set[int]()
    rows, columns = np.array(list(column_of), np.intp), np.array(list(column_of.values()), np.intp)
    motion = expected.motion.correct(rows, found.where.boxes[columns]).packed()
    seen = dict(zip(column_of, found.take(columns), strict=True))
    looks = dict(zip(column_of, lifecycle.looks_after(expected.where, found.where, rows, columns), strict=True))
    for row, track in enumerate(expected.tracks):
        if row in seen:
            twin = not older.isdisjoint(matches.twins.get(column_of[row], ()))
            older.add(column_of[row])
            after = lifecycle.seen(track, seen[row], clock_ns, motion=motion[row], appearance=looks[row], twin=twin)
            if after.twin_frames >= _TWIN_FRAMES:
                continue
            scene.masks[track.id] = seen[row].mask
        elif row not in matches.absorbed and expected.inside[row] and (track.confirmed_label is not None or track.seen):
            after = lifecycle.unseen(track, expected.clipped[row], motion[row])
        else:
            continue
        scene.tracks.append(after)
    return scene


def _hold(expected: Expected, clock_ns: int, carried: dict[int, Carried], *, still: bool) -> _Scene:
    """The scene of a frame the network did not look at: tracks move as they are expected to, and with the picture.

    Their motion learns from it only where the picture stands still: else what the flow says is no second opinion, but
    the last look's again, with its errors.
    """
    scene, motion = _Scene([], {}), expected.motion
    if still:
        known = [row for row, track in enumerate(expected.tracks) if track.id in carried]
        motion = motion.correct(np.array(known, np.intp), [carried[expected.tracks[row].id].box for row in known])
    boxes, packed = motion.boxes, motion.packed()
    for row, (track, clipped) in enumerate(zip(expected.tracks, expected.clipped, strict=True)):
        along = carried.get(track.id)
        if along is not None:
            box = along.box if still else _between(along.box, boxes[row])
            mask = along.mask
        elif expected.inside[row]:
            box, mask = clipped, lifecycle.remembered_mask(track, clipped)
        else:
            continue
        scene.tracks.append(lifecycle.held(track, box, packed[row], clock_ns))
        scene.masks[track.id] = mask
    return scene


def _between(one: Box, other: npt.NDArray[np.float64]) -> Box:
    x0, y0, x1, y1 = ((np.array(one) + other) / 2).tolist()
    return x0, y0, x1, y1
