"""One connection to a live stream: from the address to its last picture."""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import av

from streamseg.capture.address import Address
from streamseg.capture.container import Opened, explain, open_container
from streamseg.capture.decoder import Decoder, Skip
from streamseg.config import CaptureConfig
from streamseg.errors import SourceError, SourceUnreachable


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that has given its first picture. pictures may raise SourceError or what libav raises."""

    opened: Opened
    pictures: Iterator[av.VideoFrame]

    @property
    def address(self) -> Address:
        """What is connected to."""
        return self.opened.address

    def close(self) -> None:
        """End it."""
        self.opened.container.close()


def connect(
    address: Address,
    capture: CaptureConfig,
    timeout_s: float,
    *,
    dropped: dict[str, int],
    closed: threading.Event,
    skip: Callable[[], Skip],
) -> Connection:
    """Connect and decode the first picture.

    Args:
        address: of the stream.
        capture: timeouts and threads.
        timeout_s: longest time until it is open.
        dropped: the source's counters.
        closed: set to end the pictures.
        skip: asked before each packet: what is not to be decoded.

    Raises:
        SourceError: not found, refused, unreachable, or nothing that can be decoded.
    """
    opened = open_container(address, timeout_s, capture.read_timeout_s)
    decoder = Decoder(opened, capture, dropped=dropped, closed=closed)
    pictures = iter(decoder.live(first_picture_s(capture), skip))
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
    return Connection(opened, itertools.chain([first], pictures))


def first_picture_s(capture: CaptureConfig) -> float:
    """How long packets may come without a picture: a camera may send key pictures many seconds apart."""
    return capture.open_timeout_s + capture.read_timeout_s
