"""A recording's pictures, each with its media time: from `start` on, or from where a predecessor ended."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av

from streamseg.capture.address import Address
from streamseg.capture.clock import MediaClock
from streamseg.capture.container import Opened, explain, open_container
from streamseg.capture.decoder import Decoder
from streamseg.config import CaptureConfig
from streamseg.errors import SourceError, SourceInvalid
from streamseg.records import Place

_SECOND_NS = 1_000_000_000
_EARLIER_NS = (0, 10 * _SECOND_NS)
_TIMED_FORMATS = ("avi", "flv", "matroska", "mov")


@dataclass(frozen=True, slots=True)
class Timed:
    """A decoded picture and its media time in nanoseconds."""

    picture: av.VideoFrame
    pts_ns: int


class Reading(Iterator[Timed]):
    """One pass over an open recording, in order of display.

    A picture holds memory of the decoder for as long as anyone refers to it; a Reading refers to none it handed out.

    Attributes:
        opened: container and stream.
        clock: its media time; knows whether the last time stamp, or any so far, was made up.
    """

    def __init__(self, opened: Opened, first: av.VideoFrame, rest: Iterator[av.VideoFrame]) -> None:
        self.opened = opened
        self.clock = _clock(opened)
        self._first: av.VideoFrame | None = first
        self._rest = rest

    @property
    def first(self) -> av.VideoFrame:
        """The picture with which it begins, until it is handed out."""
        assert self._first is not None, "handed out already"
        return self._first

    def __next__(self) -> Timed:
        if self._first is not None:
            picture, self._first = self._first, None
        else:
            picture = next(self._rest)
        return Timed(picture, self.clock.tick(picture.pts))

    def begins_by(self, time_ns: int) -> bool:
        """Whether its first picture lies at a time or before it."""
        return self.first.pts is not None and _clock(self.opened).tick(self.first.pts) <= time_ns

    def reach(self, pts_ns: int) -> bool:
        """Read up to the picture of exactly that time; False where the way there leaves any doubt.

        What is read after a seek equals what is read from the beginning once a key picture has come, unless something
        on the way was damaged (it is concealed with what came before) or had no time stamp of its own.
        """
        has_begun = False
        try:
            for timed in self:
                has_begun = has_begun or bool(timed.picture.key_frame)
                if timed.picture.is_corrupt or not self.clock.exact:
                    return False
                if timed.pts_ns >= pts_ns:
                    return has_begun and timed.pts_ns == pts_ns
        except (av.error.FFmpegError, SourceError):
            return False
        return False

    def close(self) -> None:
        """Close the container."""
        self.opened.container.close()


class Recording:
    """Opens a recording, and again wherever else reading has to begin.

    Args:
        address: where it lies.
        capture: start, threads, timeouts.
        dropped: counter of packets that cannot be decoded; counts anew with every Reading.
        closed: set to end every Reading.
    """

    def __init__(
        self, address: Address, capture: CaptureConfig, *, dropped: dict[str, int], closed: threading.Event
    ) -> None:
        self._address = address
        self._capture = capture
        self._dropped = dropped
        self._closed = closed

    def begin(self) -> Reading:
        """Read from a key picture at start or before it.

        Raises:
            SourceError: not found, refused, unreachable, or not a video that can be decoded.
        """
        start_ns = round(self._capture.start * _SECOND_NS)
        reading = self._seek(start_ns, lambda sought: sought.begins_by(start_ns)) if start_ns else None
        reading = reading or self._open(None)
        if reading is None:
            raise SourceInvalid(f"{self._address.shown}: not one of its pictures can be decoded")
        return reading

    def go_on(self, after: Place) -> Reading | None:
        """A Reading whose next picture is the one after a place; None where only counting finds it."""
        if not after.exact:
            return None
        return self._seek(after.pts_ns, lambda sought: sought.reach(after.pts_ns) and not self._dropped)

    def _seek(self, time_ns: int, is_right: Callable[[Reading], bool]) -> Reading | None:
        for earlier_ns in _EARLIER_NS:
            reading = self._open(max(0, time_ns - earlier_ns))
            if reading is None:
                continue
            # elsewhere the demuxer guesses time stamps, wrongly just after a seek
            is_timed = reading.opened.container.format.name.split(",")[0] in _TIMED_FORMATS
            if (is_timed or earlier_ns) and is_right(reading):
                return reading
            reading.close()
        return None

    def _open(self, seek_ns: int | None) -> Reading | None:
        """Open and decode the first picture; None where there is none, or seeking failed."""
        opened = open_container(self._address, self._capture.open_timeout_s, self._capture.read_timeout_s)
        try:
            if seek_ns is not None:
                _seek(opened, seek_ns)
            self._dropped.clear()
            pictures = iter(Decoder(opened, self._capture, dropped=self._dropped, closed=self._closed))
            first = next(pictures, None)
        except av.error.FFmpegError as error:
            opened.container.close()
            if seek_ns is None:
                raise explain(error, self._address) from None
            return None
        except SourceError:
            opened.container.close()
            raise
        if first is None:
            opened.container.close()
            return None
        return Reading(opened, first, pictures)


def _clock(opened: Opened) -> MediaClock:
    return MediaClock(opened.stream.time_base, opened.fps, zero=opened.stream.start_time or 0)


def _seek(opened: Opened, seek_ns: int) -> None:
    begin = opened.stream.start_time or 0
    offset = begin + round(Fraction(seek_ns, _SECOND_NS) / opened.stream.time_base)
    opened.container.seek(offset, stream=opened.stream, backward=True)
