"""A network stream in (rtsp, rtmp, http(s), HLS), Frames out as they arrive; connects again when it is lost."""

import itertools
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import av

from streamseg.capture.address import Address, url_address
from streamseg.capture.backoff import Backoff
from streamseg.capture.connection import Connection, connect, first_picture_s
from streamseg.capture.container import Opened, explain
from streamseg.capture.decoder import Skip
from streamseg.capture.framing import Framer
from streamseg.capture.live_clock import LiveClock
from streamseg.capture.reach import Hosts, Reach
from streamseg.capture.status import SourceState, SourceStatus
from streamseg.capture.wall_clock import WallClock
from streamseg.config import CaptureConfig
from streamseg.errors import SourceError, SourceNotFound, SourceUnreachable
from streamseg.records import Frame, Place, StreamInfo
from streamseg.shedding import Shed

_SECOND_NS = 1_000_000_000
_UNTIMED_FORMATS = ("mpjpeg",)
_STALLED_S = 2.0
_STALLED_FRAMES = 3
_HUNG_S = 5.0
"""How long a call of libav may outlast its own timeouts; some drivers and name lookups cannot be interrupted."""

log = logging.getLogger(__name__)


class LiveSource:
    """A stream that comes when it comes. Every frame that arrives is yielded; Freshest drops what is not fetched.

    A stream that is lost, or cannot be reached yet, is tried again with exponential back-off, reconnect_tries times in
    a row without a frame (None: for ever); seq goes on without a gap, media time goes on by the time that passed. At
    the start a server that answers with a refusal is believed at once, and with capture.wait false one that does not
    answer is given up after open_timeout_s; later, or going on after a place, nothing is. start and end count from the
    first frame.

    Attributes:
        exact: nothing of it can be found again.
        dropped: frames lost so far, by cause.

    Args:
        source: URL.
        capture: timeouts, tries and waits, transport, clock, end, max_frames, threads.
        name: of the stream.
        hosts: which ones it may name and lead to; None: any.
    """

    exact = False

    def __init__(self, source: str, capture: CaptureConfig, name: str, hosts: Hosts | None = None) -> None:
        self.dropped: dict[str, int] = {}
        self._state: SourceState = "connecting"
        self._reason: str | None = None
        self._reconnects = 0
        self._due_s: float | None = None
        self._skip = Skip.NOTHING
        self._source = source
        self._reach = Reach(source, hosts)
        self._capture = capture
        self._name = name
        self._closed = threading.Event()
        self._after: Place | None = None
        self._framer = Framer(name, clock=WallClock(name, capture.wall_clock))
        self._lock = threading.Lock()
        self._iterating = False
        self._connection: Connection | None = None
        self._last_pts_ns = -1
        self._last_arrived_ns = 0

    def _address(self) -> Address:
        """What to open; asked anew for every try."""
        return url_address(self._source, self._capture.rtsp_transport, self._reach)

    @property
    def status(self) -> SourceStatus:
        """What it is doing; from any thread."""
        state, due_s = self._state, self._due_s
        hung = due_s is not None and time.monotonic() > due_s
        if state == "streaming" and due_s is not None and self._silent_s() > self._stalled_s():
            state = "stalled"
        return SourceStatus(state, self._reason, self._reconnects, hung)

    def open(self, after: Place | None = None) -> StreamInfo:
        """Connect and wait for the first picture.

        Raises:
            SourceRefused, SourceNotFound, SourceInvalid: the server's answer, at once.
            SourceUnreachable: no answer: given up after reconnect_tries, or with capture.wait false after
                open_timeout_s. Going on after a place: given up after reconnect_tries, whatever the answers.
        """
        if after is not None:
            self._go_on(after)
        try:
            self._connection = self._connect_first() if after is None else self._connect_again()
        except SourceError as error:
            self._become("failed", error)
            raise
        opened = self._connection.opened
        first = next(self._connection.pictures)
        self._connection = Connection(opened, itertools.chain([first], self._connection.pictures))
        picture = self._framer.read(first, opened)
        return StreamInfo(
            name=self._name,
            source=opened.address.shown,
            size_hw=picture.planes.size_hw,
            fps=opened.fps,
            live=True,
            notes=picture.notes,
        )

    def shed(self, level: Shed) -> None:
        """Leave out so much of the decoding; from any thread."""
        self._skip = Skip.of(level)

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
            if self._state != "failed":
                self._become("ended")

    def _go_on(self, after: Place) -> None:
        self._after = after
        wall_clock = WallClock(self._name, self._capture.wall_clock)
        self._framer = Framer(self._name, clock=wall_clock, first_seq=after.seq + 1)
        self._last_pts_ns, self._last_arrived_ns = after.pts_ns, after.arrived_ns

    def _left(self) -> int | None:
        """How many frames may still come."""
        most, after = self._capture.max_frames, self._after
        return most if most is None or after is None else max(0, most - after.seq - 1)

    def _is_past(self, pts_ns: int) -> bool:
        return self._capture.end is not None and pts_ns >= self._capture.end * _SECOND_NS

    def _become(self, state: SourceState, reason: SourceError | None = None) -> None:
        self._state, self._reason = state, None if reason is None else str(reason)

    def _silent_s(self) -> float:
        return (time.monotonic_ns() - self._last_arrived_ns) / _SECOND_NS

    def _stalled_s(self) -> float:
        """How long a stream of this rate may be silent before it counts as stalled."""
        connection = self._connection
        fps = connection.opened.fps if connection else None
        return max(_STALLED_S, float(_STALLED_FRAMES / fps)) if fps else _STALLED_S

    def _frames(self) -> Iterator[Frame]:
        while self._connection is not None and not self._closed.is_set():
            try:
                yield from self._stream(self._connection)
                lost: SourceError = SourceUnreachable(f"{self._connection.address.shown}: the stream ended")
            except SourceError as error:
                lost = error
            self._disconnect()
            if not self._closed.is_set():
                self._connection = self._retry(lost)
                self._reconnects += self._connection is not None

    def _stream(self, connection: Connection) -> Iterator[Frame]:
        opened = connection.opened
        untimed = opened.container.format.name in _UNTIMED_FORMATS
        clock: LiveClock | None = None
        self._become("streaming")
        try:
            for decoded in self._watched(connection.pictures):
                arrived_ns = decoded.opaque.at_ns
                clock = clock or self._clock(opened, arrived_ns)
                pts_ns = clock.tick(None if untimed else decoded.pts, arrived_ns)
                self._last_pts_ns, self._last_arrived_ns = pts_ns, arrived_ns
                if pts_ns >= self._capture.start * _SECOND_NS:
                    repaired = clock.repaired and not untimed
                    yield replace(self._framer.frame(decoded, opened, pts_ns, repaired=repaired), late_ns=clock.late_ns)
        except av.error.FFmpegError as error:
            raise explain(error, opened.address) from None

    def _watched(self, pictures: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """The pictures; it is known by when each must have come."""
        while True:
            self._must_end_in(self._capture.read_timeout_s + first_picture_s(self._capture))
            picture = next(pictures, None)
            self._due_s = None
            if picture is None:
                return
            yield picture
            del picture  # its memory is for those to come

    def _must_end_in(self, seconds: float) -> None:
        self._due_s = time.monotonic() + seconds + _HUNG_S

    def _clock(self, opened: Opened, arrived_ns: int) -> LiveClock:
        """Media time of a connection, beginning where the last one ended plus the time without frames."""
        gap_ns = arrived_ns - self._last_arrived_ns if self._last_arrived_ns else 0
        begin_ns = 0 if self._last_pts_ns < 0 else self._last_pts_ns + max(1, gap_ns)
        return LiveClock(opened.stream.time_base, begin_ns=begin_ns)

    def _connect_first(self) -> Connection:
        patient, tries = self._capture.wait, self._capture.reconnect_tries
        backoff, deadline_s = Backoff(self._capture.backoff_max_s), time.monotonic() + self._capture.open_timeout_s
        for attempt in itertools.count():
            left_s = self._capture.open_timeout_s if patient else max(0.1, deadline_s - time.monotonic())
            try:
                return self._connect(left_s)
            except (SourceUnreachable, SourceNotFound) as error:
                if isinstance(error, SourceNotFound) and not self._capture.wait_for_publisher:
                    raise
                wait_s = backoff.next_s()
                if tries is not None and attempt >= tries:
                    raise
                if not patient and time.monotonic() + wait_s >= deadline_s:
                    raise
                self._wait(wait_s, error)
            if self._closed.is_set():
                break
        raise self._closed_before()

    def _connect(self, timeout_s: float) -> Connection:
        """Connect and decode the first picture; until then it stays said why the last try failed."""
        self._state = "connecting"
        address, capture = self._address(), self._capture
        self._must_end_in(timeout_s + capture.read_timeout_s + first_picture_s(capture))
        try:
            connection = connect(
                address, capture, timeout_s, dropped=self.dropped, closed=self._closed, skip=lambda: self._skip
            )
        finally:
            self._due_s = None
        log.info("stream=%s connected source=%s", self._name, address.shown)
        return connection

    def _connect_again(self) -> Connection:
        try:
            return self._connect(self._capture.open_timeout_s)
        except SourceError as error:
            connection = self._retry(error)
        if connection is None:
            raise self._closed_before()
        return connection

    def _retry(self, reason: SourceError) -> Connection | None:
        """Connect by the rules of a lost stream; None when closed meanwhile."""
        tries, backoff = self._capture.reconnect_tries, Backoff(self._capture.backoff_max_s)
        for attempt in itertools.count():
            if tries is not None and attempt >= tries:
                given_up = SourceUnreachable(f"{reason}; given up after {attempt} tries to reconnect")
                self._become("failed", given_up)
                raise given_up
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
        self._become("backing-off", reason)
        log.warning("stream=%s wait_s=%.1f reason=%r", self._name, wait_s, str(reason))
        self._closed.wait(wait_s)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
