"""What flows from stage to stage: Frame -> Sample -> Instances -> Track -> Extraction.

Coordinates are frame pixels after rotation: x to the right, y down, (0, 0) the outer corner of the first pixel, so a
box that covers the whole frame is (0, 0, width, height). Boxes are x0, y0, x1, y1 inside the program, x, y, w, h in
files. Sizes are (height, width). Records are never changed once made; arrays in them are not written to.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from streamseg.geometry import Box, Letterbox, SoftMask

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]

TrackState = Literal["tentative", "active", "lost"]
Purpose = Literal["due", "best"]


@dataclass(frozen=True, slots=True)
class Planes:
    """8-bit planar YUV 4:2:0.

    y: uint8 [H, W]; u, v: uint8 [ceil(H / 2), ceil(W / 2)]. Rows may be padded (strides), pixels are contiguous.
    """

    y: U8
    u: U8
    v: U8

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the luma plane in pixels."""
        return self.y.shape[0], self.y.shape[1]


@dataclass(frozen=True, slots=True)
class Color:
    """How the planes' numbers stand for colours (ITU-T H.273)."""

    matrix: Literal["bt601", "bt709"] = "bt709"
    full_range: bool = False
    chroma_site: Literal["left", "center"] = "left"


@dataclass(frozen=True, slots=True)
class Stored:
    """How a frame's picture lies in its source.

    size_hw: of the decoded picture; where the frame has another size, it was scaled to that, the frame's own before it
    was turned. Then it was transposed, and mirrored (left with right, top with bottom) where a sign is -1.
    """

    size_hw: tuple[int, int]
    transposed: bool = False
    sign_x: Literal[-1, 1] = 1
    sign_y: Literal[-1, 1] = 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a stream.

    seq counts from 0 without gaps. pts_ns is media time in nanoseconds since the source's own zero. arrived_ns is
    time.monotonic_ns() when its packet arrived, late_ns how much later that was, for a live stream, than for its
    promptest frames. wall_ns is UTC in nanoseconds since 1970 or None, wall_quality says where it comes from. aspect is
    the shape of a pixel, width / height. notes tell what capture had to change ("10-bit to 8-bit"). stored tells how
    the picture lies in its source; None: just as it is here.
    """

    stream: str
    seq: int
    pts_ns: int
    planes: Planes
    color: Color = Color()
    arrived_ns: int = 0
    wall_ns: int | None = None
    wall_quality: Literal["none", "file", "host", "ntp"] = "none"
    late_ns: int = 0
    aspect: Fraction = Fraction(1)
    notes: tuple[str, ...] = ()
    stored: Stored | None = None

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.planes.size_hw


@dataclass(frozen=True, slots=True)
class Place:
    """How far a source has come: the last frame that it handed out.

    exact: every pts up to here came from the container, so that seeking by pts finds the place again.
    """

    seq: int
    pts_ns: int
    arrived_ns: int = 0
    exact: bool = True


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a source knows of its stream once it is open; frames and duration_s are None where nobody can tell."""

    name: str
    source: str
    size_hw: tuple[int, int]
    fps: Fraction | None
    live: bool
    frames: int | None = None
    duration_s: float | None = None
    audio_from: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """How the picture moved since frame number since, the last one that the network was to look at.

    back: float32 [rows, columns, 2], cells spread evenly over box (x0, y0, x1, y1): the way (x, y) from the middle of a
    cell to where what is there now was then; all in frame pixels.
    """

    since: int
    back: F32
    box: Box


@dataclass(frozen=True, slots=True)
class Sample:
    """The network's view of a frame: uint8 [h, w, 3] RGB, and the mapping back to frame pixels.

    motion: uint8 [h/4, w/4], how surely each part of the view differs from its own past; None where nobody looked.
    look: its number among the stream's frames that the network is to look at, from 1. Of the others, 0, the view is
    empty, and flow tells how the picture moved meanwhile, None where nobody can tell.
    """

    view: U8
    fit: Letterbox
    motion: U8 | None = None
    look: int = 1
    flow: Flow | None = None

    @property
    def has_view(self) -> bool:
        """Whether there is something to look at."""
        return self.view.size > 0


@dataclass(frozen=True, slots=True)
class Instances:
    """What the network found in one frame, best score first.

    boxes: float32 [N, 4] x0, y0, x1, y1 in frame pixels; scores: float32 [N] in 0..1; labels: int32 [N], index into
    the model's class names; masks: N soft masks in frame pixels. appearance: float32 [N, E], unit vectors that are the
    closer (cosine) the more two objects look like one; None from a network that gives none.
    """

    boxes: F32
    scores: F32
    labels: I32
    masks: tuple[SoftMask, ...]
    appearance: F32 | None = None

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def none(cls) -> "Instances":
        """No objects."""
        empty = np.zeros
        return cls(empty((0, 4), np.float32), empty(0, np.float32), empty(0, np.int32), ())


@dataclass(frozen=True, slots=True)
class Track:
    """One object's state after a frame.

    id is unique in its stream, from 1. label may change as evidence grows; confirmed_label is the one it had when it
    became active (None before) and names its folder. box: x0, y0, x1, y1 float frame pixels; mask is None while lost.
    age counts frames since the first one, hits the frames in which it was seen.
    """

    id: int
    label: str
    score: float
    box: tuple[float, float, float, float]
    state: TrackState
    mask: SoftMask | None = None
    confirmed_label: str | None = None
    age: int = 1
    hits: int = 1


@dataclass(frozen=True, slots=True)
class History:
    """A track's life up to a frame: media times (ns) of its first sight and of its confirmation, and its path.

    path: (media time in ns, x, y in frame pixels) of its box's centre, oldest first, some 16 of them at most.
    """

    first_ns: int
    confirmed_ns: int
    path: tuple[tuple[int, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Cutout:
    """One object lifted out of one frame at native resolution.

    rgba: uint8 [h, w, 4], straight alpha; offset: x, y of its first pixel in the frame; pasted there, its pixels are
    the frame's own wherever alpha is 255. purpose: "due" by the cadence, "best" as one of the track's best shots so
    far, whose score is made of terms (each 0..1; see tracking.best_shot). ranking: seqs of all its best shots, this one
    among them, the best first. appearance: what the track looks like, a unit vector as float32 bytes; empty where the
    network cannot tell.
    """

    track: Track
    rgba: U8
    offset: tuple[int, int]
    purpose: Purpose = "due"
    shot_score: float = 0.0
    terms: dict[str, float] = field(default_factory=dict)
    ranking: tuple[int, ...] = ()
    history: History | None = None
    appearance: bytes = b""


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that is known of one frame when it has passed the stages; what sinks get.

    fit: how the frame lies in the network's view. looked: whether it looked at it; else tracks were moved along.
    """

    frame: Frame
    tracks: tuple[Track, ...]
    cutouts: tuple[Cutout, ...] = ()
    degraded: tuple[str, ...] = ()
    fit: Letterbox | None = None
    looked: bool = True
