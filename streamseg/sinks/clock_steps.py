"""When files were really written, by a wall clock that is set while they lie there.

A machine without a clock of its own starts in the past, and is put right when its network comes: what was written
before would look years old, and go at once.
"""

from dataclasses import dataclass, field

_LEAST_NS = 60 * 1_000_000_000
"""Less is not told from what goes by between two looks."""


@dataclass(slots=True)
class ClockSteps:
    """Notices that the wall clock was set forward; once it is set back, time stamps are taken as they are."""

    _ahead_ns: int | None = None
    _steps: list[tuple[int, int]] = field(default_factory=list)
    """Time stamps up to which files were written before the clock was set, and by how much that was."""

    def look(self, wall_ns: int, since_boot_ns: int) -> None:
        """Both clocks at one moment; now and then."""
        ahead_ns = wall_ns - since_boot_ns
        by_ns = 0 if self._ahead_ns is None else ahead_ns - self._ahead_ns
        if by_ns >= _LEAST_NS:
            self._steps.append((wall_ns - by_ns, by_ns))
        elif by_ns <= -_LEAST_NS:
            self._steps.clear()
        self._ahead_ns = ahead_ns

    def written_ns(self, stamp_ns: int) -> int:
        """A file's time stamp by the wall clock as it is set now."""
        return stamp_ns + sum(by_ns for upto_ns, by_ns in self._steps if stamp_ns <= upto_ns)
