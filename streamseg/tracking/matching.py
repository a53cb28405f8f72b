"""Which track is which detection in a frame: by overlap, then by appearance for those that were lost; who is new."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamseg.config import TrackingConfig
from streamseg.geometry import Box, SoftMask
from streamseg.tracking import lifecycle
from streamseg.tracking.association import Pairs, Sightings, assign, coincident, overlaps
from streamseg.tracking.detections import Detections
from streamseg.tracking.kalman import Motion
from streamseg.tracking.recognition import recognise
from streamseg.tracking.state import TrackMemory

BoolMatrix = npt.NDArray[np.bool_]

_LOST_DISCOUNT = 0.8


@dataclass(frozen=True, slots=True)
class Expected:
    """N tracks moved on to the frame's time.

    motion; where: boxes, labels (as the detections' index), last outlines, appearance; clipped: the boxes inside the
    frame; inside: who is still in it (bool [N]).
    """

    tracks: list[TrackMemory]
    motion: Motion
    where: Sightings
    clipped: list[Box]
    inside: BoolMatrix


@dataclass(frozen=True, slots=True)
class Remembered(Sequence[SoftMask]):
    """The last outlines of N tracks over boxes [N, 4], each made when somebody asks for it."""

    tracks: list[TrackMemory]
    boxes: npt.NDArray[np.float64]

    def __getitem__(self, row: int) -> SoftMask:  # type: ignore[override]
        """The outline of one track."""
        x0, y0, x1, y1 = self.boxes[row].tolist()
        return lifecycle.remembered_mask(self.tracks[row], (x0, y0, x1, y1))

    def __len__(self) -> int:
        return len(self.tracks)


@dataclass(frozen=True, slots=True)
class Matches:
    """column_of: the detection of each track that was seen, by row; fresh: detections that start a track.

    same: detections that show one object (bool [M, M]; only among those that matter); absorbed: rows of tracks that
    turned out to be an older one.
    """

    column_of: dict[int, int]
    fresh: list[int]
    same: BoolMatrix
    absorbed: set[int]


@dataclass(frozen=True, slots=True)
class Matcher:
    """score: lowest (0..1) that starts a track."""

    tracking: TrackingConfig
    score: float

    def __call__(self, expected: Expected, found: Detections, clock_ns: int) -> Matches:
        """Bring the expected tracks and a frame's detections together."""
        strong = found.scores >= self.score
        column_of = dict(self._by_place(expected, found, strong))
        taken = list(column_of.values())
        among = strong.copy()
        among[taken] = True
        same = coincident(found.where, among)
        matches = Matches(column_of, list(_newcomers(same, np.flatnonzero(strong), taken)), same, set())
        _by_appearance(matches, expected, found, clock_ns)
        return matches

    def _by_place(self, expected: Expected, found: Detections, strong: BoolMatrix) -> Pairs:
        """Strong detections choose among all tracks, weak ones among those left over (Zhang et al. 2022, section 3).

        A track just seen goes before a lost one, whose place is a guess.
        """
        fit = overlaps(expected.where, found.where, self.tracking.match_iou)
        fit[[not track.seen for track in expected.tracks]] *= _LOST_DISCOUNT
        left = np.ones(len(fit), bool)
        pairs = assign(fit, np.flatnonzero(left), np.flatnonzero(strong))
        left[[row for row, _ in pairs]] = False
        return pairs + assign(fit, np.flatnonzero(left), np.flatnonzero(~strong))


def _newcomers(same: BoolMatrix, strong: Iterable[int], taken: Sequence[int]) -> Iterator[int]:
    """The strong detections that start a track: neither taken nor on top of one that is followed."""
    known = list(taken)
    for column in map(int, strong):
        if column not in known and not same[column, known].any():
            known.append(column)
            yield column


def _by_appearance(matches: Matches, expected: Expected, found: Detections, clock_ns: int) -> None:
    """Lost tracks take over detections that would start a track, or that tracks not confirmed yet have taken.

    The first glimpse of somebody who comes out from behind another is often too little to know him by.
    """
    tracks, column_of = expected.tracks, matches.column_of
    young = {column: row for row, column in column_of.items() if tracks[row].confirmed_label is None}
    lost = [row for row, track in enumerate(tracks) if row not in column_of and track.confirmed_label is not None]
    lost_s = [(clock_ns - tracks[row].seen_ns) / 1e9 for row in lost]
    rows, columns = np.array(lost, np.intp), np.array([*matches.fresh, *young], np.intp)
    for row, column in recognise(expected.where, found.where, rows, columns, lost_s=lost_s):
        if column in young:
            matches.absorbed.add(young[column])
            del column_of[young[column]]
        else:
            matches.fresh.remove(column)
        column_of[row] = column
