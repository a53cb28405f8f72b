"""What the camera looks at: the test pattern, a video file, the synthetic street; always pictures of one size."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.errors import ConfigError

if TYPE_CHECKING:
    from streamseg.config import StreamConfig

U8 = npt.NDArray[np.uint8]

DEFAULT_SIZE = (1280, 720)
DEFAULT_FPS = 25.0
_BARS = ((235, 235, 235), (225, 200, 40), (60, 190, 220), (70, 180, 90), (200, 80, 180), (200, 60, 50), (50, 70, 190))


class Pictures(Protocol):
    """One turn of the loop, made anew with every iteration.

    size: width and height in pixels, both even; fps: frames a second. Iterating yields uint8 [h, w, 3] RGB, the
    caller's own to draw in.
    """

    @property
    def size(self) -> tuple[int, int]: ...

    @property
    def fps(self) -> float: ...

    def __iter__(self) -> Iterator[U8]: ...


@dataclass(frozen=True)
class Pattern:
    """The built-in test pattern: colour bars, a grey ramp, a disc that goes round once in four seconds."""

    size: tuple[int, int] = DEFAULT_SIZE
    fps: float = DEFAULT_FPS
    seconds: float = 10.0

    def __iter__(self) -> Iterator[U8]:
        still = self._still()
        width, height = self.size
        for index in range(max(1, round(self.seconds * self.fps))):
            angle = math.tau * index / self.fps / 4
            radius = 0.27 * height
            centre = (round(width * 0.5 + radius * math.sin(angle)), round(height * 0.45 - radius * math.cos(angle)))
            picture = still.copy()
            cv2.circle(picture, centre, max(3, height // 14), (30, 30, 34), -1, cv2.LINE_AA)
            cv2.circle(picture, centre, max(2, height // 18), (245, 120, 30), -1, cv2.LINE_AA)
            yield picture

    def _still(self) -> U8:
        width, height = self.size
        bars = np.array(_BARS, np.uint8)[np.arange(width) * len(_BARS) // width]
        ramp = np.linspace(16, 235, width).astype(np.uint8)[:, None].repeat(3, axis=1)
        picture = np.repeat(bars[None], height, axis=0)
        picture[round(height * 0.86) :] = ramp
        return np.ascontiguousarray(picture)


@dataclass(frozen=True)
class Recorded:
    """A video file, a folder of images or the synthetic street: what streamseg reads that has an end.

    source: as `streamseg run` takes it; seconds: at most so much of it, from its beginning.
    """

    source: str
    size: tuple[int, int]
    fps: float
    seconds: float

    def __iter__(self) -> Iterator[U8]:
        from streamseg.capture import open_source
        from streamseg.config import CaptureConfig
        from streamseg.pixels import frame_rgb

        source = open_source(_stream(self.source), CaptureConfig(end=self.seconds, pace="fast"))
        source.open()
        try:
            for frame in source:
                rgb = frame_rgb(frame)
                if rgb.shape[1::-1] != self.size:
                    rgb = cv2.resize(rgb, self.size, interpolation=cv2.INTER_AREA)
                yield rgb
        finally:
            source.close()


def look_at(source: str | None, *, size: tuple[int, int] | None, fps: float | None, seconds: float) -> Pictures:
    """The pictures of a source; None: the test pattern. Where size and fps are None, they are the source's own.

    Raises:
        ConfigError: the source is live, several streams, or unknown.
        SourceError: it cannot be opened.
    """
    if source is None:
        return Pattern(size or DEFAULT_SIZE, fps or DEFAULT_FPS, seconds)
    from streamseg.capture import open_source
    from streamseg.config import CaptureConfig

    opened = open_source(_stream(source), CaptureConfig(pace="fast"))
    info = opened.open()
    opened.close()
    height, width = info.size_hw
    own = (max(2, width & ~1), max(2, height & ~1))
    return Recorded(source, size or own, fps or float(info.fps or DEFAULT_FPS), seconds)


def _stream(source: str) -> "StreamConfig":
    from streamseg.capture import expand, is_live, parse_source

    streams = expand([parse_source(source)])
    if len(streams) != 1 or is_live(streams[0].source):
        raise ConfigError(
            f"streamseg camera: {source!r} cannot be looped; allowed are a video file, a folder of images, "
            "synthetic://street?..."
        )
    return streams[0]
