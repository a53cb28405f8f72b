"""Recorded video in (a path, or an http(s) URL of a finite file), Frames out; from `start` to `end`."""

import itertools
import logging
import threading
from collections.abc import Iterator
from fractions import Fraction

import av

from streamseg.capture.address import Address, file_address, url_address
from streamseg.capture.container import Opened, explain
from streamseg.capture.framing import Framer
from streamseg.capture.reach import Hosts, Reach
from streamseg.capture.reading import Reading, Recording
from streamseg.capture.recording import check_file, creation_ns, told_duration_s
from streamseg.capture.redact import is_url
from streamseg.config import CaptureConfig
from streamseg.errors import SourceError, SourceInvalid
from streamseg.records import Frame, Place, StreamInfo

_SECOND_NS = 1_000_000_000
_TRUNCATED_S = 1.0
_TRUNCATED_SHARE = 0.02

log = logging.getLogger(__name__)


class FileSource:
    """A recorded video. Nothing is dropped but packets that cannot be decoded (dropped["undecodable"]).

    Going on after a place, it seeks to a key picture before it and decodes from there; where seeking cannot be trusted
    to find the same pictures again, it decodes from the beginning and counts. dropped then counts from the place on.
    Only what stands in for damaged parts of a picture may differ, as it may between any two runs with several threads.

    Attributes:
        exact: of the frame handed out last: no time stamp up to it was made up, so that seeking may find it again.

    Args:
        source: path, or http(s) URL.
        capture: start, end, max_frames, threads, timeouts.
        name: of the stream.
        hosts: which ones a URL may name and lead to; None: any.
    """

    def __init__(self, source: str, capture: CaptureConfig, name: str, hosts: Hosts | None = None) -> None:
        self.dropped: dict[str, int] = {}
        self.exact = True
        self._source = source
        self._capture = capture
        self._name = name
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._reach = Reach(source, hosts) if is_url(source) else None
        self._recording = Recording(self._address(), capture, dropped=self.dropped, closed=self._closed)
        self._reading: Reading | None = None
        self._after: Place | None = None
        self._emitted = 0

    def open(self, after: Place | None = None) -> StreamInfo:
        """Open, seek to start, decode one picture; the way to a place is gone when the first frame is fetched.

        Raises:
            SourceError: not found, refused, unreachable, or not a video that can be decoded.
        """
        self._after = after
        self._reading = self._begin()
        return self._describe(self._reading)

    def close(self) -> None:
        """End the iteration after the frame at hand."""
        self._closed.set()
        reading = self._take()
        if reading is not None:
            reading.close()

    def _take(self) -> Reading | None:
        """What open() began, for the one who closes it: the iteration, or close() if there was none."""
        with self._lock:
            reading, self._reading = self._reading, None
        return reading

    def __iter__(self) -> Iterator[Frame]:
        """Frames from start (or after a place) to end; SourceError where the file breaks off, after its last frame."""
        reading = self._take()
        if self._closed.is_set():
            return
        reading = reading or self._begin()
        self._emitted = 0 if self._after is None else self._after.seq + 1
        framer = Framer(self._name, wall_zero_ns=creation_ns(reading.opened), first_seq=self._emitted)
        try:
            # the size that open() told, wherever reading goes on
            framer.read(reading.first, reading.opened)
            if self._after is not None:
                reading = self._go_on(reading, self._after)
            yield from self._hand_out(reading, framer)
        except av.error.FFmpegError as error:
            raise self._broken(error, reading) from None
        finally:
            reading.close()

    def _go_on(self, begun: Reading, after: Place) -> Reading:
        """What comes after a place: another Reading in place of the one begun, or that one read on."""
        reading = self._recording.go_on(after)
        if reading is None:
            reading = begun
            handed_out = (timed for timed in begun if self._is_due(timed.pts_ns))
            next(itertools.islice(handed_out, after.seq, None), None)
        else:
            begun.close()
        # those before the place are in the predecessor's count
        self.dropped.clear()
        return reading

    def _hand_out(self, reading: Reading, framer: Framer) -> Iterator[Frame]:
        if self._is_enough():
            return
        for timed in reading:
            if self._closed.is_set() or self._is_past(timed.pts_ns):
                return
            if self._is_due(timed.pts_ns):
                self.exact = reading.clock.exact
                yield framer.frame(timed.picture, reading.opened, timed.pts_ns, repaired=reading.clock.repaired)
                self._emitted += 1
                if self._is_enough():
                    return
            del timed  # its memory is for the pictures to come
        if not self._closed.is_set():
            self._check_whole(reading)

    def _is_due(self, pts_ns: int) -> bool:
        return pts_ns >= self._capture.start * _SECOND_NS

    def _is_past(self, pts_ns: int) -> bool:
        return self._capture.end is not None and pts_ns >= self._capture.end * _SECOND_NS

    def _is_enough(self) -> bool:
        return self._capture.max_frames is not None and self._emitted >= self._capture.max_frames

    def _address(self) -> Address:
        return url_address(self._source, reach=self._reach) if self._reach else file_address(self._source)

    def _begin(self) -> Reading:
        if self._reach is None:
            check_file(self._source)
        return self._recording.begin()

    def _describe(self, reading: Reading) -> StreamInfo:
        opened = reading.opened
        picture = Framer(self._name).read(reading.first, opened)
        length_s = told_duration_s(opened)
        local_audio = opened.container.streams.audio and not opened.address.remote
        return StreamInfo(
            name=self._name,
            source=opened.address.shown,
            size_hw=picture.planes.size_hw,
            fps=opened.fps,
            live=False,
            frames=self._frames(opened),
            duration_s=None if length_s is None else self._span_s(length_s),
            audio_from=self._source if local_audio else None,
            notes=picture.notes,
        )

    def _span_s(self, length_s: float) -> float:
        end_s = length_s if self._capture.end is None else min(self._capture.end, length_s)
        return max(0.0, end_s - self._capture.start)

    def _frames(self, opened: Opened) -> int | None:
        """What the container tells, less what start and end leave out (by the mean rate)."""
        told: int | None = opened.stream.frames or None
        length_s = told_duration_s(opened)
        if told is not None and length_s:
            told = round(told * Fraction(self._span_s(length_s)) / Fraction(length_s))
        return told if told is None or self._capture.max_frames is None else min(told, self._capture.max_frames)

    def _broken(self, error: av.error.FFmpegError, reading: Reading) -> SourceError:
        told = explain(error, reading.opened.address)
        return type(told)(f"{told} at {reading.clock.last_ns / _SECOND_NS:.2f} s, after {self._emitted} frames")

    def _check_whole(self, reading: Reading) -> None:
        """SourceInvalid if the pictures ended long before the length the file tells."""
        opened = reading.opened
        length_s = told_duration_s(opened)
        end_s = reading.clock.last_ns / _SECOND_NS + (float(1 / opened.fps) if opened.fps else 0.04)
        if length_s is not None and end_s + max(_TRUNCATED_S, _TRUNCATED_SHARE * length_s) < length_s:
            shown = opened.address.shown
            raise SourceInvalid(
                f"{shown}: breaks off at {end_s:.2f} s of {length_s:.2f} s, after {self._emitted} frames; "
                "the file is truncated or damaged"
            )
