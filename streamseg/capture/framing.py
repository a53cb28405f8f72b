"""Decoded pictures of one stream in, its Frames out: numbered without gaps, timed, all of one size."""

import logging
import time
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import av

from streamseg.capture.container import Opened
from streamseg.capture.planes import Picture, read_picture
from streamseg.capture.wall_clock import Arrival, WallClock
from streamseg.records import Frame

_CENTRED_CODECS = ("mjpeg", "mpeg1video", "h261", "h263")
_UNDECODED = "rawvideo"

log = logging.getLogger(__name__)


class Framer:
    """Makes the Frames of one stream, across its connections.

    A picture of another size than the first is scaled to that size, which its notes say: everything after capture
    counts on one size.

    Args:
        name: of the stream.
        wall_zero_ns: UTC of media time 0 (files that tell when they were made), or None.
        clock: of a live stream; its pictures' opaque must be their Arrival.
        first_seq: number of its first Frame.
    """

    def __init__(
        self, name: str, *, wall_zero_ns: int | None = None, clock: WallClock | None = None, first_seq: int = 0
    ) -> None:
        self._name = name
        self._wall_zero_ns = wall_zero_ns
        self._clock = clock
        self._seq = first_seq
        self._coded_size: tuple[int, int] | None = None
        self._warned: set[tuple[int, int]] = set()

    def read(self, decoded: av.VideoFrame, opened: Opened) -> Picture:
        """Planes of the stream's size."""
        size, codec = (decoded.width, decoded.height), opened.stream.codec_context.name
        if self._coded_size is None:
            self._coded_size = size
        site: Literal["left", "center"] = "center" if codec in _CENTRED_CODECS else "left"
        if size == self._coded_size:
            # such a picture lies in its packet, and that may lie in a camera's driver: gone once the camera is closed
            return read_picture(decoded, site, copied=codec == _UNDECODED)
        if size not in self._warned:
            self._warned.add(size)
            log.warning("stream=%s size changed from=%s to=%s; scaled", self._name, self._coded_size, size)
        picture = read_picture(decoded.reformat(*self._coded_size), site)
        return replace(picture, notes=(*picture.notes, f"scaled from {size[0]} x {size[1]}"))

    def frame(self, decoded: av.VideoFrame, opened: Opened, pts_ns: int, *, repaired: bool = False) -> Frame:
        """The next Frame; repaired says that its pts was made up."""
        picture = self.read(decoded, opened)
        arrival = decoded.opaque if isinstance(decoded.opaque, Arrival) else Arrival(time.monotonic_ns())
        wall_ns, quality = self._wall(pts_ns, arrival)
        frame = Frame(
            stream=self._name,
            seq=self._seq,
            pts_ns=pts_ns,
            planes=picture.planes,
            color=picture.color,
            arrived_ns=arrival.at_ns,
            wall_ns=wall_ns,
            wall_quality=quality,
            aspect=self._aspect(decoded, opened, picture),
            notes=(*picture.notes, "time stamp made up") if repaired else picture.notes,
            stored=picture.orientation.stored((decoded.height, decoded.width)),
        )
        self._seq += 1
        return frame

    def _wall(self, pts_ns: int, arrival: Arrival) -> tuple[int | None, Literal["none", "file", "host", "ntp"]]:
        if self._clock is not None:
            return self._clock.read(arrival)
        if self._wall_zero_ns is not None:
            return self._wall_zero_ns + pts_ns, "file"
        return None, "none"

    def _aspect(self, decoded: av.VideoFrame, opened: Opened, picture: Picture) -> Fraction:
        """Shape of a pixel once the picture has the stream's size and stands upright."""
        width, height = self._coded_size or (decoded.width, decoded.height)
        aspect = opened.aspect * Fraction(decoded.width * height, width * decoded.height)
        return 1 / aspect if picture.orientation.transposed else aspect
