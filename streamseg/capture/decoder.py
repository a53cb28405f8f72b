"""Decodes: the packets of an open container in, pictures (av.VideoFrame) out, each with the time its packet arrived."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum

import av

from streamseg.capture.container import Opened, check_size
from streamseg.capture.wall_clock import Arrival
from streamseg.config import CaptureConfig
from streamseg.errors import SourceInvalid, SourceUnreachable
from streamseg.shedding import Shed

_MOST_UNDECODABLE = 100
_LOW_DELAY = av.codec.context.Flags.low_delay

log = logging.getLogger(__name__)


class Skip(Enum):
    """What is not decoded, in libav's words."""

    NOTHING = "DEFAULT"
    NON_REFERENCE = "NONREF"
    ALL_BUT_KEY = "NONKEY"

    @classmethod
    def of(cls, level: Shed) -> "Skip":
        """What a level of shedding leaves out."""
        if level >= Shed.ALL_BUT_KEY:
            return cls.ALL_BUT_KEY
        return cls.NON_REFERENCE if level >= Shed.NON_REFERENCE else cls.NOTHING

    @property
    def cause(self) -> str:
        """By which frames that are lost by it are counted."""
        return "not_key" if self is Skip.ALL_BUT_KEY else "not_reference"


class Decoder:
    """Iterates over the pictures of one open container, in order of display.

    picture.opaque is the Arrival of its packet. A packet that cannot be decoded is counted in
    dropped["undecodable"] and passed over; 100 in a row are an error. Ends early when closed is set.

    Args:
        opened: what to read.
        capture: threads and timeouts.
        dropped: the source's counters.
        closed: set to end the iteration after the packet at hand.
    """

    def __init__(
        self, opened: Opened, capture: CaptureConfig, *, dropped: dict[str, int], closed: threading.Event
    ) -> None:
        self._opened = opened
        self._dropped = dropped
        self._closed = closed
        self._in_a_row = 0
        self._stall_s: float | None = None
        self._skip: Callable[[], Skip] = lambda: Skip.NOTHING
        self._skipping = Skip.NOTHING
        codec = opened.stream.codec_context
        codec.thread_count = capture.threads
        codec.thread_type = "AUTO"
        codec.copy_opaque = True

    def live(self, stall_s: float, skip: Callable[[], Skip]) -> "Decoder":
        """Decode with the least delay, but not what skip() says; give up after stall_s of packets without a picture."""
        self._skip = skip
        codec = self._opened.stream.codec_context
        codec.thread_type = "SLICE"
        codec.flags |= _LOW_DELAY
        self._stall_s = stall_s
        return self

    def __iter__(self) -> Iterator[av.VideoFrame]:
        """Raises what libav raises when the container breaks off; pictures decoded so far come first."""
        packets = self._opened.container.demux(self._opened.stream)
        last_picture_s = time.monotonic()
        while not self._closed.is_set():
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                yield from self._decode(None)
                raise
            except IndexError:
                # at its end the binding flushes ours, then trips over streams that appeared while it was read
                return
            if packet is None:
                return
            pictures = self._decode(packet)
            if pictures:
                last_picture_s = time.monotonic()
            elif self._stall_s is not None and time.monotonic() - last_picture_s > self._stall_s:
                shown = self._opened.address.shown
                raise SourceUnreachable(f"{shown}: packets arrive, but no picture for {self._stall_s:.0f} s")
            while pictures:
                yield pictures.pop(0)  # and hold it no longer: its memory is for the pictures to come

    def _decode(self, packet: av.Packet | None) -> list[av.VideoFrame]:
        if packet is not None:
            packet.opaque = Arrival.of(packet)
            self._choose(packet)
        try:
            pictures = self._opened.stream.codec_context.decode(packet)
        except av.error.EOFError:
            return []
        except av.error.FFmpegError as error:
            self._count_undecodable(error)
            return []
        if not pictures and packet is not None and self._skipping is not Skip.NOTHING:
            cause = self._skipping.cause
            self._dropped[cause] = self._dropped.get(cause, 0) + 1
        if pictures:
            self._in_a_row = 0
            check_size(pictures[0].width, pictures[0].height, self._opened.address.shown)
        return pictures

    def _choose(self, packet: av.Packet) -> None:
        """Skip what is to be skipped; no less than before until a key frame comes, for the others build on others."""
        wanted = self._skip()
        if wanted is self._skipping:
            return
        if self._skipping is Skip.ALL_BUT_KEY and not packet.is_keyframe:
            return
        self._opened.stream.codec_context.skip_frame = wanted.value
        self._skipping = wanted

    def _count_undecodable(self, error: av.error.FFmpegError) -> None:
        shown = self._opened.address.shown
        self._dropped["undecodable"] = self._dropped.get("undecodable", 0) + 1
        self._in_a_row += 1
        if self._in_a_row == 1:
            log.warning("source=%s undecodable packet reason=%r", shown, error.strerror)
        if self._in_a_row >= _MOST_UNDECODABLE:
            raise SourceInvalid(f"{shown}: {self._in_a_row} packets in a row cannot be decoded ({error.strerror})")
