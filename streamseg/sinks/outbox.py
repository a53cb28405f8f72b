"""What waits to be sent: events in order, kept until they are delivered; beside them what may pass unsent.

The sink puts in and never waits; a courier's thread takes out. Room is bounded: an event that finds none takes the
place of the oldest, and the loss is counted.
"""

import threading
from collections import deque
from collections.abc import Iterable
from typing import Literal

import msgspec


class Letter(msgspec.Struct, frozen=True, array_like=True):
    """A message: its id, unique in all runs, its body, and when it was put in (time.monotonic())."""

    id: str
    body: bytes
    since_s: float
    kind: Literal["events", "objects"] = "events"


class Outbox:
    """Letters between a sink and its courier.

    Args:
        room: letters that wait at most, from 2.
        letters: what a predecessor had not delivered, oldest first.
        passing_room: letters beside them that nobody keeps.
    """

    def __init__(self, room: int, letters: Iterable[Letter] = (), *, passing_room: int = 0):
        self.lost = 0
        self._room, self._passing_room = room, passing_room
        self._letters = deque(letters)
        self._passing: deque[Letter] = deque()
        self._in_hand: Letter | None = None
        self._closed = False
        self._changed = threading.Condition()

    def waiting(self) -> list[Letter]:
        """What is not delivered yet, oldest first; what may pass is not in it."""
        with self._changed:
            return list(self._letters)

    def put(self, letters: Iterable[Letter]) -> int:
        """Keep letters until they are delivered; gives how many older ones were lost for them."""
        lost = 0
        with self._changed:
            for letter in letters:
                if len(self._letters) >= self._room:
                    del self._letters[1 if self._letters[0] is self._in_hand else 0]
                    lost += 1
                self._letters.append(letter)
            self.lost += lost
            self._changed.notify()
        return lost

    def offer(self, letter: Letter) -> bool:
        """Send this one if there is room for it; False: it is not taken."""
        with self._changed:
            if len(self._passing) >= self._passing_room:
                return False
            self._passing.append(letter)
            self._changed.notify()
        return True

    def next(self) -> Letter | None:
        """Wait for the next letter, which stays until done() is told; None: all are done, and none will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._letters or self._passing or self._closed)
            if self._letters:
                self._in_hand = self._letters[0]
                return self._in_hand
            return self._passing.popleft() if self._passing else None

    def done(self, letter: Letter) -> None:
        """A letter that next() gave was delivered, or given up."""
        with self._changed:
            if self._letters and self._letters[0] is letter:
                self._letters.popleft()
            self._in_hand = None

    def close(self) -> None:
        """Nothing more will be put in."""
        with self._changed:
            self._closed = True
            self._changed.notify()
