"""Recorded video in (a path, or an http(s) URL of a finite file), Frames out; from `start` to `end`.

`python -m streamseg.capture.file street.mp4` prints size, rate and the first time stamps.
"""

import itertools
import logging
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av

from streamseg.capture.address import Address, file_address, url_address
from streamseg.capture.clock import MediaClock
from streamseg.capture.container import Opened, explain, open_container
from streamseg.capture.decoder import Decoder
from streamseg.capture.framing import Framer
from streamseg.capture.recording import check_file, creation_ns, told_duration_s
from streamseg.config import CaptureConfig
from streamseg.errors import SourceError, SourceInvalid
from streamseg.records import Frame, StreamInfo

_SECOND_NS = 1_000_000_000
_EARLIER_S = (0.0, 10.0)
_TRUNCATED_S = 1.0
_TRUNCATED_SHARE = 0.02

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Reading:
    """An open file at the place where reading begins."""

    opened: Opened
    first: av.VideoFrame
    rest: Iterator[av.VideoFrame]


class FileSource:
    """A recorded video. Nothing is dropped but packets that cannot be decoded (dropped["undecodable"]).

    Args:
        source: path, or http(s) URL.
        capture: start, end, max_frames, threads, timeouts.
        name: of the stream.
    """

    def __init__(self, source: str, capture: CaptureConfig, name: str) -> None:
        self.dropped: dict[str, int] = {}
        self._source = source
        self._capture = capture
        self._name = name
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._reading: _Reading | None = None
        self._emitted = 0

    def open(self) -> StreamInfo:
        """Open, seek to start, decode one picture.

        Raises:
            SourceError: not found, refused, unreachable, or not a video that can be decoded.
        """
        self._reading = self._begin()
        return self._describe(self._reading)

    def close(self) -> None:
        """End the iteration after the frame at hand."""
        self._closed.set()
        reading = self._take()
        if reading is not None:
            reading.opened.container.close()

    def _take(self) -> _Reading | None:
        """What open() began, for the one who closes it: the iteration, or close() if there was none."""
        with self._lock:
            reading, self._reading = self._reading, None
        return reading

    def __iter__(self) -> Iterator[Frame]:
        """Frames from start to end; SourceError where the file breaks off, after the frames before it."""
        reading = self._take()
        if self._closed.is_set():
            return
        reading = reading or self._begin()
        opened = reading.opened
        self._emitted = 0
        clock = self._clock(opened)
        framer = Framer(self._name, wall_zero_ns=creation_ns(opened))
        try:
            for decoded in itertools.chain([reading.first], reading.rest):
                pts_ns = clock.tick(decoded.pts)
                if self._closed.is_set() or self._is_past(pts_ns):
                    return
                if pts_ns >= self._capture.start * _SECOND_NS:
                    yield framer.frame(decoded, opened, pts_ns, repaired=clock.repaired)
                    self._emitted += 1
                    if self._emitted == self._capture.max_frames:
                        return
            if not self._closed.is_set():
                self._check_whole(opened, clock)
        except av.error.FFmpegError as error:
            raise self._broken(error, opened, clock) from None
        finally:
            opened.container.close()

    def _is_past(self, pts_ns: int) -> bool:
        return self._capture.end is not None and pts_ns >= self._capture.end * _SECOND_NS

    def _address(self) -> Address:
        return url_address(self._source) if "://" in self._source else file_address(self._source)

    def _begin(self) -> _Reading:
        address = self._address()
        if not address.remote:
            check_file(self._source)
        if self._capture.start > 0:
            for earlier_s in _EARLIER_S:
                reading = self._at(address, max(0.0, self._capture.start - earlier_s))
                if reading is not None:
                    return reading
        reading = self._at(address, None)
        if reading is None:
            raise SourceInvalid(f"{address.shown}: not one of its pictures can be decoded")
        return reading

    def _at(self, address: Address, seek_s: float | None) -> _Reading | None:
        """Open and decode the first picture; None where that failed, or seeking missed: it lies after start."""
        opened = open_container(address, self._capture.open_timeout_s, self._capture.read_timeout_s)
        try:
            if seek_s is not None:
                _seek(opened, seek_s)
            self.dropped.clear()
            pictures = iter(Decoder(opened, self._capture, dropped=self.dropped, closed=self._closed))
            first = next(pictures, None)
        except av.error.FFmpegError as error:
            opened.container.close()
            if seek_s is None:
                raise explain(error, address) from None
            return None
        except SourceError:
            opened.container.close()
            raise
        missed = first is not None and seek_s is not None and not self._is_before_start(opened, first)
        if first is None or missed:
            opened.container.close()
            return None
        return _Reading(opened, first, pictures)

    def _is_before_start(self, opened: Opened, first: av.VideoFrame) -> bool:
        if first.pts is None:
            return False
        return self._clock(opened).tick(first.pts) <= self._capture.start * _SECOND_NS

    def _clock(self, opened: Opened) -> MediaClock:
        return MediaClock(opened.stream.time_base, opened.fps, zero=opened.stream.start_time or 0)

    def _describe(self, reading: _Reading) -> StreamInfo:
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

    def _broken(self, error: av.error.FFmpegError, opened: Opened, clock: MediaClock) -> SourceError:
        told = explain(error, opened.address)
        return type(told)(f"{told} at {clock.last_ns / _SECOND_NS:.2f} s, after {self._emitted} frames")

    def _check_whole(self, opened: Opened, clock: MediaClock) -> None:
        """SourceInvalid if the pictures ended long before the length the file tells."""
        length_s = told_duration_s(opened)
        end_s = clock.last_ns / _SECOND_NS + (float(1 / opened.fps) if opened.fps else 0.04)
        if length_s is not None and end_s + max(_TRUNCATED_S, _TRUNCATED_SHARE * length_s) < length_s:
            shown = opened.address.shown
            raise SourceInvalid(
                f"{shown}: breaks off at {end_s:.2f} s of {length_s:.2f} s, after {self._emitted} frames; "
                "the file is truncated or damaged"
            )


def _seek(opened: Opened, seek_s: float) -> None:
    begin = opened.stream.start_time or 0
    offset = begin + int(Fraction(seek_s) / opened.stream.time_base)
    opened.container.seek(offset, stream=opened.stream, backward=True)


def main() -> None:
    """Print what a file holds."""
    source = FileSource(sys.argv[1], CaptureConfig(), "file")
    print(source.open())  # noqa: T201
    for frame in itertools.islice(source, 5):
        print(frame.seq, frame.pts_ns, frame.size_hw, frame.color, frame.notes)  # noqa: T201


if __name__ == "__main__":
    main()
