"""A viewer with a real decoder (FFmpeg): what is seen of a camera, picture by picture."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice, pairwise
from typing import NamedTuple

import av

from streamseg.testing import read_mark


class Seen(NamedTuple):
    """One decoded picture: its number (None: not to be read), media time in seconds, size, and when it was there."""

    number: int | None
    pts_s: float | None
    size: tuple[int, int]
    at_s: float


class Viewer:
    """One connection."""

    def __init__(self, url: str, transport: str) -> None:
        options = {"rtsp_transport": transport, "fpsprobesize": "0", "analyzeduration": "200000"}
        self._container = av.open(url, options=options if url.startswith("rtsp") else {}, timeout=(5, 3))
        self.codec = self._container.streams.video[0].codec_context.name
        self._pictures = self._decode()

    def see(self, count: int) -> list[Seen]:
        """The next so many pictures; fewer where the stream ends or breaks."""
        return list(islice(self._pictures, count))

    def see_until_it_breaks(self) -> list[Seen]:
        """All that still comes."""
        seen: list[Seen] = []
        with suppress(av.error.FFmpegError):
            seen.extend(self._pictures)
        return seen

    def close(self) -> None:
        self._container.close()

    def _decode(self) -> Iterator[Seen]:
        for packet in self._container.demux(video=0):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                continue
            for frame in frames:
                pts_s = None if frame.pts is None else float(frame.pts * frame.time_base)
                number = read_mark(frame.to_ndarray(format="gray"))
                yield Seen(number, pts_s, (frame.width, frame.height), time.monotonic())


@contextmanager
def view(url: str, transport: str = "tcp") -> Iterator[Viewer]:
    """Connect."""
    viewer = Viewer(url, transport)
    try:
        yield viewer
    finally:
        viewer.close()


def steps(seen: list[Seen], loop: int = 100) -> list[int]:
    """By how much the number grows from each picture to the next one, in a loop of so many pictures."""
    numbers = [s.number for s in seen if s.number is not None]
    return [(b - a) % loop for a, b in pairwise(numbers)]
