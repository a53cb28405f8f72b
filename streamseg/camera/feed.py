"""Which encoded pictures leave the camera at what moment: real time, and what faults make of it."""

from collections import deque

from streamseg.camera.clip import Clip, Unit
from streamseg.camera.condition import Condition

LONGEST_SLEEP_S = 1.0
"""Whoever asks less often than this was stopped, or had no CPU: a camera does not send what it had no time to take."""


class Feed:
    """The camera's pictures in real time.

    Args:
        clip: the loop to begin with.
        condition: in what condition the camera is at the beginning.
        now_s: seconds since the camera's start.
    """

    def __init__(self, clip: Clip, condition: Condition, now_s: float) -> None:
        self._clip = clip
        self._next_clip: Clip | None = None
        self._condition = condition
        self._asked_s = now_s
        self._credit_bits = 0.0
        self._waiting: deque[Unit] = deque()
        self._needs_key = True

    def reset(self, now_s: float) -> None:
        """Go on at another time."""
        self._asked_s = now_s

    def change(self, condition: Condition, clip: Clip | None) -> None:
        """From now on this condition; another clip takes over with its next key frame, None leaves it as it is."""
        self._condition = condition
        if clip is not None:
            self._next_clip = clip if clip is not self._clip else None

    def due(self, now_s: float) -> list[Unit]:
        """What leaves the camera now, in order."""
        elapsed_s = now_s - self._asked_s
        if elapsed_s > LONGEST_SLEEP_S:
            self._needs_key = True
            self._asked_s = now_s - LONGEST_SLEEP_S / 2
        taken = self._taken(now_s)
        self._asked_s = now_s
        if self._condition.frozen:
            self._needs_key = True
            self._waiting.clear()
            return []
        self._waiting.extend(unit for unit in taken if self._fits(unit))
        if self._condition.stalled:
            return []
        return self._sent(elapsed_s)

    def _taken(self, now_s: float) -> list[Unit]:
        """The pictures since the last time; where the clip changes, those of both."""
        new = self._next_clip
        if new is None:
            return self._clip.between(self._asked_s, now_s)
        later = new.between(self._asked_s, now_s)
        key = next((unit.time_s for unit in later if unit.is_key), None)
        earlier = [u for u in self._clip.between(self._asked_s, now_s) if key is None or u.time_s < key]
        if key is None:
            return earlier
        self._clip, self._next_clip = new, None
        return earlier + [unit for unit in later if unit.time_s >= key]

    def _fits(self, unit: Unit) -> bool:
        """Whether a decoder has what the unit refers to."""
        self._needs_key = self._needs_key and not unit.is_key
        return not self._needs_key

    def _sent(self, elapsed_s: float) -> list[Unit]:
        """As many of those waiting as the bit rate lets through."""
        limit = self._condition.slow * self._clip.bit_rate
        if not limit:
            sent = list(self._waiting)
            self._waiting.clear()
            self._credit_bits = 0.0
            return sent
        self._credit_bits = min(0.0, self._credit_bits + elapsed_s * limit)
        sent = []
        while self._waiting and self._credit_bits >= 0:
            # a picture leaves whole; what it cost is paid back before the next one
            sent.append(self._waiting.popleft())
            self._credit_bits -= 8 * len(sent[-1].data)
        return sent
