"""Capture in a worker: a thread per stream reads its source into free slots of the newest epoch."""

import logging
import os
import threading
import time
from collections.abc import Callable

from streamseg.capture.status import SourceStatus
from streamseg.config import CaptureConfig, StreamConfig
from streamseg.errors import StreamsegError, told
from streamseg.runtime.hosted import Hosted
from streamseg.runtime.messages import Captured, Held, Opened, SourceIs
from streamseg.runtime.source_reader import SourceReader

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.1
HUNG = 70
"""Exit status of a process that ends itself because a source hangs in a call that nothing can interrupt."""


class CaptureStation:
    """Hosts the sources of a worker's streams, and watches them: what each is doing is reported when it changes.

    A source that hangs in a call which its own timeouts should have ended ends the process: a successor opens all of
    them anew.

    A recorded stream waits for a free slot. A live one drops the frame at hand where none is free, and numbers those
    that found one. seq and counts of drops go on where a predecessor stopped.

    Args:
        capture: how sources are read.
        report: told Opened, SourceIs, Held and Captured, from threads of the station.
        published: told the stream and the slot of each new frame, from the streams' threads.
    """

    stage = "capture"

    def __init__(
        self,
        capture: CaptureConfig,
        *,
        report: Callable[[Opened | SourceIs | Captured | Held], None],
        published: Callable[[Hosted, int, int], None],
    ):
        self._capture, self._report, self._published = capture, report, published
        self._readers: dict[int, SourceReader] = {}
        threading.Thread(target=self._watch, name="capture-watch", daemon=True).start()

    def open(self, stream: Hosted) -> None:
        """Begin to read a stream; a source that makes no sense is the end of that stream alone."""
        try:
            reader = SourceReader(stream, self._capture, self._report, self._published)
        except StreamsegError as error:
            self._report(Captured(stream.number, told(error)))
            return
        self._readers[stream.number] = reader
        threading.Thread(target=reader.run, name=f"capture-{stream.name}", daemon=True).start()

    def look(self, number: int) -> None:
        """A slot may be free, or a segment there."""
        if number in self._readers:
            self._readers[number].wake.set()

    def pause(self, number: int, *, on: bool) -> None:
        """Hand out no frames of this stream for now, or go on."""
        if number in self._readers:
            self._readers[number].pause(on=on)

    def hold(self, number: int, *, on: bool) -> None:
        """Begin no further frame of this stream and say so, or go on."""
        if number in self._readers:
            self._readers[number].hold(on=on)

    def change(self, number: int, config: StreamConfig) -> None:
        """The stream has other zones from the next frame on."""
        if number in self._readers:
            self._readers[number].change(config)

    def stop(self, number: int) -> None:
        """No further frames of this stream."""
        if number in self._readers:
            self._readers[number].stop()

    def forget(self, number: int) -> None:
        """The stream is over."""
        self._readers.pop(number, None)

    def _watch(self) -> None:
        told: dict[int, SourceStatus] = {}
        while True:
            time.sleep(_LOOK_EVERY_S)
            for number, reader in list(self._readers.items()):
                status = reader.status
                if status.hung:
                    log.error("stream=%s source hangs; its process ends and begins anew", reader.name)
                    os._exit(HUNG)
                if status != told.get(number):
                    told[number] = status
                    self._report(SourceIs(number, status.state, status.reason, status.reconnects))
