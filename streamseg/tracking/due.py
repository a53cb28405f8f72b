"""When a track's next cut-out is due: a cadence in media time, staggered by id."""

from dataclasses import dataclass

from streamseg.config import CutoutsConfig

_GOLDEN = 0.6180339887498949
"""Multiples of it, modulo 1, spread evenly however many are taken."""
_LONGEST_WAIT_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Cadence:
    """every_ns between two cut-outs of a track; 0: every frame; None: never."""

    every_ns: int | None

    @classmethod
    def of(cls, config: CutoutsConfig) -> "Cadence":
        """The cadence of a config's `every`."""
        if isinstance(config.every, float):
            return cls(round(config.every * 1e9))
        return cls(0 if config.every == "all" else None)

    def first_ns(self, track_id: int, clock_ns: int) -> int:
        """When a track that became active at clock_ns is due first: within a second, each id at its own moment."""
        spread = min(self.every_ns or 0, _LONGEST_WAIT_NS)
        return clock_ns + int(track_id * _GOLDEN % 1 * spread)

    def is_due(self, due_ns: int, clock_ns: int) -> bool:
        """Whether a track due at due_ns is to be cut out now."""
        return self.every_ns is not None and clock_ns >= due_ns

    def next_ns(self, due_ns: int, clock_ns: int) -> int:
        """When a track cut out at clock_ns is due again: on its own grid, however late this one was."""
        if not self.every_ns:
            return due_ns
        return due_ns + self.every_ns * (1 + (clock_ns - due_ns) // self.every_ns)
