"""A network stream in (rtsp, rtmp, http(s), HLS), Frames out as they arrive; connects again when it is lost.

`python -m streamseg.capture.live rtsp://camera/stream` prints size, rate and the first time stamps.
"""

import itertools
import logging
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av

from streamseg.capture.address import Address, url_address
from streamseg.capture.backoff import Backoff
from streamseg.capture.clock import MediaClock
from streamseg.capture.container import Opened, explain, open_container
from streamseg.capture.decoder import Decoder
from streamseg.capture.framing import Framer
from streamseg.config import CaptureConfig
from streamseg.errors import SourceError, SourceUnreachable
from streamseg.records import Frame, Place, StreamInfo

State = Literal["connecting", "streaming", "backing-off", "failed", "ended"]
_SECOND_NS = 1_000_000_000
_UNTIMED_FORMATS = ("mpjpeg",)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Connection:
    """One connection that has given its first picture."""

    opened: Opened
    pictures: Iterator[av.VideoFrame]


class LiveSource:
    """A stream that comes when it comes. Every frame that arrives is yielded; Freshest drops what is not fetched.

    The first connection must succeed within open_timeout_s. From then on a lost stream is connected again, with
    exponential back-off, reconnect_tries times in a row without a frame (None: for ever); seq goes on without a gap,
    media time goes on by the time that passed. start and end count from the first frame. A source that goes on after
    a place connects by the rules of a lost stream from the beginning.

    Attributes:
        exact: nothing of it can be found again.
        state: what it is doing.
        reconnects: times that a lost stream came back.

    Args:
        source: URL.
        capture: timeouts, reconnect_tries, backoff_max_s, end, max_frames, threads.
        name: of the stream.
    """

    exact = False

    def __init__(self, source: str, capture: CaptureConfig, name: str) -> None:
        self.dropped: dict[str, int] = {}
        self.state: State = "connecting"
        self.reconnects = 0
        self._source = source
        self._capture = capture
        self._name = name
        self._closed = threading.Event()
        self._after: Place | None = None
        self._framer = Framer(name, live=True)
        self._lock = threading.Lock()
        self._iterating = False
        self._connection: _Connection | None = None
        self._last_pts_ns = -1
        self._last_arrived_ns = 0

    def _address(self) -> Address:
        """What to open; asked anew for every try."""
        return url_address(self._source)

    def open(self, after: Place | None = None) -> StreamInfo:
        """Connect and wait for the first picture.

        Raises:
            SourceRefused, SourceNotFound, SourceInvalid: the server's answer, at once.
            SourceUnreachable: no answer; tried again until open_timeout_s has passed, unless reconnect_tries is 0.
                Going on after a place: given up after reconnect_tries, whatever the answers.
        """
        if after is not None:
            self._go_on(after)
        try:
            self._connection = self._connect_patiently() if after is None else self._connect_again()
        except SourceError:
            self.state = "failed"
            raise
        opened = self._connection.opened
        first = next(self._connection.pictures)
        self._connection = _Connection(opened, itertools.chain([first], self._connection.pictures))
        picture = self._framer.read(first, opened)
        return StreamInfo(
            name=self._name,
            source=opened.address.shown,
            size_hw=picture.planes.size_hw,
            fps=opened.fps,
            live=True,
            notes=picture.notes,
        )

    def close(self) -> None:
        """End the iteration; a read that is under way ends with its packet, or read_timeout_s."""
        self._closed.set()
        with self._lock:
            if not self._iterating:
                self._disconnect()

    def __iter__(self) -> Iterator[Frame]:
        """Frames until end, max_frames or close(); SourceUnreachable when the stream is lost for good."""
        with self._lock:
            self._iterating = True
        try:
            if self._connection is None and not self._closed.is_set():
                self.open()
            frames = itertools.islice(self._frames(), self._left())
            yield from itertools.takewhile(lambda frame: not self._is_past(frame.pts_ns), frames)
        finally:
            self._disconnect()
            if self.state != "failed":
                self.state = "ended"

    def _go_on(self, after: Place) -> None:
        self._after = after
        self._framer = Framer(self._name, live=True, first_seq=after.seq + 1)
        self._last_pts_ns, self._last_arrived_ns = after.pts_ns, after.arrived_ns

    def _left(self) -> int | None:
        """How many frames may still come."""
        most, after = self._capture.max_frames, self._after
        return most if most is None or after is None else max(0, most - after.seq - 1)

    def _is_past(self, pts_ns: int) -> bool:
        return self._capture.end is not None and pts_ns >= self._capture.end * _SECOND_NS

    def _frames(self) -> Iterator[Frame]:
        while self._connection is not None and not self._closed.is_set():
            try:
                yield from self._stream(self._connection)
                lost: SourceError = SourceUnreachable(f"{self._connection.opened.address.shown}: the stream ended")
            except SourceError as error:
                lost = error
            self._disconnect()
            if not self._closed.is_set():
                self._connection = self._retry(lost)
                self.reconnects += self._connection is not None

    def _stream(self, connection: _Connection) -> Iterator[Frame]:
        opened = connection.opened
        clock: MediaClock | None = None
        self.state = "streaming"
        try:
            for decoded in connection.pictures:
                clock = clock or self._clock(opened, decoded.opaque)
                untimed = opened.container.format.name in _UNTIMED_FORMATS
                pts_ns = clock.tick(decoded.opaque if untimed else decoded.pts)
                self._last_pts_ns, self._last_arrived_ns = pts_ns, decoded.opaque
                if pts_ns >= self._capture.start * _SECOND_NS:
                    yield self._framer.frame(decoded, opened, pts_ns, repaired=clock.repaired)
        except av.error.FFmpegError as error:
            raise explain(error, opened.address) from None

    def _clock(self, opened: Opened, arrived_ns: int) -> MediaClock:
        """Media time of a connection, beginning where the last one ended plus the time without frames."""
        gap_ns = arrived_ns - self._last_arrived_ns if self._last_arrived_ns else 0
        begin_ns = 0 if self._last_pts_ns < 0 else self._last_pts_ns + max(1, gap_ns)
        untimed = opened.container.format.name in _UNTIMED_FORMATS
        time_base = Fraction(1, _SECOND_NS) if untimed else opened.stream.time_base
        return MediaClock(time_base, opened.fps, begin_ns=begin_ns)

    def _connect_patiently(self) -> _Connection:
        deadline_s = time.monotonic() + self._capture.open_timeout_s
        backoff, tries = Backoff(self._capture.backoff_max_s), self._capture.reconnect_tries
        for attempt in itertools.count():
            try:
                return self._connect(max(0.1, deadline_s - time.monotonic()))
            except SourceUnreachable as error:
                wait_s = backoff.next_s()
                if (tries is not None and attempt >= tries) or time.monotonic() + wait_s >= deadline_s:
                    raise
                self._wait(wait_s, error)
            if self._closed.is_set():
                break
        raise self._closed_before()

    def _connect(self, timeout_s: float) -> _Connection:
        """Connect and decode the first picture."""
        self.state = "connecting"
        address, capture = self._address(), self._capture
        opened = open_container(address, timeout_s, capture.read_timeout_s)
        stall_s = capture.open_timeout_s + capture.read_timeout_s
        decoder = Decoder(opened, capture, dropped=self.dropped, closed=self._closed).live(stall_s)
        pictures = iter(decoder)
        try:
            first = next(pictures, None)
            if first is None:
                raise SourceUnreachable(f"{address.shown}: the stream ended before its first picture")
        except av.error.FFmpegError as error:
            opened.container.close()
            raise explain(error, address) from None
        except SourceError:
            opened.container.close()
            raise
        log.info("stream=%s connected source=%s", self._name, address.shown)
        return _Connection(opened, itertools.chain([first], pictures))

    def _connect_again(self) -> _Connection:
        try:
            return self._connect(self._capture.open_timeout_s)
        except SourceError as error:
            connection = self._retry(error)
        if connection is None:
            raise self._closed_before()
        return connection

    def _retry(self, reason: SourceError) -> _Connection | None:
        """Connect by the rules of a lost stream; None when closed meanwhile."""
        tries, backoff = self._capture.reconnect_tries, Backoff(self._capture.backoff_max_s)
        for attempt in itertools.count():
            if tries is not None and attempt >= tries:
                self.state = "failed"
                raise SourceUnreachable(f"{reason}; given up after {attempt} tries to reconnect")
            self._wait(backoff.next_s(), reason)
            if self._closed.is_set():
                break
            try:
                return self._connect(self._capture.open_timeout_s)
            except SourceError as error:
                reason = error
        return None

    def _closed_before(self) -> SourceError:
        return SourceUnreachable(f"{self._address().shown}: closed before it could be reached")

    def _wait(self, wait_s: float, reason: SourceError) -> None:
        self.state = "backing-off"
        log.warning("stream=%s wait_s=%.1f reason=%r", self._name, wait_s, str(reason))
        self._closed.wait(wait_s)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.opened.container.close()


def main() -> None:
    """Print what a live stream sends."""
    source = LiveSource(sys.argv[1], CaptureConfig(), "live")
    print(source.open())  # noqa: T201
    for frame in itertools.islice(source, 5):
        print(frame.seq, frame.pts_ns, frame.size_hw, frame.color, frame.notes)  # noqa: T201


if __name__ == "__main__":
    main()
