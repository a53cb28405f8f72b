"""The synthetic street as a source: `synthetic://street?seconds=20&size=1280x720&fps=25&seed=1`."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import parse_qsl, urlsplit

from streamseg.capture.street import Street
from streamseg.config import CaptureConfig
from streamseg.errors import ConfigError
from streamseg.pixels import planes_from_rgb
from streamseg.records import Color, Frame, Place, StreamInfo

COLOR = Color(matrix="bt709", full_range=False, chroma_site="center")
KEYS = ("seconds", "size", "fps", "seed")


@dataclass(frozen=True, slots=True)
class StreetUrl:
    """What a street's URL asks for: how long in seconds, height and width in pixels, frames a second, which street."""

    seconds: float = 20.0
    size_hw: tuple[int, int] = (720, 1280)
    fps: Fraction = Fraction(25)
    seed: int = 1

    @property
    def frames(self) -> int:
        """How many frames lie before its end."""
        return _first_at(self.seconds, self.fps)

    def pts_ns(self, index: int) -> int:
        """Media time of a frame in nanoseconds."""
        return round(Fraction(index * 1_000_000_000) / self.fps)


def _first_at(time_s: float, fps: Fraction) -> int:
    """Number of the first frame at or after a time, which is taken as the decimal number it was written as."""
    return math.ceil(Fraction(repr(time_s)) * fps)


def parse_street_url(url: str) -> StreetUrl:
    """Read a `synthetic://street?...` URL.

    Raises:
        ConfigError: another scene, an unknown or repeated key, or a value out of range; names key, value and range.
    """
    parts = urlsplit(url)
    if parts.scheme != "synthetic" or parts.netloc != "street" or parts.path.strip("/"):
        raise ConfigError(
            f"{url}: unknown synthetic scene; allowed is synthetic://street?seconds=...&size=WxH&fps=...&seed=..."
        )
    values: dict[str, str] = {}
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if key not in KEYS:
            raise ConfigError(f"{url}: unknown key {key!r}; allowed are {', '.join(KEYS)}")
        if key in values:
            raise ConfigError(f"{url}: key {key!r} is given twice; once is allowed")
        values[key] = value
    default = StreetUrl()
    return StreetUrl(
        seconds=_seconds(url, values["seconds"]) if "seconds" in values else default.seconds,
        size_hw=_size(url, values["size"]) if "size" in values else default.size_hw,
        fps=_fps(url, values["fps"]) if "fps" in values else default.fps,
        seed=_seed(url, values["seed"]) if "seed" in values else default.seed,
    )


def _refused(url: str, key: str, value: str, allowed: str) -> ConfigError:
    return ConfigError(f"{url}: {key}={value!r} is not allowed; {allowed}")


def _fraction(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def _seconds(url: str, text: str) -> float:
    value = _fraction(text)
    if value is None or not 0 < value <= 86400:
        raise _refused(url, "seconds", text, "a number above 0 and up to 86400 is")
    return float(value)


def _fps(url: str, text: str) -> Fraction:
    value = _fraction(text)
    if value is None or not 0 < value <= 240:
        raise _refused(url, "fps", text, "a number or fraction above 0 and up to 240 is")
    return value


def _size(url: str, text: str) -> tuple[int, int]:
    width, cross, height = text.partition("x")
    digits = cross and all(side.isascii() and side.isdigit() for side in (width, height))
    if not digits or not (64 <= int(width) <= 7680 and 64 <= int(height) <= 4320):
        raise _refused(url, "size", text, "WIDTHxHEIGHT from 64x64 to 7680x4320 is")
    return int(height), int(width)


def _seed(url: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _refused(url, "seed", text, "a whole number from 0 to 999999999999999999 is")
    return int(text)


class SyntheticSource:
    """Capture from the synthetic street.

    Args:
        url: see parse_street_url.
        capture: start, end (seconds of media time, start <= t < end) and max_frames are honoured.
        name: the stream's name.

    Attributes:
        exact: a frame's time follows from its number.

    Raises:
        ConfigError: the URL cannot be used, or start lies behind the end of the street.
    """

    exact = True

    def __init__(self, url: str, capture: CaptureConfig, name: str) -> None:
        self._url, self._name = url, name
        self._ask = parse_street_url(url)
        self.dropped: dict[str, int] = {}
        self._first = _first_at(capture.start, self._ask.fps)
        last = self._ask.frames
        if capture.end is not None:
            last = min(last, _first_at(capture.end, self._ask.fps))
        if self._first >= self._ask.frames:
            raise ConfigError(
                f"{url}: start {capture.start:g} s lies behind the last frame; allowed is 0 to {self._ask.seconds:g} s"
            )
        self._count = max(0, last - self._first)
        if capture.max_frames is not None:
            self._count = min(self._count, capture.max_frames)
        self._first_seq = 0
        self._closed = False

    def open(self, after: Place | None = None) -> StreamInfo:
        """Size, rate, number of frames and length in seconds; nothing is rendered yet."""
        self._first_seq = 0 if after is None else after.seq + 1
        return StreamInfo(
            name=self._name,
            source=self._url,
            size_hw=self._ask.size_hw,
            fps=self._ask.fps,
            live=False,
            frames=self._count,
            duration_s=float(self._count / self._ask.fps),
        )

    def __iter__(self) -> Iterator[Frame]:
        street = Street(seed=self._ask.seed, size_hw=self._ask.size_hw, fps=float(self._ask.fps))
        for seq in range(self._first_seq, self._count):
            if self._closed:
                return
            shot = street.render(self._first + seq)
            yield Frame(
                stream=self._name,
                seq=seq,
                pts_ns=self._ask.pts_ns(self._first + seq),
                planes=planes_from_rgb(shot.rgb, COLOR),
                color=COLOR,
                arrived_ns=time.monotonic_ns(),
            )

    def close(self) -> None:
        """End the iteration after the frame under way."""
        self._closed = True
