"""Container time stamps in, media time in nanoseconds out, from the stream's own zero and always growing."""

from fractions import Fraction

_SECOND_NS = 1_000_000_000
_JUMP_BACK_NS = _SECOND_NS


class MediaClock:
    """Media time of one stream.

    Args:
        time_base: seconds of one tick of pts.
        fps: used where a frame has no pts; 25 if unknown.
        zero: the pts of the stream's begin.
    """

    def __init__(self, time_base: Fraction | None, fps: Fraction | None, *, zero: int) -> None:
        self._tick_ns = (time_base or Fraction(1, _SECOND_NS)) * _SECOND_NS
        self._interval_ns = round(_SECOND_NS / (fps or Fraction(25)))
        self._offset_ns = -round(zero * self._tick_ns)
        self.last_ns = -1
        self.repaired = False
        """The last time stamp was missing or went back, and has been made up."""
        self.exact = True
        """Not one has been made up so far."""

    def tick(self, pts: int | None) -> int:
        """Media time (ns) of the next frame in order of display; greater than the one before."""
        time_ns = self._after_last() if pts is None else round(pts * self._tick_ns) + self._offset_ns
        if time_ns < self.last_ns - _JUMP_BACK_NS:
            # the container began to count anew (spliced streams, a camera that set its clock): go on from here
            self._offset_ns += self._after_last() - time_ns
            time_ns = self._after_last()
            self.repaired = True
        else:
            self.repaired = pts is None or time_ns <= self.last_ns
        self.exact = self.exact and not self.repaired
        self.last_ns = max(time_ns, self.last_ns + 1)
        return self.last_ns

    def _after_last(self) -> int:
        return 0 if self.last_ns < 0 else self.last_ns + self._interval_ns
