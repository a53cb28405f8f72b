"""How one track changes from frame to frame: born, moved, seen, unseen, held, confirmed; and what others see of it."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from streamseg.geometry import Box, SoftMask
from streamseg.records import Track, TrackState
from streamseg.tracking.association import SILHOUETTE_SIDE, silhouette
from streamseg.tracking.detections import Detection
from streamseg.tracking.kalman import Motion
from streamseg.tracking.state import TrackMemory

TRUST_SHARE = 0.2
"""What the newest sighting counts for in a track's trust: a few weak ones are borne, a habit of them is not."""


def born(track_id: int, first: Detection, clock_ns: int) -> TrackMemory:
    """A track from its first detection, without motion yet."""
    return TrackMemory(
        id=track_id,
        mean=(),
        covariance=(),
        box=first.box,
        silhouette=silhouette(first.mask, first.box).tobytes(),
        votes={first.label: first.score},
        score=first.score,
        trust=first.score,
        seen_ns=clock_ns,
    )


def motion_of(tracks: Sequence[TrackMemory]) -> Motion:
    """The motion of N tracks, a row each."""
    means = np.array([track.mean for track in tracks], np.float64).reshape(-1, 8)
    covariances = np.array([track.covariance for track in tracks], np.float64).reshape(-1, 12)
    return Motion(means, covariances)


def moved(track: TrackMemory, motion: Motion, row: int) -> TrackMemory:
    """The track with the motion of that row."""
    return replace(track, mean=tuple(motion.mean[row].tolist()), covariance=tuple(motion.covariance[row].tolist()))


def seen(track: TrackMemory, by: Detection, clock_ns: int) -> TrackMemory:
    """The track after a frame that shows it: the detection's score votes for its label."""
    return replace(
        track,
        box=by.box,
        silhouette=silhouette(by.mask, by.box).tobytes(),
        votes={**track.votes, by.label: track.votes.get(by.label, 0.0) + by.score},
        score=by.score,
        trust=track.trust + TRUST_SHARE * (by.score - track.trust),
        seen_ns=clock_ns,
        seen=True,
        age=track.age + 1,
        hits=track.hits + 1,
    )


def confirmed(track: TrackMemory, frames: int, least_trust: float) -> TrackMemory:
    """The track, active from now on under its label if it was seen in so many frames, and clearly enough."""
    if track.confirmed_label is not None or track.hits < frames or track.trust < least_trust:
        return track
    return replace(track, confirmed_label=track.label)


def unseen(track: TrackMemory, expected: Box) -> TrackMemory:
    """The track after a frame that does not show it where expected."""
    return replace(track, box=expected, seen=False, age=track.age + 1, twin_frames=0)


def doubled(track: TrackMemory, twin: bool) -> TrackMemory:
    """The track with its frames on top of an older one counted; one frame beside it starts the count again."""
    count = track.twin_frames + 1 if twin else 0
    return track if count == track.twin_frames else replace(track, twin_frames=count)


def held(track: TrackMemory, expected: Box, clock_ns: int) -> TrackMemory:
    """The track after a frame the network did not look at: its state stays, that time does not count as unseen."""
    seen_ns = clock_ns if track.seen else track.seen_ns
    return replace(track, box=expected, age=track.age + 1, seen_ns=seen_ns)


def remembered_mask(track: TrackMemory, box: Box) -> SoftMask:
    """The track's last silhouette, laid over box."""
    alpha = np.frombuffer(track.silhouette, np.uint8).reshape(SILHOUETTE_SIDE, SILHOUETTE_SIDE)
    return SoftMask(alpha, box)


def record(track: TrackMemory, mask: SoftMask | None, least_trust: float) -> Track:
    """The track as sinks see it; lost ones, and those seen too weakly for too long to be believed, show no mask."""
    state: TrackState = "lost"
    if track.seen and track.confirmed_label is None:
        state = "tentative"
    elif track.seen and track.trust >= least_trust:
        state = "active"
    return Track(
        id=track.id,
        label=track.label,
        score=track.score,
        box=track.box,
        state=state,
        mask=None if state == "lost" else mask,
        confirmed_label=track.confirmed_label,
        age=track.age,
        hits=track.hits,
    )
