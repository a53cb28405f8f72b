"""Whose picture in this frame is a new best shot: gates, terms, a user's scorer, and turns among many tracks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from streamseg.config import BestShotConfig, ZoneConfig
from streamseg.geometry import F32
from streamseg.records import Frame, Track
from streamseg.tracking.best_shot import Terms, decided, pixel_terms, plain_terms, shot_score
from streamseg.tracking.completeness import Completeness
from streamseg.tracking.due import firsts_now
from streamseg.tracking.scorer import Candidate, Scorer
from streamseg.tracking.shots import Ranking, Shots
from streamseg.tracking.state import Shot, TrackMemory
from streamseg.zones import depth_in, in_pixels

_SHOTS_PER_S = 100
"""Pictures taken in a second of media time, where no more are needed for first ones: cutting out is what costs. So many
are needed only when many objects come at once; those who leave again soon do not wait for their turn."""
_SECOND_NS = 1_000_000_000
_LOOKS_PER_SHOT = 3
"""Pictures whose pixels are looked at for each that may be taken."""
_MOST_AREA = 1.0
"""Boxes of the pictures taken of a frame cover no more than this of it, or there is only one: all of them must fit
where the frame's results are kept."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is to choose from: a frame, its active tracks that are large enough, all that it shows, and time.

    memory: of the ready ones by id; clock_ns: the media clock; step_ns: since the last frame.
    """

    frame: Frame
    ready: Sequence[Track]
    shown: Sequence[Track]
    memory: Mapping[int, TrackMemory]
    clock_ns: int
    step_ns: int


@dataclass(frozen=True, slots=True)
class Found:
    """A shot whose pixels were looked at; ranking: the track's best shots with it, None where it is none of them."""

    track: Track
    terms: Terms
    score: float
    ranking: Shots | None


class ShotChoice:
    """Chooses for one stream.

    Args:
        config: what makes a shot good, and which count at all.
        zones: of the stream.

    Raises:
        ConfigError: the scorer cannot be used.
    """

    def __init__(self, config: BestShotConfig, zones: Sequence[ZoneConfig] = ()):
        self._config, self._ranking = config, Ranking.of(config)
        self._completeness = Completeness(zones)
        self._scorer = None if config.scorer is None else Scorer(config.scorer)
        self._gates = [zone for zone in zones if zone.name in (config.zones or ())]

    def __call__(self, moment: Moment) -> list[Found]:
        """The shots looked at: first ones of tracks that wait for theirs, then such as may be better than ever."""
        polygons = [in_pixels(zone.polygon, moment.frame.size_hw) for zone in self._gates]
        counted = [track for track in moment.ready if self._passes(track, moment, polygons)]
        counted.sort(key=lambda track: (moment.memory[track.id].shot_ns, track.id))
        firsts = [track for track in counted if not moment.memory[track.id].shots]
        waiting = [_confirmed_ns(moment.memory[track.id]) for track in firsts]
        most = max(1, round(_SHOTS_PER_S * min(moment.step_ns, _SECOND_NS) / _SECOND_NS))
        need = max(most, firsts_now(waiting, moment.clock_ns, moment.step_ns))
        others = [track for track in counted if moment.memory[track.id].shots]
        return list(self._looks(firsts[:need], others, moment, most))

    def _looks(self, firsts: Sequence[Track], others: Sequence[Track], moment: Moment, most: int) -> Iterator[Found]:
        """Look at first ones, and then at such as may be better, until as many as may be taken are good."""
        looks, taken, taken_px, room_px = 0, 0, 0.0, _MOST_AREA * prod(moment.frame.size_hw)
        for track in (*firsts, *others):
            first = not moment.memory[track.id].shots
            if not first and (taken >= most or looks >= _LOOKS_PER_SHOT * most):
                return
            bar = self._ranking.bar(moment.memory[track.id].shots, moment.clock_ns)
            terms = self._cheap_terms(track, moment, -1.0 if first else bar)
            if terms is None:
                continue
            area_px = (track.box[2] - track.box[0]) * (track.box[3] - track.box[1])
            if taken and taken_px + area_px > room_px:
                return
            yield (found := self._look(track, moment, terms, bar))
            looks += 1
            if found.ranking is not None:
                taken, taken_px = taken + 1, taken_px + area_px

    def _cheap_terms(self, track: Track, moment: Moment, bar: float) -> Terms | None:
        """The terms that need no pixels, None where they leave no hope to exceed bar: the cheapest are asked first."""
        size_hw, weights = moment.frame.size_hw, self._config.weights
        terms = {**plain_terms(track), "completeness": self._completeness.at_most(track, size_hw)}
        if shot_score(terms, weights) <= bar:
            return None
        if track.mask is not None:
            terms["confidence"] *= decided(track.mask)
            if shot_score(terms, weights) <= bar:
                return None
        terms["completeness"] = self._completeness(track, moment.shown, size_hw)
        return terms if shot_score(terms, weights) > bar else None

    def _look(self, track: Track, moment: Moment, cheap: Terms, bar: float) -> Found:
        memory = moment.memory[track.id]
        terms = {**cheap, **pixel_terms(moment.frame, track)}
        if self._scorer is not None:
            confirmed_s = (moment.clock_ns - _confirmed_ns(memory)) / 1e9
            terms["scorer"] = self._scorer(Candidate(moment.frame, track, dict(terms), confirmed_s))
        score = shot_score(terms, self._config.weights)
        ranking = None
        if score > bar:
            ranking = self._ranking.with_new(memory.shots, Shot(moment.frame.seq, moment.clock_ns, score))
        return Found(track, terms, score, ranking)

    def _passes(self, track: Track, moment: Moment, polygons: Sequence[F32]) -> bool:
        """Whether pictures of the track count here and now."""
        config = self._config
        since_s = (moment.clock_ns - _confirmed_ns(moment.memory[track.id])) / 1e9
        if since_s < config.after_s or (config.until_s is not None and since_s > config.until_s):
            return False
        if config.classes is not None and track.label not in config.classes:
            return False
        foot = (track.box[0] + track.box[2]) / 2, track.box[3]
        return not polygons or any(depth_in(polygon, *foot) >= 0 for polygon in polygons)


def _confirmed_ns(track: TrackMemory) -> int:
    assert track.life is not None and track.life.confirmed_ns is not None, "ready ones are confirmed"
    return track.life.confirmed_ns
