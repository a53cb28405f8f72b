"""The best shots of one track: at most so many, some time apart, the best first."""

from dataclasses import dataclass

from streamseg.config import BestShotConfig
from streamseg.tracking.state import Shot

Shots = tuple[Shot, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """top_k: so many are kept; spacing_ns: so far apart; better_by: a shot beats another by at least such a share."""

    top_k: int
    spacing_ns: int
    better_by: float

    @classmethod
    def of(cls, config: BestShotConfig) -> "Ranking":
        """As the configuration has it."""
        return cls(config.top_k, round(config.spacing_s * 1e9), config.better_by)

    def bar(self, shots: Shots, clock_ns: int) -> float:
        """The score that a shot taken now must exceed to be kept."""
        rival = self._rival(shots, clock_ns)
        return 0.0 if rival is None else (1 + self.better_by) * rival.score

    def with_new(self, shots: Shots, new: Shot) -> Shots:
        """The shots with one that exceeds the bar: it takes the place of one near in time, or else of the worst."""
        rival = self._rival(shots, new.clock_ns)
        return tuple(sorted([*(shot for shot in shots if shot is not rival), new], key=lambda shot: -shot.score))

    def _rival(self, shots: Shots, clock_ns: int) -> Shot | None:
        """Whose place a shot taken now would take; kept ones lie so far apart that at most one is near."""
        near = next((shot for shot in shots if clock_ns - shot.clock_ns < self.spacing_ns), None)
        return near or (shots[-1] if len(shots) >= self.top_k else None)
