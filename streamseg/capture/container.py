"""Opens what libav can read: an address in, a container and its video stream out, or one of our errors."""

import errno
import logging
import time
from dataclasses import dataclass
from fractions import Fraction

import av

from streamseg.capture.address import Address
from streamseg.errors import SourceError, SourceInvalid, SourceNotFound, SourceRefused, SourceUnreachable

MAX_SIDE_PX = 8192
MAX_PIXELS = 64_000_000
_REFUSED = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError, av.error.PermissionError)
_NOT_FOUND = (av.error.HTTPNotFoundError, av.error.FileNotFoundError)
_NETWORK = (
    av.error.ConnectionRefusedError,
    av.error.ConnectionResetError,
    av.error.ConnectionAbortedError,
    av.error.BrokenPipeError,
    av.error.TimeoutError,
    av.error.ExitError,
    av.error.EOFError,
    av.error.HTTPError,
    av.error.OSError,
)
_TEXT_FORMAT = "tty"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open container and the video stream that is read from it."""

    address: Address
    container: av.container.InputContainer
    stream: av.video.stream.VideoStream

    @property
    def fps(self) -> Fraction | None:
        """Frames a second as far as the container tells something believable."""
        told = (self.stream.average_rate, self.stream.guessed_rate)
        return next((rate for rate in told if rate and Fraction(1, 100) <= rate <= 1000), None)

    @property
    def aspect(self) -> Fraction:
        """Width / height of a coded pixel, 1 if untold."""
        told = self.stream.sample_aspect_ratio
        return told if told and Fraction(1, 100) < told < 100 else Fraction(1)


def open_container(address: Address, open_timeout_s: float, read_timeout_s: float) -> Opened:
    """Open an address and choose its video stream.

    Raises:
        SourceNotFound, SourceRefused, SourceUnreachable: by what the server or the system said.
        SourceInvalid: no video in it, or pictures over 8192 pixels a side or 64 megapixels.
    """
    address.check()
    options = {"max_pixels": str(MAX_PIXELS), **address.options}
    timeout = (open_timeout_s, read_timeout_s) if address.remote else None
    began_s = time.monotonic()
    try:
        container = av.open(
            address.url, format=address.format, options=options, timeout=timeout, metadata_errors="replace"
        )
    except (av.error.FFmpegError, OSError) as error:
        waited_s = time.monotonic() - began_s
        if address.remote and waited_s >= 0.95 * open_timeout_s:
            raise SourceUnreachable(f"{address.shown}: no answer within {waited_s:.1f} s") from None
        # libav's own error holds the URL with its password
        raise explain(error, address) from None
    try:
        return Opened(address, container, _video_stream(container, address.shown))
    except SourceError:
        container.close()
        raise


def _video_stream(container: av.container.InputContainer, shown: str) -> av.video.stream.VideoStream:
    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if container.format.name == _TEXT_FORMAT:
        raise SourceInvalid(f"{shown}: a text file, not a video")
    if not streams:
        kinds = sorted({stream.type for stream in container.streams}) or ["nothing"]
        raise SourceInvalid(f"{shown}: no video stream in it (it holds {', '.join(kinds)})")
    if streams[0].codec_context is None:
        raise SourceInvalid(f"{shown}: not a video that can be decoded (its coding format is unknown)")
    check_size(streams[0].codec_context.width, streams[0].codec_context.height, shown)
    return streams[0]


def check_size(width: int, height: int, shown: str) -> None:
    """SourceInvalid where a picture is larger than is read; zeros stand for a size not known yet."""
    if max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS:
        limits = f"allowed are {MAX_SIDE_PX} a side and {MAX_PIXELS // 1_000_000} megapixels"
        raise SourceInvalid(f"{shown}: pictures of {width} x {height}; {limits}")


def explain(error: Exception, address: Address) -> SourceError:
    """libav's error as one of ours, in one line that holds no credentials."""
    trouble = address.reach.trouble if address.reach else None
    if isinstance(trouble, SourceRefused):
        return SourceRefused(f"{address.shown}: {trouble}")
    if trouble is not None:
        return SourceUnreachable(f"{address.shown}: cannot be reached ({trouble})")
    reason = getattr(error, "strerror", None) or str(error)
    code = getattr(error, "errno", None)
    if isinstance(error, _REFUSED):
        return SourceRefused(f"{address.shown}: access refused ({reason}); check user, password and permissions")
    if isinstance(error, _NOT_FOUND):
        return SourceNotFound(f"{address.shown}: not found ({reason})")
    if code == errno.EBUSY:
        return SourceRefused(f"{address.shown}: in use by another program")
    if address.remote and isinstance(error, _NETWORK):
        hint = "no such host, or no way to it" if code == errno.EIO else reason
        return SourceUnreachable(f"{address.shown}: cannot be reached ({hint})")
    if address.remote:
        return SourceInvalid(f"{address.shown}: it answers, but with no video that can be decoded ({reason})")
    return SourceInvalid(f"{address.shown}: not a video that can be decoded ({reason})")
