"""For tests, ours and yours: the synthetic street's truth, a score against it, and sources and sinks made of lists.

`read_mark` reads the number that `streamseg camera` draws into its pictures.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from streamseg.camera.marks import draw_mark as draw_mark
from streamseg.camera.marks import read_mark as read_mark
from streamseg.capture.street import Street
from streamseg.capture.synthetic import parse_street_url
from streamseg.geometry import Box, SoftMask, box_iou, cover
from streamseg.records import Extraction, Frame, Place, StreamInfo, Track

LEAST_VISIBLE = 0.3
LEAST_SIDE_PX = 14.0
LEAST_AREA_PX = 100.0


@dataclass(frozen=True, slots=True)
class Truth:
    """What really is in a frame: one object.

    id is the object's own for life; label is person, vehicle or animal, fine its kind; box: x0, y0, x1, y1 of its
    visible part in frame pixels; mask: its visible alpha, a sample a pixel, exact; visible: 0..1, the share of its
    outline within the frame that nothing hides; within: 0..1, the share of its whole outline that lies within the
    frame (measured to 1 or 2 %); size_hw: the frame's height and width.
    """

    id: int
    label: str
    fine: str
    box: Box
    mask: SoftMask
    visible: float
    within: float
    size_hw: tuple[int, int]

    @property
    def shown(self) -> float:
        """The share of its whole outline that is seen: 0..1."""
        return self.visible * self.within

    @property
    def counts(self) -> bool:
        """Whether it must be found: enough of it is visible, and it is not tiny (measured on a frame of 720 lines)."""
        scale = 720 / self.size_hw[0]
        side = min(self.box[2] - self.box[0], self.box[3] - self.box[1]) * scale
        area = float(np.count_nonzero(self.mask.alpha >= 128)) * scale**2
        return self.visible >= LEAST_VISIBLE and side >= LEAST_SIDE_PX and area >= LEAST_AREA_PX


@dataclass(frozen=True, slots=True)
class StreetScore:
    """How well tracks fit the truth over all frames; each 0..1.

    recall: matched truths of those that count; precision: matched tracks of those judged; mask_iou: mean of the
    matches. truths, tracks and matches are the numbers behind them.
    """

    recall: float
    precision: float
    mask_iou: float
    truths: int
    tracks: int
    matches: int


@lru_cache(maxsize=4)
def _street(seed: int, size_hw: tuple[int, int], fps: float) -> Street:
    return Street(seed=seed, size_hw=size_hw, fps=fps)


def street_truth(url: str, index: int) -> list[Truth]:
    """The objects in frame number index (from 0, counted from the street's own beginning) of a street's URL."""
    ask = parse_street_url(url)
    shot = _street(ask.seed, ask.size_hw, float(ask.fps)).render(index)
    out = []
    for actor in shot.actors:
        (x, y), (h, w) = actor.offset, actor.alpha.shape
        mask = SoftMask(actor.alpha, (float(x), float(y), float(x + w), float(y + h)))
        out.append(Truth(actor.id, actor.label, actor.fine, actor.box, mask, actor.visible, actor.within, ask.size_hw))
    return out


def score_against_truth(
    truths_per_frame: Sequence[Sequence[Truth]],
    tracks_per_frame: Sequence[Sequence[Track]],
    *,
    least_iou: float = 0.5,
    labels_must_agree: bool = False,
) -> StreetScore:
    """Match tracks with truths frame by frame and count.

    Judged are tracks with state "active" and a mask. In every frame the assignment with the greatest sum of mask IoU
    is taken (Kuhn-Munkres), over pairs with an IoU of at least least_iou, masks cut at one half on the frame's own
    pixels; with labels_must_agree only pairs with the same label. Truths that need not be found (visible share under
    0.3, shorter side under 14 px or area under 100 px, on a frame scaled to 720 lines) are never missed, and a track
    matched to one is left out of the count, neither right nor wrong. A track without a match is wrong. No truths that
    count give a recall of 1, no judged tracks a precision of 1, no matches a mask_iou of 0.

    Raises:
        ValueError: the two sequences differ in length.
    """
    truths_all = tracks_all = matches = 0
    quality = 0.0
    for truths, tracks in zip(truths_per_frame, tracks_per_frame, strict=True):
        judged = [t for t in tracks if t.state == "active" and t.mask is not None]
        iou = mask_ious(truths, judged)
        if labels_must_agree:
            iou *= np.array([[a.label == b.label for b in judged] for a in truths]).reshape(iou.shape)
        iou[iou < least_iou] = 0
        pairs = [(i, j) for i, j in zip(*linear_sum_assignment(-iou), strict=True) if iou[i, j] > 0]
        right = [(i, j) for i, j in pairs if truths[i].counts]
        truths_all += sum(t.counts for t in truths)
        tracks_all += len(judged) - (len(pairs) - len(right))
        matches += len(right)
        quality += float(sum(iou[i, j] for i, j in right))
    return StreetScore(
        recall=matches / truths_all if truths_all else 1.0,
        precision=matches / tracks_all if tracks_all else 1.0,
        mask_iou=quality / matches if matches else 0.0,
        truths=truths_all,
        tracks=tracks_all,
        matches=matches,
    )


def mask_ious(truths: Sequence[Truth], tracks: Sequence[Track]) -> npt.NDArray[np.float64]:
    """Mask IoU of every truth with every track on the frame's pixels: float64 [truths, tracks], 0 without a mask."""
    iou = np.zeros((len(truths), len(tracks)))
    if not truths or not tracks:
        return iou
    boxes = [track.mask.box if track.mask else track.box for track in tracks]
    near = box_iou([t.mask.box for t in truths], boxes)
    for i, j in np.argwhere(near > 0):
        iou[i, j] = _mask_iou(truths[i].mask, tracks[j].mask, truths[i].size_hw)
    return iou


def _mask_iou(a: SoftMask, b: SoftMask | None, size_hw: tuple[int, int]) -> float:
    if b is None:
        return 0.0
    low, high = np.minimum(a.box[:2], b.box[:2]), np.maximum(a.box[2:], b.box[2:])
    crop = cover((float(low[0]), float(low[1]), float(high[0]), float(high[1])), size_hw)
    first, second = a.on(crop) > 127, b.on(crop) > 127
    union = np.count_nonzero(first | second)
    return float(np.count_nonzero(first & second) / union) if union else 0.0


class ListSource:
    """A source that yields given frames: for tests of what comes after capture."""

    exact = True

    def __init__(self, frames: Iterable[Frame], *, name: str = "list", fps: Fraction = Fraction(25)) -> None:
        self._frames, self._name, self._fps = list(frames), name, fps
        self._last_seq = -1
        self.dropped: dict[str, int] = {}
        self.closed = False

    def open(self, after: Place | None = None) -> StreamInfo:
        """What is known of the frames; the size is the first one's, 0 x 0 without frames."""
        self._last_seq = -1 if after is None else after.seq
        size_hw = self._frames[0].size_hw if self._frames else (0, 0)
        count = len(self._frames)
        return StreamInfo(self._name, "list", size_hw, self._fps, False, count, float(count / self._fps))

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames:
            if self.closed:
                return
            if frame.seq > self._last_seq:
                yield frame

    def close(self) -> None:
        """End the iteration."""
        self.closed = True


class ListSink:
    """A sink that keeps what it is given in `extractions`; position is what it was opened with."""

    def __init__(self, name: str = "list") -> None:
        self.name = name
        self.info: StreamInfo | None = None
        self.position = b""
        self.extractions: list[Extraction] = []
        self.closed = False

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Always begins anew: -1."""
        self.info, self.position = info, position
        return -1

    def write(self, extraction: Extraction) -> bool:
        """Keep it; never skips."""
        self.extractions.append(extraction)
        return True

    def settle(self) -> bytes:
        """Everything it was given is kept; its position is the last seq in decimal digits."""
        return b"%d" % (self.extractions[-1].frame.seq if self.extractions else -1)

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True
