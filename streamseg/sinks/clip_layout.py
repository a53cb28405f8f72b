"""A clip's canvas and clock: how large it is, where it lies in each frame, when each picture is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.config_output import ClipsConfig
from streamseg.sinks.clip_path import lazy_path, smooth_path
from streamseg.sinks.clip_reel import Head, Picture

HOLD_MS = 500
"""Where an object is not seen, its last picture stays for so long; then the clip is empty."""

_SIGMA_S = 0.35
_CUT_OFF = 0.02
"""How much the centre counts along an axis where the frame's border cuts the object off: it is not the object's."""
_SLACK = 0.02
"""The canvas stands while the object's path stays within so much of the object's longer side."""
_USUAL_MS = 40


@dataclass(frozen=True, slots=True)
class Canvas:
    """One canvas for the whole clip.

    size: width and height of its pictures, even; their pixels are square. covers: width and height of the part of the
    frame that it shows, in frame pixels; another size where the clip is scaled. offsets: x, y of that part's first
    pixel in the frame, for each picture; it may reach out of the frame.
    """

    size: tuple[int, int]
    covers: tuple[int, int]
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """What a clip shows from at_ms on, for duration_ms: a picture by its index, or (None) nothing."""

    index: int | None
    at_ms: int
    duration_ms: int


def lay_out(pictures: Sequence[Picture], head: Head, config: ClipsConfig) -> Canvas:
    """The smallest canvas that shows all pictures, moving along a smooth path in whole pixels."""
    times_ns = [picture.pts_ns - pictures[0].pts_ns for picture in pictures]
    times_s = np.maximum.accumulate(np.array(times_ns, np.float64)) / 1e9  # a stream's time may step back
    boxes = np.array([picture.box for picture in pictures], np.int64)
    centres = np.array([picture.centre for picture in pictures], np.float64)
    cut_off = (boxes[:, :2] <= 0) | (boxes[:, 2:] >= head.frame_wh)
    path = smooth_path(times_s, centres, np.where(cut_off, _CUT_OFF, 1.0), sigma_s=_SIGMA_S)
    slack = _SLACK * float(np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1)))
    steps = np.rint(lazy_path(path, slack)).astype(np.int64)
    low = (boxes[:, :2] - steps).min(axis=0) - config.padding
    high = (boxes[:, 2:] - steps).max(axis=0) + config.padding
    width, height = (int(side) for side in _even_up(high - low))
    offsets = tuple((int(x), int(y)) for x, y in steps + low)
    return Canvas(_fit((width * head.aspect[0] / head.aspect[1], height), config.max_side), (width, height), offsets)


def clock(pictures: Sequence[Picture]) -> list[Moment]:
    """When each picture is shown, in milliseconds from the first one's time on (WebM's clock); all last at least 1."""
    begin_ns = pictures[0].pts_ns
    starts: list[tuple[int, int | None]] = []
    for index, picture in enumerate(pictures):
        at_ms = round((picture.pts_ns - begin_ns) / 1e6)
        if starts and picture.seq > pictures[index - 1].seq + 1 and at_ms > starts[-1][0] + HOLD_MS:
            starts.append((starts[-1][0] + HOLD_MS, None))
        starts.append((max(at_ms, starts[-1][0] + 1) if starts else 0, index))
    times = np.array([at_ms for at_ms, _ in starts])
    gaps = np.diff(times)
    usual = int(np.median(gaps)) if len(gaps) else _USUAL_MS
    durations = [*gaps.tolist(), usual]
    return [Moment(index, at, int(lasts)) for (at, index), lasts in zip(starts, durations, strict=True)]


def _fit(shape: tuple[float, float], most: int) -> tuple[int, int]:
    """Width and height of that shape, rounded to even numbers, the longer one at most so much."""
    shrink = min(1.0, most / max(shape))
    width, height = (min(max(2, 2 * round(side * shrink / 2)), most & ~1) for side in shape)
    return width, height


def _even_up(sides: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return sides + sides % 2
