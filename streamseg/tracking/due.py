"""When a track's next cut-out is due: a cadence in media time, staggered by id; and its first best shot, soon."""

from collections.abc import Iterable
from dataclasses import dataclass

from streamseg.config import CutoutsConfig

_GOLDEN = 0.6180339887498949
"""Multiples of it, modulo 1, spread evenly however many are taken."""
_LONGEST_WAIT_NS = 1_000_000_000
_SOON_NS = 800_000_000
"""Well within a second: time stamps may jitter."""


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


def firsts_now(since_ns: Iterable[int], clock_ns: int, step_ns: int) -> int:
    """How many tracks must get their first best shot in this frame, so that each gets one within a second.

    Earliest deadline first (Liu & Layland, JACM 1973): the first j of them need j places in the frames left to them.

    Args:
        since_ns: when each of those that wait was confirmed.
        clock_ns: now, by the same clock.
        step_ns: from frame to frame.
    """
    need = 0
    for place, since in enumerate(sorted(since_ns), 1):
        frames_left = 1 + max(0, since + _SOON_NS - clock_ns) // max(1, step_ns)
        need = max(need, -(-place // frames_left))
    return need
