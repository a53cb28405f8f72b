"""What a tracker knows between two frames, as plain values: a successor goes on from it with the same results.

`msgspec.msgpack.encode(state)` and `decode(data, type=TrackerState)` round-trip exactly.
"""

import msgspec

from streamseg.geometry import Box
from streamseg.tracking.camera_motion import CameraView
from streamseg.tracking.carrying import Sights


class Outline(msgspec.Struct, frozen=True, array_like=True):
    """A mask as it lay over an object's box.

    alpha: uint8 [h, width] as bytes, at most 32 x 32; place: x0, y0, x1, y1 where it lies, in shares of the box.
    """

    alpha: bytes
    width: int
    place: Box


class Shot(msgspec.Struct, frozen=True, array_like=True):
    """One of a track's best shots: its frame's seq and media clock, and its score."""

    seq: int
    clock_ns: int
    score: float


class Life(msgspec.Struct, frozen=True, array_like=True):
    """Where a track has been: media clock of its first sight and of its confirmation.

    path: media clock, x, y (px) of its box's centre, oldest first; step_ns: between two points from now on.
    """

    first_ns: int
    step_ns: int
    confirmed_ns: int | None = None
    path: tuple[tuple[int, float, float], ...] = ()


class TrackMemory(msgspec.Struct, frozen=True):
    """One track between two frames.

    motion: its row of kalman.Motion, as 20 float64. box: last reported, x0, y0, x1, y1 (px).
    outline: its mask when last seen. appearance: what it looks like, a unit vector as float32 bytes; empty where the
    network gives none. votes: summed scores per label. trust: the running mean of its scores. seen_ns: media clock of
    the last sight; seen: in the last frame the network looked at. twin_frames: frames in a row on top of an older
    track. due_ns: media clock of the next cut-out; shot_ns: of the last look for a better shot; shots: the best ones,
    best first. life: its history, where cut-outs are asked for.
    """

    id: int
    motion: bytes
    box: Box
    outline: Outline
    appearance: bytes
    votes: dict[str, float]
    score: float
    trust: float
    seen_ns: int
    seen: bool = True
    age: int = 1
    hits: int = 1
    confirmed_label: str | None = None
    twin_frames: int = 0
    due_ns: int | None = None
    shot_ns: int = -1
    shots: tuple[Shot, ...] = ()
    life: Life | None = None

    @property
    def label(self) -> str:
        """The label with the most votes; of equals the one seen first."""
        votes = self.votes
        return max(votes, key=votes.__getitem__) if len(votes) > 1 else next(iter(votes))


class TrackerState(msgspec.Struct, frozen=True):
    """One stream's tracks after a frame.

    clock_ns is the media time that has passed since the first frame: unlike pts_ns (the last frame's) it never runs
    backwards. view: the last frame, small, which the camera's motion is seen by; None while nothing is tracked.
    sights: what the network saw last, where tracks are carried from it.
    """

    next_id: int = 1
    clock_ns: int = 0
    pts_ns: int | None = None
    tracks: tuple[TrackMemory, ...] = ()
    view: CameraView | None = None
    sights: Sights = Sights()
