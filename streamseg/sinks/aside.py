"""Any sink made optional: it works in a thread of its own, and what it cannot keep up with is skipped and counted."""

import queue
import threading
import time
from contextlib import suppress
from dataclasses import replace

from streamseg.errors import SinkError
from streamseg.records import U8, Extraction, Planes, StreamInfo, Track
from streamseg.stages import Leaving, Sink


class Aside:
    """Lets another sink be slow: frames wait in a small mailbox, and one that finds it full is skipped.

    What it takes it copies, so every frame given to it can be let go at once; the frames in the mailbox are lost when
    the process is killed. A successor goes on after the last frame that the other sink has settled.

    Args:
        sink: the other sink; not opened yet.
        room: frames that may wait, from 1.
        deadline_s: so long close() waits for what was taken.
    """

    def __init__(self, sink: Sink, room: int = 2, *, deadline_s: float = 10.0):
        self.name = sink.name
        self.deadline_s = deadline_s
        self._sink = sink
        self._mailbox: queue.Queue[Extraction | None] = queue.Queue(room)
        self._thread: threading.Thread | None = None
        self._position = b""
        self._error: Exception | None = None
        self._told = self._leaving = False

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Open the other sink, and give what it gives."""
        last_seq, self._position = self._sink.open(info, position), position
        self._thread = threading.Thread(target=self._work, name=f"aside-{self.name}-{info.name}", daemon=True)
        self._thread.start()
        return last_seq

    def write(self, extraction: Extraction) -> bool:
        """Take a copy, or skip the frame where there is no room; raises what the other sink raised."""
        if self._thread is None:
            raise SinkError(f"sink {self.name}: is closed; open() comes before write()")
        self._raise_error()
        if self._mailbox.full():  # it can only become emptier: nobody else puts
            return False
        self._mailbox.put_nowait(owned(extraction))
        return True

    def settle(self) -> bytes:
        """Where the other sink has come to: what it has taken needs none of the caller's memory."""
        return self._position

    def close(self) -> None:
        """Wait until the other sink has written what was taken, and has closed; raises what it raised.

        Raises:
            SinkError: it takes longer than deadline_s; it is left to itself.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return
        end_s = time.monotonic() + self.deadline_s
        with suppress(queue.Full):
            self._mailbox.put(None, timeout=self.deadline_s)
        thread.join(max(0.0, end_s - time.monotonic()))
        if thread.is_alive():
            waiting = self._mailbox.qsize()
            raise SinkError(f"sink {self.name}: not done in {self.deadline_s:g} s; {waiting} frames were still waiting")
        if not self._told:
            self._raise_error()

    def leave(self) -> None:
        """Let the other sink finish the frame at hand, and leave it as it is: another one goes on after it."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._leaving = True
            self._mailbox.put(None)
            thread.join()

    def _work(self) -> None:
        while (extraction := self._mailbox.get()) is not None:
            if self._error is None and not self._leaving:  # else the mailbox is emptied all the same
                self._deliver(extraction)
        if self._leaving:
            if isinstance(self._sink, Leaving):
                self._sink.leave()
            return
        try:
            self._sink.close()
        except Exception as error:
            self._error = self._error or error

    def _deliver(self, extraction: Extraction) -> None:
        try:
            self._sink.write(extraction)
            self._position = self._sink.settle()
        except Exception as error:
            self._error = error

    def _raise_error(self) -> None:
        if self._error is not None:
            self._told = True
            raise self._error


def owned(extraction: Extraction) -> Extraction:
    """The same extraction with arrays of its own; what was one array in it is one still."""
    arrays: dict[int, U8] = {}

    def own(array: U8) -> U8:
        if id(array) not in arrays:
            arrays[id(array)] = array.copy()
        return arrays[id(array)]

    def own_track(track: Track) -> Track:
        return track if track.mask is None else replace(track, mask=replace(track.mask, alpha=own(track.mask.alpha)))

    frame, planes = extraction.frame, extraction.frame.planes
    return replace(
        extraction,
        frame=replace(frame, planes=Planes(own(planes.y), own(planes.u), own(planes.v))),
        tracks=tuple(own_track(track) for track in extraction.tracks),
        cutouts=tuple(
            replace(cutout, track=own_track(cutout.track), rgba=own(cutout.rgba)) for cutout in extraction.cutouts
        ),
    )
