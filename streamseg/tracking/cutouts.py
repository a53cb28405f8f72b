"""Which tracks of a frame are cut out: those due by the cadence, and those whose best shots got better."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Self

from msgspec.structs import replace

from streamseg.config import BestShotConfig, Config, CutoutsConfig, StreamConfig, ZoneConfig
from streamseg.records import Cutout, Frame, Track
from streamseg.tracking.cutter import Cutter
from streamseg.tracking.due import Cadence
from streamseg.tracking.history import followed, history_of
from streamseg.tracking.shot_choice import Found, Moment, ShotChoice
from streamseg.tracking.state import TrackMemory

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Harvest:
    """A frame's cut-outs, by track id, and all tracks with what must be remembered of them."""

    tracks: tuple[TrackMemory, ...]
    cutouts: tuple[Cutout, ...] = ()


class CutoutPlan:
    """Decides per frame who is cut out, and does it.

    Args:
        config: how often, and how.
        best_shot: what makes a good picture.
        zones: of the stream.
    """

    def __init__(
        self, config: CutoutsConfig, best_shot: BestShotConfig | None = None, zones: Sequence[ZoneConfig] = ()
    ):
        self._cadence = Cadence.of(config)
        self._enabled = config.every != "none"
        self._min_side = config.min_side
        self._cutter = Cutter(config)
        self._plain = Cutter(config.model_copy(update={"matte": "mask"}))
        self._choose = ShotChoice(best_shot or BestShotConfig(), zones)

    @classmethod
    def of(cls, stream: StreamConfig, config: Config) -> Self:
        """A stream's plan, as the configuration has it."""
        return cls(config.cutouts, config.best_shot, stream.zones)

    def __call__(
        self,
        frame: Frame,
        tracks: Sequence[TrackMemory],
        *,
        shown: Sequence[Track],
        clock_ns: int,
        step_ns: int,
        plain: bool = False,
    ) -> Harvest:
        """Cut out of the frame what is due at clock_ns.

        shown holds the records of tracks seen in this very frame; plain: alpha is the mask's own.
        """
        cutter = self._plain if plain else self._cutter
        if not self._enabled:
            return Harvest(tuple(tracks))
        memory = {track.id: followed(track, clock_ns) for track in tracks}
        ready = [record for record in shown if self._is_ready(record)]
        for record in ready:
            memory[record.id] = self._scheduled(memory[record.id], clock_ns)
        looked = self._choose(Moment(frame, ready, shown, memory, clock_ns, step_ns))
        for found in looked:
            memory[found.track.id] = replace(memory[found.track.id], shot_ns=clock_ns)
        best = {found.track.id: found for found in looked if found.ranking is not None}
        cutouts: list[Cutout] = []
        for record in ready:
            track, shot = memory[record.id], best.get(record.id)
            memory[record.id], made = self._take(cutter, frame, record, track, shot=shot, clock_ns=clock_ns)
            cutouts += made
        return Harvest(tuple(memory.values()), tuple(cutouts))

    def _is_ready(self, record: Track) -> bool:
        x0, y0, x1, y1 = record.box
        return record.state == "active" and record.mask is not None and min(x1 - x0, y1 - y0) >= self._min_side

    def _scheduled(self, track: TrackMemory, clock_ns: int) -> TrackMemory:
        return track if track.due_ns is not None else replace(track, due_ns=self._cadence.first_ns(track.id, clock_ns))

    def _take(
        self, cutter: Cutter, frame: Frame, record: Track, track: TrackMemory, *, shot: Found | None, clock_ns: int
    ) -> tuple[TrackMemory, list[Cutout]]:
        """Cut one track out if it is due or has a better shot, and note it."""
        assert track.due_ns is not None
        due = self._cadence.is_due(track.due_ns, clock_ns)
        cutout = cutter.cut(frame, record) if due or shot is not None else None
        made: list[Cutout] = []
        if cutout is not None:
            history = history_of(track, clock_ns=clock_ns, pts_ns=frame.pts_ns)
            cutout = changed(cutout, history=history, appearance=track.appearance)
        if cutout is not None and due:
            made.append(cutout)
            track = replace(track, due_ns=self._cadence.next_ns(track.due_ns, clock_ns))
        if cutout is not None and shot is not None and shot.ranking is not None:
            ranking = tuple(kept.seq for kept in shot.ranking)
            made.append(changed(cutout, purpose="best", shot_score=shot.score, terms=shot.terms, ranking=ranking))
            track = replace(track, shots=shot.ranking)
            _tell(frame, shot, rank=1 + ranking.index(frame.seq))
        return track, made


def _tell(frame: Frame, shot: Found, *, rank: int) -> None:
    if log.isEnabledFor(logging.DEBUG):
        terms = " ".join(f"{name}={value:.3f}" for name, value in shot.terms.items())
        told = frame.stream, frame.seq, shot.track.id, rank, shot.score, terms
        log.debug("best_shot stream=%s seq=%d track=%d rank=%d score=%.3f %s", *told)
