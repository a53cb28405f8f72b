"""Which tracks of a frame are cut out: those due by the cadence, and at most one whose best shot got better."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed

from msgspec.structs import replace

from streamseg.config import CutoutsConfig
from streamseg.records import Cutout, Frame, Track
from streamseg.tracking.best_shot import Terms, cheap_terms, pixel_terms, shot_score
from streamseg.tracking.cutter import Cutter
from streamseg.tracking.due import Cadence
from streamseg.tracking.state import TrackMemory

_MARGIN = 1.1
"""A shot must beat the best one by so much, or the disk fills with pictures that hardly differ."""
_LOOKS_PER_FRAME = 3
"""Shots whose pixels are looked at in a frame."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """A frame's cut-outs, by track id, and all tracks with what must be remembered of them."""

    tracks: tuple[TrackMemory, ...]
    cutouts: tuple[Cutout, ...] = ()


@dataclass(frozen=True, slots=True)
class _Shot:
    """A candidate for a track's best shot: its terms and their product."""

    track_id: int
    terms: Terms
    score: float


class CutoutPlan:
    """Decides per frame who is cut out, and does it."""

    def __init__(self, config: CutoutsConfig):
        self._cadence = Cadence.of(config)
        self._enabled = config.every != "none"
        self._min_side = config.min_side
        self._cutter = Cutter(config)

    def __call__(
        self, frame: Frame, tracks: Sequence[TrackMemory], *, shown: Sequence[Track], clock_ns: int
    ) -> Harvest:
        """Cut out of the frame what is due at clock_ns; shown holds the records of tracks seen in this very frame."""
        if not self._enabled:
            return Harvest(tuple(tracks))
        memory = {track.id: track for track in tracks}
        ready = [record for record in shown if self._is_ready(record)]
        for record in ready:
            memory[record.id] = self._scheduled(memory[record.id], clock_ns)
        shots = list(_look(frame, [memory[record.id] for record in ready], shown))
        for seen in shots:
            memory[seen.track_id] = replace(memory[seen.track_id], shot_ns=clock_ns)
        best = next((shot for shot in shots if _beats(shot.score, memory[shot.track_id])), None)
        cutouts: list[Cutout] = []
        for record in ready:
            shot = best if best is not None and best.track_id == record.id else None
            memory[record.id], made = self._take(frame, record, memory[record.id], shot=shot, clock_ns=clock_ns)
            cutouts += made
        return Harvest(tuple(memory.values()), tuple(cutouts))

    def _is_ready(self, record: Track) -> bool:
        x0, y0, x1, y1 = record.box
        return record.state == "active" and record.mask is not None and min(x1 - x0, y1 - y0) >= self._min_side

    def _scheduled(self, track: TrackMemory, clock_ns: int) -> TrackMemory:
        return track if track.due_ns is not None else replace(track, due_ns=self._cadence.first_ns(track.id, clock_ns))

    def _take(
        self, frame: Frame, record: Track, track: TrackMemory, *, shot: _Shot | None, clock_ns: int
    ) -> tuple[TrackMemory, list[Cutout]]:
        """Cut one track out if it is due or has a better shot, and note it."""
        assert track.due_ns is not None
        due = self._cadence.is_due(track.due_ns, clock_ns)
        cutout = self._cutter.cut(frame, record) if due or shot is not None else None
        made: list[Cutout] = []
        if cutout is not None and due:
            made.append(cutout)
            track = replace(track, due_ns=self._cadence.next_ns(track.due_ns, clock_ns))
        if cutout is not None and shot is not None:
            made.append(changed(cutout, purpose="best", shot_score=shot.score, terms=shot.terms))
            track = replace(track, shot_score=shot.score)
        return track, made


def _look(frame: Frame, tracks: Sequence[TrackMemory], shown: Sequence[Track]) -> Iterator[_Shot]:
    """Score a few tracks that may look better than ever, those not looked at for longest first, until one does."""
    record_of = {record.id: record for record in shown}
    looks = 0
    for track in sorted(tracks, key=lambda track: (track.shot_ns, track.id)):
        cheap = cheap_terms(record_of[track.id], shown, frame.size_hw)
        if not _beats(shot_score(cheap), track):
            continue
        terms = {**cheap, **pixel_terms(frame, record_of[track.id])}
        yield (shot := _Shot(track.id, terms, shot_score(terms)))
        looks += 1
        if looks == _LOOKS_PER_FRAME or _beats(shot.score, track):
            return


def _beats(score: float, track: TrackMemory) -> bool:
    return track.shot_score is None or score > _MARGIN * track.shot_score
