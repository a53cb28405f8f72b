"""Encoded pictures for tests, a number drawn into each, and what can be read of them again."""

import io
from fractions import Fraction

import av
import numpy as np

from streamseg.broadcast.pictures import EncodedPicture
from streamseg.config_output import VideoConfig
from streamseg.records import Color, Planes
from streamseg.sinks.encoder import KEY_TICKS, TICKS_PER_S, Encoder, Look, picture_of
from streamseg.testing import draw_mark, read_mark

FPS = 10
STEP = TICKS_PER_S // FPS


class Source:
    """A sink's pictures, 10 a second of media time: number i has i drawn into it."""

    def __init__(self, size: tuple[int, int] = (160, 96), name: str = "one", first: int = 0) -> None:
        self.name, self.number = name, first
        self.paused = 0
        self._size = size
        look = Look((size[1], size[0]), Color(), Fraction(1))
        self._encoder = Encoder(look, VideoConfig(), fps=Fraction(FPS))
        self._key_ticks: int | None = None

    def next(self) -> EncodedPicture:
        width, height = self._size
        luma = np.full((height, width), 90, np.uint8)
        draw_mark(luma, self.number)
        chroma = np.full((height // 2, width // 2), 128, np.uint8)
        ticks = (self.number + self.paused) * STEP
        key = self._key_ticks is None or ticks - self._key_ticks >= KEY_TICKS
        sample = self._encoder.encode(picture_of(Planes(luma, chroma, chroma)), ticks, STEP, key=key)
        if key:
            self._key_ticks = ticks
        head = self._encoder.head if key else b""
        self.number += 1
        return EncodedPicture(self.name, self.number, self.number - 1, ticks, key, head, sample.data)

    def take(self, count: int) -> list[EncodedPicture]:
        return [self.next() for _ in range(count)]


def numbers(mp4: bytes) -> list[int | None]:
    """The numbers drawn into the pictures of a fragmented MP4."""
    with av.open(io.BytesIO(mp4), format="mp4") as container:
        return [read_mark(picture.to_ndarray(format="gray")) for picture in container.decode(video=0)]


def times(mp4: bytes) -> list[float]:
    """Their times, s."""
    with av.open(io.BytesIO(mp4), format="mp4") as container:
        return [picture.time for picture in container.decode(video=0)]
