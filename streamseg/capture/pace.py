"""A recorded source in, its frames out no sooner than their media time: a file as if it were live, nothing dropped."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from streamseg.capture.wrapped import Wrapped
from streamseg.records import Frame
from streamseg.stages import Source

_SECOND_NS = 1_000_000_000


class Paced(Wrapped):
    """Hands out each frame when its time has come, counted from the first; arrived_ns is when it was handed out.

    Who fetches too slowly gets the frames late, but all of them.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._closed = threading.Event()

    def close(self) -> None:
        self._closed.set()
        super().close()

    def __iter__(self) -> Iterator[Frame]:
        zero_ns: int | None = None
        for frame in self._source:
            if zero_ns is None:
                zero_ns = time.monotonic_ns() - frame.pts_ns
            wait_ns = zero_ns + frame.pts_ns - time.monotonic_ns()
            if self._closed.wait(max(0, wait_ns) / _SECOND_NS):
                return
            yield replace(frame, arrived_ns=time.monotonic_ns())
