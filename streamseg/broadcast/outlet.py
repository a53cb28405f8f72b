"""Where encoded pictures of a stream go: a thread of its own, whose slowness or failure is nobody else's."""

import threading
from abc import ABC, abstractmethod

from streamseg.broadcast.pictures import EncodedPicture
from streamseg.broadcast.waiting import WaitingPictures


class Outlet(ABC):
    """Takes pictures from one thread, and does _run() in its own. A subclass starts that once all it needs is there.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str):
        self._waiting = WaitingPictures()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def put(self, picture: EncodedPicture) -> None:
        """Take a picture; never waits."""
        self._waiting.put(picture)

    def end(self) -> None:
        """The stream is over: finish what waits, end the thread."""
        self._waiting.end()

    @property
    def running(self) -> bool:
        """Whether the thread has still to end."""
        return self._thread.is_alive()

    def join(self, timeout_s: float) -> None:
        """Wait for that."""
        self._thread.join(timeout_s)

    @abstractmethod
    def _run(self) -> None:
        """Work off what waits, until the stream is over."""
