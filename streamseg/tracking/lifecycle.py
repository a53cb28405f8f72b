"""How one track changes from frame to frame: born, seen, unseen, held, confirmed; and what others see of it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from streamseg.geometry import Box, SoftMask
from streamseg.records import Track, TrackState
from streamseg.tracking.association import Indices, Sightings
from streamseg.tracking.detections import Detection
from streamseg.tracking.kalman import Motion
from streamseg.tracking.state import Outline, TrackMemory

TRUST_SHARE = 0.2
"""What the newest sighting counts for in a track's trust: a few weak ones are borne, a habit of them is not."""
OUTLINE_SIDE = 32
LOOK_SHARE = 0.1
"""What the newest sighting counts for in what a track looks like."""

F32 = npt.NDArray[np.float32]


def born(track_id: int, first: Detection, clock_ns: int) -> TrackMemory:
    """A track from its first detection."""
    return TrackMemory(
        id=track_id,
        motion=Motion.start(first.box).packed()[0],
        box=first.box,
        outline=outline(first.mask, first.box),
        appearance=first.appearance,
        votes={first.label: first.score},
        score=first.score,
        trust=first.score,
        seen_ns=clock_ns,
    )


def motion_of(tracks: Sequence[TrackMemory]) -> Motion:
    """The motion of N tracks, a row each."""
    return Motion.unpacked([track.motion for track in tracks])


def seen(
    track: TrackMemory, by: Detection, clock_ns: int, *, motion: bytes, appearance: bytes, twin: bool
) -> TrackMemory:
    """The track after a frame that shows it: its score votes for its label; twin: it lies on top of an older one."""
    return replace(
        track,
        motion=motion,
        box=by.box,
        outline=outline(by.mask, by.box),
        appearance=appearance,
        votes={**track.votes, by.label: track.votes.get(by.label, 0.0) + by.score},
        score=by.score,
        trust=track.trust + TRUST_SHARE * (by.score - track.trust),
        seen_ns=clock_ns,
        seen=True,
        age=track.age + 1,
        hits=track.hits + 1,
        twin_frames=track.twin_frames + 1 if twin else 0,
    )


def looks_of(tracks: Sequence[TrackMemory]) -> F32 | None:
    """What N tracks look like, float32 [N, E]; None where it is not known of all."""
    sizes = {len(track.appearance) for track in tracks}
    if len(sizes) != 1 or 0 in sizes:
        return None
    return np.frombuffer(b"".join([track.appearance for track in tracks]), np.float32).reshape(len(tracks), -1)


def looks_after(tracks: Sightings, found: Sightings, rows: Indices, columns: Indices) -> list[bytes]:
    """What tracks rows [K] look like once seen as detections columns [K]: running means, unit vectors again."""
    if found.appearance is None:
        return [b""] * len(rows)
    seen = found.appearance[columns]
    if tracks.appearance is not None and tracks.appearance.shape[1:] == seen.shape[1:]:
        seen = tracks.appearance[rows] * (1 - LOOK_SHARE) + seen * LOOK_SHARE
        seen /= np.maximum(np.sqrt((seen * seen).sum(axis=1, keepdims=True)), 1e-6)
    return [row.tobytes() for row in seen.astype(np.float32, copy=False)]


def confirmed(track: TrackMemory, frames: int, least_trust: float) -> TrackMemory:
    """The track, active from now on under its label if it was seen in so many frames, and clearly enough."""
    if track.confirmed_label is not None or track.hits < frames or track.trust < least_trust:
        return track
    return replace(track, confirmed_label=track.label)


def unseen(track: TrackMemory, expected: Box, motion: bytes) -> TrackMemory:
    """The track after a frame that does not show it where expected."""
    return replace(track, motion=motion, box=expected, seen=False, age=track.age + 1, twin_frames=0)


def held(track: TrackMemory, expected: Box, motion: bytes, clock_ns: int) -> TrackMemory:
    """The track after a frame the network did not look at: its state stays, that time does not count as unseen."""
    seen_ns = clock_ns if track.seen else track.seen_ns
    return replace(track, motion=motion, box=expected, age=track.age + 1, seen_ns=seen_ns)


def outline(mask: SoftMask, box: Box) -> Outline:
    """What is remembered of a mask: every so many-th sample, so that at most 32 x 32 are left."""
    height, width = mask.alpha.shape
    alpha, (x0, y0, x1, y1) = mask.alpha, map(float, mask.box)
    if height > OUTLINE_SIDE or width > OUTLINE_SIDE:
        down, right = -(-height // OUTLINE_SIDE), -(-width // OUTLINE_SIDE)
        alpha = alpha[down // 2 :: down, right // 2 :: right]
        # each sample stands for its block of cells, the last one too where the mask ends within it
        x1, y1 = x0 + (x1 - x0) * alpha.shape[1] * right / width, y0 + (y1 - y0) * alpha.shape[0] * down / height
    left, top, wide, high = box[0], box[1], box[2] - box[0], box[3] - box[1]
    place = ((x0 - left) / wide, (y0 - top) / high, (x1 - left) / wide, (y1 - top) / high)
    return Outline(alpha.tobytes(), alpha.shape[1], place)


def remembered_mask(track: TrackMemory, box: Box) -> SoftMask:
    """The track's last outline, laid over box."""
    alpha = np.frombuffer(track.outline.alpha, np.uint8).reshape(-1, track.outline.width)
    left, top, wide, high = box[0], box[1], box[2] - box[0], box[3] - box[1]
    x0, y0, x1, y1 = track.outline.place
    return SoftMask(alpha, (left + wide * x0, top + high * y0, left + wide * x1, top + high * y1))


def record(track: TrackMemory, mask: SoftMask | None, least_trust: float) -> Track:
    """The track as sinks see it; lost ones, and those seen too weakly for too long to be believed, show no mask."""
    state: TrackState = "lost"
    if track.seen and track.confirmed_label is None:
        state = "tentative"
    elif track.seen and track.trust >= least_trust:
        state = "active"
    shown = None if state == "lost" else mask
    # by position: there are many of them, and keywords take a third longer
    return Track(
        track.id, track.label, track.score, track.box, state, shown, track.confirmed_label, track.age, track.hits
    )
