"""Pictures that wait for a slow receiver: few, and whoever lost one goes on with the next key picture."""

import threading
from collections import deque

from streamseg.broadcast.pictures import EncodedPicture


class WaitingPictures:
    """A bounded queue between two threads, in which every picture can be decoded after the one before it.

    Args:
        most: pictures that wait; one more, and all of them are dropped.

    Attributes:
        dropped: pictures that were not handed out.
    """

    def __init__(self, most: int = 100):
        self.dropped = 0
        self._most = most
        self._pictures: deque[EncodedPicture] = deque()
        self._last: EncodedPicture | None = None
        self._over = False
        self._changed = threading.Condition()

    def put(self, picture: EncodedPicture) -> None:
        """Take a picture; never waits."""
        with self._changed:
            if len(self._pictures) >= self._most:
                self._drop()
            if not picture.follows(self._last):
                self.dropped += 1
                self._last = None
                return
            self._last = picture
            self._pictures.append(picture)
            self._changed.notify()

    def get(self, timeout_s: float | None = None) -> EncodedPicture | None:
        """The oldest; None when the stream is over, or nothing came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._pictures or self._over, timeout_s)
            return self._pictures.popleft() if self._pictures else None

    def begin_anew(self) -> None:
        """Drop what waits: the next one out is the next key picture to come."""
        with self._changed:
            self._drop()

    def end(self) -> None:
        """Nothing more comes; what waits can still be had."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    @property
    def over(self) -> bool:
        """Whether nothing more comes, and nothing waits."""
        with self._changed:
            return self._over and not self._pictures

    def _drop(self) -> None:
        self.dropped += len(self._pictures)
        self._pictures.clear()
        self._last = None
