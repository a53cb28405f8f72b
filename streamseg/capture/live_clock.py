"""Time stamps of a live stream in, media time in nanoseconds out: always growing, and true to the host's clock in the
long run, whatever the sender does to its own."""

import math
from fractions import Fraction

_SECOND_NS = 1_000_000_000
_LEAP_NS = _SECOND_NS
_WINDOW_NS = 10 * _SECOND_NS
_FASTEST = 1e-3


class LiveClock:
    """Media time of one connection to a live stream.

    It counts by the sender's time stamps, whose steps are exact where arrivals jitter. A sender that sets its clock
    (a step back, or more than a second ahead of what ever arrived in time) changes nothing: media time goes on by the
    time that passed here. One whose clock runs fast or slow is followed back by at most a thousandth.

    Args:
        time_base: seconds of one tick of pts.
        begin_ns: media time of the first frame, for a stream that goes on after a gap.
    """

    def __init__(self, time_base: Fraction | None, *, begin_ns: int = 0) -> None:
        self._tick_ns = (time_base or Fraction(1, _SECOND_NS)) * _SECOND_NS
        self._begin_ns = begin_ns
        self._offset_ns: int | None = None
        self._first_arrived_ns = self._last_arrived_ns = 0
        self._drift = _Drift()
        self.last_ns = begin_ns - 1
        self.late_ns = 0
        """How much later than the promptest frames of late the last one arrived."""
        self.repaired = False
        """The last time stamp was missing or impossible, and has been made up."""

    def tick(self, pts: int | None, arrived_ns: int) -> int:
        """Media time (ns) of the next frame in order of display, whose packet arrived (time.monotonic_ns()) then."""
        if self._last_arrived_ns == 0:
            self._first_arrived_ns = self._last_arrived_ns = arrived_ns
            self.last_ns, told_ns = self._begin_ns, self._told(pts)
            self._offset_ns = None if told_ns is None else self._begin_ns - told_ns
            self.repaired = pts is None
            return self.last_ns
        passed_ns = max(1, arrived_ns - self._last_arrived_ns)
        self._last_arrived_ns = max(arrived_ns, self._last_arrived_ns)
        time_ns = self._by_sender(pts, passed_ns)
        self.repaired = time_ns is None or time_ns <= self.last_ns
        self.last_ns = self.last_ns + passed_ns if time_ns is None else max(time_ns, self.last_ns + 1)
        return self.last_ns

    def _told(self, pts: int | None) -> int | None:
        return None if pts is None else round(pts * self._tick_ns)

    def _by_sender(self, pts: int | None, passed_ns: int) -> int | None:
        """What the time stamp says; None where it says nothing that can be."""
        told_ns = self._told(pts)
        if told_ns is None:
            return None
        if self._offset_ns is None:
            self._offset_ns = self.last_ns + passed_ns - told_ns
        time_ns = told_ns + self._offset_ns
        step_ns = time_ns - self.last_ns
        lead_ns = time_ns - self._begin_ns - (self._last_arrived_ns - self._first_arrived_ns)
        leaps = step_ns > passed_ns + _LEAP_NS and lead_ns > self._drift.highest_ns + _LEAP_NS
        if leaps or step_ns < -_LEAP_NS:
            self._offset_ns = self.last_ns + passed_ns - told_ns
            self._drift = _Drift()
            return None
        self._drift.see(lead_ns, self._last_arrived_ns)
        self.late_ns = round(self._drift.highest_ns) - lead_ns
        self._offset_ns -= round(self._drift.rate * max(0, step_ns))
        return time_ns


class _Drift:
    """How fast the sender's clock gains on the host's: by the frames that came with the least delay of ten seconds.

    rate: by how much of each step media time has to be slowed down. highest_ns: the largest lead of the window at hand
    or the one before.
    """

    def __init__(self) -> None:
        self.rate = 0.0
        self.highest_ns = 0.0
        self._window_high_ns = -math.inf
        self._base_ns: float | None = None
        self._until_ns: int | None = None

    def see(self, lead_ns: int, arrived_ns: int) -> None:
        """A frame whose media time is lead_ns ahead of its arrival, both counted from the first one."""
        if self._until_ns is None:
            self._until_ns = arrived_ns + _WINDOW_NS
        if arrived_ns >= self._until_ns and self._window_high_ns > -math.inf:
            if self._base_ns is None:
                self._base_ns = self._window_high_ns
            excess = (self._window_high_ns - self._base_ns) / _WINDOW_NS
            self.rate = min(max(excess, -_FASTEST), _FASTEST)
            self.highest_ns, self._window_high_ns = self._window_high_ns, -math.inf
            self._until_ns = arrived_ns + _WINDOW_NS
        self._window_high_ns = max(self._window_high_ns, lead_ns)
        self.highest_ns = max(self.highest_ns, lead_ns)
