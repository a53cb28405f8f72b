"""The clip that is measured with: a recording repeated until it is long enough, nothing of it encoded anew.

The built-in street is rendered and encoded first, for a recording is what a decoder is measured with.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av

from streamseg.capture import expand, open_source, parse_source
from streamseg.capture.address import file_address
from streamseg.capture.container import Opened, explain, open_container
from streamseg.capture.recording import check_file
from streamseg.capture.spec import kind_of
from streamseg.config import CaptureConfig, StreamConfig
from streamseg.errors import ConfigError, SinkError, SourceInvalid
from streamseg.sinks.encoder import picture_of

STREET = "synthetic://street?seconds=4&size=1920x1080&fps=25&seed=3"
Bar = Callable[[str, int | None], AbstractContextManager[Callable[[], None]]]
"""A bar of a name and so many steps (None: nobody can tell), while it is entered; what it gives is called at each."""

_USUAL_FPS = Fraction(25)


@dataclass(frozen=True, slots=True)
class Clip:
    """A file to measure with.

    source: what it was made of; turns: how often that is in it, the last time perhaps in part; frames: encoded ones.
    """

    path: Path
    source: str
    codec: str
    size_hw: tuple[int, int]
    fps: float
    frames: int
    turns: int

    @property
    def seconds(self) -> float:
        """Media time."""
        return self.frames / self.fps


def make_clip(source: str, seconds: float, target: Path, bar: Bar) -> Clip:
    """Make a clip of so many seconds.

    Args:
        source: a video file, or synthetic://street?...
        seconds: of media time; a longer source is cut off there.
        target: its file; the suffix tells the format, and .nut holds whatever can be decoded.
        bar: shows the progress of what takes long.

    Raises:
        ConfigError: the source is no recording.
        SourceError: it cannot be opened, or holds no video.
        SinkError: the clip cannot be written.
    """
    stream = _recording(source)
    path = Path(stream.source)
    if kind_of(stream.source) == "synthetic":
        path = _encode_street(stream, seconds, target.with_name("street.mp4"), bar)
    check_file(str(path))
    return repeat(path, seconds, target, source=stream.source)


def _recording(source: str) -> StreamConfig:
    streams = expand([parse_source(source)])
    kind = kind_of(streams[0].source) if len(streams) == 1 else None
    if kind != "synthetic" and (kind != "video" or "://" in source):
        raise ConfigError(f"{source}: cannot be measured with; allowed are a video file and synthetic://street?...")
    return streams[0]


def _encode_street(stream: StreamConfig, seconds: float, path: Path, bar: Bar) -> Path:
    """H.264 as recordings usually are: B-frames, a key frame every two seconds."""
    with closing(open_source(stream, CaptureConfig(end=seconds))) as source, av.open(str(path), "w") as container:
        info = source.open()
        rate = info.fps or _USUAL_FPS
        options = {"preset": "veryfast", "crf": "23", "bf": "2", "g": str(max(1, round(2 * rate)))}
        video = container.add_stream("libx264", rate=rate, options=options)
        height, width = (side + side % 2 for side in info.size_hw)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        with bar("encoding the street", info.frames) as step:
            for frame in source:
                picture: Any = picture_of(frame.planes).frame
                picture.pts, picture.time_base = frame.seq, 1 / rate
                container.mux(video.encode(picture))
                step()
        container.mux(video.encode(None))
    return path


def repeat(path: Path, seconds: float, target: Path, *, source: str) -> Clip:
    """Copy the packets of a file's video, again and again, each turn's times after those of the last.

    Raises:
        SourceError: path cannot be opened, or holds no video.
        SinkError: target cannot be written, or its format, told by its suffix, cannot hold the video.
    """
    with closing(_Copy(path, target)) as copy:
        wanted, turns = max(1, round(seconds * copy.fps)), 0
        while copy.frames < wanted:
            before, turns = copy.frames, turns + 1
            copy.turn(wanted - copy.frames)
            if copy.frames == before:
                raise SourceInvalid(f"{path}: no pictures in it")
        return Clip(target, source, copy.codec, copy.size_hw, float(copy.fps), copy.frames, turns)


class _Copy:
    """A file that grows by whole turns of another. frames: packets so far."""

    def __init__(self, path: Path, target: Path):
        self.frames = 0
        self._path, self._target = path, target
        self._end_s = Fraction(0)
        opened = self._open()
        with closing(opened.container):
            context = opened.stream.codec_context
            self.fps, self.codec = opened.fps or _USUAL_FPS, context.name
            self.size_hw = context.height, context.width
            try:
                self._written: Any = av.open(str(target), "w")
                self._video = self._written.add_stream_from_template(opened.stream)
            except (av.error.FFmpegError, OSError, ValueError) as error:
                raise self._refused(error) from error

    def turn(self, most: int) -> None:
        """One more turn, or the first packets of it, at most `most`."""
        opened = self._open()
        with closing(opened.container):
            base = Fraction(opened.stream.time_base or 0)
            step = max(1, round(1 / self.fps / base))
            shift = round(self._end_s / base) - (opened.stream.start_time or 0)
            try:
                filled = (packet for packet in opened.container.demux(opened.stream) if packet.size)
                packets = list(islice(filled, most))
            except av.error.FFmpegError as error:
                raise explain(error, opened.address) from None
            end = 0
            for number, packet in enumerate(packets):
                told = packet.dts if packet.pts is None else packet.pts
                packet.pts = shift + (number * step if told is None else told)
                packet.dts = None if packet.dts is None else shift + packet.dts
                end = max(end, packet.pts + step)
                self._write(packet)
            self._end_s = end * base

    def close(self) -> None:
        """Finish the file."""
        try:
            self._written.close()
        except (av.error.FFmpegError, OSError) as error:
            raise self._refused(error) from error

    def _write(self, packet: Any) -> None:
        packet.stream = self._video
        try:
            self._written.mux(packet)
        except (av.error.FFmpegError, OSError) as error:
            raise self._refused(error) from error
        self.frames += 1

    def _open(self) -> Opened:
        return open_container(file_address(str(self._path)), 0, 0)

    def _refused(self, error: Exception) -> SinkError:
        reason = getattr(error, "strerror", None) or error
        return SinkError(f"{self._target}: cannot hold the video of {self._path} ({reason}); TMPDIR says where it goes")
