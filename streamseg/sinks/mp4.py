"""One MP4 file: H.264 from planes, audio packets copied, fragmented, so that it can be played while it grows.

Times in the file are the source's own, to 1/90000 s, in every part: fragments say when they begin (no edit list).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from streamseg.config import VideoConfig
from streamseg.errors import SinkError
from streamseg.records import Color, Planes
from streamseg.sinks.disk import refuse_link, sink_errors

logger = logging.getLogger(__name__)

TICKS_PER_S = 90_000
_KEY_TICKS = 2 * TICKS_PER_S  # a fragment ends at each key picture
_THREADS = 2
_MATRIX = {"bt601": "smpte170m", "bt709": "bt709"}
_MOVFLAGS = "frag_keyframe+empty_moov+default_base_moof+frag_discont"
_FORMAT = {
    "avoid_negative_ts": "disabled",  # with frag_discont: the first picture keeps its time instead of becoming zero
    "flush_packets": "1",  # a fragment is in the file as soon as it is whole
}


@dataclass(frozen=True, slots=True)
class Look:
    """What must not change inside a file: size (height, width), colour coding, pixel shape."""

    size_hw: tuple[int, int]
    color: Color
    aspect: Fraction


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoder's picture and NumPy views of its memory, of even size: what is drawn on planes is encoded."""

    frame: Any
    planes: Planes


def picture_of(planes: Planes) -> Picture:
    """Copy planes into a picture for the encoder; odd sizes repeat the last row or column."""
    height, width = (side + side % 2 for side in planes.size_hw)
    frame = av.VideoFrame(width, height, "yuv420p")
    copies = []
    for target, source in zip(frame.planes, (planes.y, planes.u, planes.v), strict=True):
        rows = np.frombuffer(target, np.uint8).reshape(target.height, target.line_size)[:, : target.width]
        rows[: source.shape[0], : source.shape[1]] = source
        rows[source.shape[0] :, : source.shape[1]] = source[-1:]
        rows[:, source.shape[1] :] = rows[:, source.shape[1] - 1 : source.shape[1]]
        copies.append(rows)
    return Picture(frame, Planes(*copies))


class SoundRefused(ValueError):
    """MP4 cannot hold this kind of sound."""


class Mp4:
    """An open file.

    Args:
        path: of the file; replaced if it exists.
        look: of every picture.
        config: preset and crf.
        fps: nominal pictures a second, for the encoder's rate control; None where nobody can tell.
        sound: the audio stream whose packets will be copied, or None.

    Raises:
        SinkError: the file cannot be written.
        SoundRefused: it could be, but not with this sound.
    """

    def __init__(self, path: Path, look: Look, config: VideoConfig, *, fps: Fraction | None, sound: Any = None):
        self.path = path
        self.look = look
        self.size = 0
        self._step = round(TICKS_PER_S / (fps or 25))
        self._last: int | None = None
        self._last_key: int | None = None
        self._failed = False
        self._audio: Any = None
        self._unpack = av.bitstream.BitStreamFilterContext("aac_adtstoasc", sound) if _lacks_head(sound) else None
        with sink_errors(path):
            movflags = f"{_MOVFLAGS}+delay_moov" if _lacks_head(sound) else _MOVFLAGS
            options = _FORMAT | {"movflags": movflags}
            self._container = av.open(str(refuse_link(path)), "w", format="mp4", options=options)
            self._video = self._add_video(config, fps or Fraction(25))
            if sound is not None:
                self._audio = self._add_sound(sound)
            self._container.start_encoding()

    @property
    def end_ns(self) -> int:
        """When the last picture ends, if it stays as long as the one before."""
        return ((self._last or 0) + self._step) * 10**9 // TICKS_PER_S

    def add(self, picture: Picture, pts_ns: int) -> None:
        """Encode a picture; times that do not grow are moved to the next tick."""
        ticks = round(Fraction(pts_ns * TICKS_PER_S, 10**9))
        if self._last is not None:
            ticks = max(ticks, self._last + 1)
            self._step = ticks - self._last
        self._last = ticks
        frame = picture.frame
        frame.pts, frame.time_base = ticks, Fraction(1, TICKS_PER_S)
        if self._last_key is None or ticks - self._last_key >= _KEY_TICKS:
            frame.pict_type, self._last_key = av.video.frame.PictureType.I, ticks
        self._encode(frame)

    def add_audio(self, packet: Any) -> None:
        """Copy an audio packet whose times count from the source's zero; one that is broken is left out."""
        try:
            parts = [packet] if self._unpack is None else self._unpack.filter(packet)
        except av.error.FFmpegError as error:
            logger.debug("broken audio packet left out path=%s reason=%s", self.path, error)
            return
        for part in parts:
            part.stream = self._audio
            self.size += part.size
            with self._writing():
                self._container.mux(part)

    def close(self) -> None:
        """Write out what the encoder holds, and close the file; quiet if writing has failed before."""
        if self._failed:
            with suppress(OSError, av.error.FFmpegError):
                self._container.close()
            return
        try:
            if self._last is not None:
                self._encode(None)
        finally:
            with self._writing():
                self._container.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with sink_errors(self.path):
                yield
        except SinkError:
            self._failed = True
            raise

    def _encode(self, frame: Any) -> None:
        with self._writing():
            for packet in self._video.encode(frame):
                packet.duration = self._step
                self.size += packet.size
                self._container.mux(packet)

    def _add_sound(self, sound: Any) -> Any:
        codec = sound.codec_context.name
        try:
            if codec not in self._container.supported_codecs:
                raise ValueError("not among its codecs")
            audio = self._container.add_stream_from_template(sound)
            self._container.start_encoding()
        except (ValueError, av.error.FFmpegError) as error:
            self._container.close()
            raise SoundRefused(f"MP4 cannot hold {codec}: {error}") from error
        return audio

    def _add_video(self, config: VideoConfig, fps: Fraction) -> Any:
        color = self.look.color
        options = {
            "preset": config.preset,
            "crf": str(config.crf),
            "bf": "0",
            "g": "600",
            "forced-idr": "1",
            "colorspace": _MATRIX[color.matrix],
            "color_range": "pc" if color.full_range else "tv",
            "chroma_sample_location": color.chroma_site,
        }
        video = self._container.add_stream("libx264", rate=fps, options=options)
        height, width = self.look.size_hw
        video.width, video.height, video.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
        video.codec_context.sample_aspect_ratio = self.look.aspect
        video.codec_context.thread_count = _THREADS
        video.time_base = video.codec_context.time_base = Fraction(1, TICKS_PER_S)
        return video


def _lacks_head(sound: Any) -> bool:
    """In transport streams each AAC packet has a head; MP4 wants it once, and learns it from the first one."""
    return sound is not None and sound.codec_context.name == "aac" and not sound.codec_context.extradata
