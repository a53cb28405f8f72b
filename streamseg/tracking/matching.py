"""Which track is which detection in a frame: by overlap, then by appearance for those that were lost; who is new."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from streamseg.config import TrackingConfig
from streamseg.geometry import F32, Box, SoftMask
from streamseg.tracking import lifecycle
from streamseg.tracking.association import Pairs, Sightings, assign, coincident, ious, overlaps
from streamseg.tracking.detections import Detections
from streamseg.tracking.kalman import Motion
from streamseg.tracking.recognition import recognise
from streamseg.tracking.state import TrackMemory

BoolMatrix = npt.NDArray[np.bool_]
Twins = dict[int, set[int]]

_LOST_DISCOUNT = 0.8


class Expected(msgspec.Struct, frozen=True):
    """N tracks moved on to the frame's time.

    motion; where: boxes, labels (as the detections' index), last outlines, appearance; clipped: the boxes inside the
    frame; inside, unseen: who is still in it, and who was not seen in the last one (bool [N]). along: where they are
    instead if a camera that moves follows them; None while it stands still.
    """

    tracks: list[TrackMemory]
    motion: Motion
    where: Sightings
    clipped: list[Box]
    inside: BoolMatrix
    unseen: BoolMatrix
    along: Sightings | None = None


@dataclass(slots=True)
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


class Matches(msgspec.Struct, frozen=True):
    """column_of: the detection of each track that was seen, by row; fresh: detections that start a track.

    twins: the other detections that show the same object as one, where there are any, among those that matter;
    absorbed: rows of tracks that turned out to be an older one.
    """

    column_of: dict[int, int]
    fresh: list[int]
    twins: Twins
    absorbed: set[int]


@dataclass(frozen=True, slots=True)
class Matcher:
    """score: lowest (0..1) that starts a track."""

    tracking: TrackingConfig
    score: float

    def __call__(self, expected: Expected, found: Detections, clock_ns: int) -> Matches:
        """Bring the expected tracks and a frame's detections together."""
        strong = found.scores >= self.score
        rows = len(expected.tracks)
        # of tracks and detections at once: where few are in the picture, it is calls that cost
        overlap = ious(np.concatenate([expected.where.boxes, found.where.boxes]), found.where.boxes)
        column_of = dict(self._by_place(expected, found, strong, overlap[:rows]))
        taken = list(column_of.values())
        among = strong.copy()
        among[taken] = True
        twins: Twins = {}
        for column, twin in zip(*coincident(found.where, among, overlap=overlap[rows:]).nonzero(), strict=True):
            twins.setdefault(int(column), set()).add(int(twin))
        fresh = list(_newcomers(twins, strong.nonzero()[0].tolist(), taken))
        matches = Matches(column_of, fresh, twins, set())
        _by_appearance(matches, expected, found, clock_ns)
        return matches

    def _by_place(self, expected: Expected, found: Detections, strong: BoolMatrix, overlap: F32) -> Pairs:
        """Strong detections choose among all tracks, weak ones among those left over (Zhang et al. 2022, section 3).

        A track just seen goes before a lost one, whose place is a guess. Most things move as if the camera did not, one
        that it is turned after stays where it is in the picture: each is looked for in both places.
        """
        fit = overlaps(expected.where, found.where, self.tracking.match_iou, overlap=overlap)
        if expected.along is not None:
            fit = np.maximum(fit, overlaps(expected.along, found.where, self.tracking.match_iou))
        fit[expected.unseen] *= _LOST_DISCOUNT
        pairs = assign(fit, np.arange(len(fit)), strong.nonzero()[0])
        left = np.ones(len(fit), bool)
        left[[row for row, _ in pairs]] = False
        return pairs + assign(fit, left.nonzero()[0], (~strong).nonzero()[0])


def _newcomers(twins: Twins, strong: Iterable[int], taken: Sequence[int]) -> Iterator[int]:
    """The strong detections that start a track: neither taken nor on top of one that is followed."""
    known = set(taken)
    for column in strong:
        if column not in known and known.isdisjoint(twins.get(column, ())):
            known.add(column)
            yield column


def _by_appearance(matches: Matches, expected: Expected, found: Detections, clock_ns: int) -> None:
    """Lost tracks take over detections that would start a track, or that tracks not confirmed yet have taken.

    The first glimpse of somebody who comes out from behind another is often too little to know him by.
    """
    tracks, column_of = expected.tracks, matches.column_of
    young = {column: row for row, column in column_of.items() if tracks[row].confirmed_label is None}
    if not matches.fresh and not young:
        return
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
