"""A live source in, only its newest frames out: what is not fetched in time is dropped, never queued."""

import threading
from collections.abc import Iterator
from dataclasses import replace

from streamseg.capture.wrapped import Wrapped
from streamseg.records import Frame, Place, StreamInfo
from streamseg.stages import Source


class Freshest(Wrapped):
    """Reads a live source in a thread of its own into a mailbox of one frame.

    A frame that is still unread when the next one arrives is dropped["stale"]; seq numbers the frames handed out.
    Errors of the source are raised from the iteration, after the frame that came before them.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._mail = threading.Condition()
        self._unread: Frame | None = None
        self._failure: BaseException | None = None
        self._ended = False
        self._first_seq = 0

    def open(self, after: Place | None = None) -> StreamInfo:
        self._first_seq = 0 if after is None else after.seq + 1
        return super().open(after)

    def close(self) -> None:
        """End the iteration at once; the thread ends with the packet it waits for."""
        super().close()
        with self._mail:
            self._ended = True
            self._mail.notify_all()

    def __iter__(self) -> Iterator[Frame]:
        threading.Thread(target=self._read, name="freshest", daemon=True).start()
        seq = self._first_seq
        try:
            while (frame := self._fetch()) is not None:
                yield replace(frame, seq=seq)
                seq += 1
        finally:
            self.close()

    def _fetch(self) -> Frame | None:
        with self._mail:
            self._mail.wait_for(lambda: self._unread is not None or self._ended)
            frame, self._unread = self._unread, None
            if frame is None and self._failure is not None:
                raise self._failure
            return frame

    def _read(self) -> None:
        try:
            for frame in self._source:
                if not self._deliver(frame):
                    break
        except BaseException as error:
            # raised again where the frames are fetched
            self._failure = error
        with self._mail:
            self._ended = True
            self._mail.notify_all()

    def _deliver(self, frame: Frame) -> bool:
        with self._mail:
            if self._unread is not None:
                self.dropped["stale"] = self.dropped.get("stale", 0) + 1
            self._unread = frame
            self._mail.notify_all()
            return not self._ended
