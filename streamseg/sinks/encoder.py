"""Pictures to H.264, none held back: what goes in comes out before the next one."""

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np

from streamseg.config_output import VideoConfig
from streamseg.records import U8, Color, Planes
from streamseg.sinks.audio import AudioTrack
from streamseg.sinks.fragments import Sample

TICKS_PER_S = 90_000
KEY_TICKS = 2 * TICKS_PER_S
"""From key picture to key picture: there players can begin."""
_THREADS = 2
_MATRIX = {"bt601": "smpte170m", "bt709": "bt709"}
_HEAD_ONLY = {"movflags": "frag_custom+empty_moov+default_base_moof", "use_editlist": "0"}


@dataclass(frozen=True, slots=True)
class Look:
    """What must not change inside a file: size (height, width), colour coding, pixel shape."""

    size_hw: tuple[int, int]
    color: Color
    aspect: Fraction

    def __str__(self) -> str:
        """All of it in a word."""
        color = self.color
        span = "full" if color.full_range else "video"
        height, width = self.size_hw
        return f"{width}x{height},{color.matrix},{span},{color.chroma_site},{self.aspect}"


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoder's picture and NumPy views of its memory, of even size: what is drawn on planes is encoded."""

    frame: Any
    planes: Planes


def picture_of(planes: Planes, again: Picture | None = None) -> Picture:
    """Copy planes into a picture for the encoder; odd sizes repeat the last row or column.

    Args:
        planes: of a frame.
        again: a picture that has been encoded; if it has the right size, it is used once more: new memory costs more
            than the copy.
    """
    size_hw = planes.size_hw[0] + planes.size_hw[0] % 2, planes.size_hw[1] + planes.size_hw[1] % 2
    picture = again if again is not None and again.planes.size_hw == size_hw else _blank(size_hw)
    for target, source in zip(_each(picture.planes), _each(planes), strict=True):
        height, width = source.shape
        target[:height, :width] = source
        target[height:, :width] = source[-1:]
        target[:, width:] = target[:, width - 1 : width]
    return picture


def _blank(size_hw: tuple[int, int]) -> Picture:
    frame: Any = av.VideoFrame(size_hw[1], size_hw[0], "yuv420p")
    rows = (np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size) for plane in frame.planes)
    return Picture(frame, Planes(*(row[:, : plane.width] for row, plane in zip(rows, frame.planes, strict=True))))


def _each(planes: Planes) -> tuple[U8, U8, U8]:
    return planes.y, planes.u, planes.v


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as it was encoded: the head of a file that it fits in, its time in ticks of 1/90000 s, its bytes."""

    head: bytes
    ticks: int
    sample: Sample


class SoundRefused(ValueError):
    """MP4 cannot hold this kind of sound."""


class Encoder:
    """One encoder, and the head of a file for what it makes.

    head is that file's begin (`ftyp` and `moov`: a video track, and one of sound if it is given); parameters is the
    part of it that a decoder needs for these pictures: two encoders with the same may follow each other in one file.

    Args:
        look: of every picture.
        config: preset and crf.
        fps: nominal pictures a second, for rate control; None where nobody can tell.
        sound: open, with a template; None: no sound.

    Raises:
        SoundRefused: MP4 cannot hold this kind of sound.
    """

    def __init__(self, look: Look, config: VideoConfig, *, fps: Fraction | None, sound: AudioTrack | None = None):
        written = io.BytesIO()
        self._container: Any = av.open(written, "w", format="mp4", options=_HEAD_ONLY)
        try:
            self._video = self._add_video(look, config, fps or Fraction(25))
            if sound is not None:
                self._add_sound(sound)
            self._container.start_encoding()
        except BaseException:
            self._container.close()
            raise
        self.head = written.getvalue()
        self.parameters: bytes = self._video.codec_context.extradata

    def encode(self, picture: Picture, ticks: int, duration: int, *, key: bool) -> Sample:
        """Encode a picture; times are in ticks of 1/90000 s and must grow."""
        frame = picture.frame
        frame.pts, frame.time_base = ticks, Fraction(1, TICKS_PER_S)
        kinds = av.video.frame.PictureType
        frame.pict_type = kinds.I if key else kinds.NONE
        [packet] = self._video.encode(frame)
        return Sample(bytes(packet), duration, packet.is_keyframe)

    def close(self) -> None:
        """Let go of the encoder."""
        self._container.close()

    def _add_video(self, look: Look, config: VideoConfig, fps: Fraction) -> Any:
        color = look.color
        options = {
            "preset": config.preset,
            "tune": "zerolatency",
            "crf": str(config.crf),
            "g": "600",
            "forced-idr": "1",
            "x264-params": "annexb=0:weightp=0",  # lengths before units, as MP4 has them; weights cost a frame's memory
            "colorspace": _MATRIX[color.matrix],
            "color_range": "pc" if color.full_range else "tv",
            "chroma_sample_location": color.chroma_site,
        }
        video = self._container.add_stream("libx264", rate=fps, options=options)
        height, width = look.size_hw
        video.width, video.height, video.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
        context = video.codec_context
        context.sample_aspect_ratio = look.aspect
        context.thread_count, context.thread_type = _THREADS, "SLICE"  # frame threads would hold pictures back
        video.time_base = context.time_base = Fraction(1, TICKS_PER_S)
        return video

    def _add_sound(self, sound: AudioTrack) -> None:
        codec = sound.template.codec_context.name
        try:
            if codec not in self._container.supported_codecs:
                raise ValueError("not among its codecs")
            audio = self._container.add_stream_from_template(sound.template)
            if sound.extradata is not None:
                audio.codec_context.extradata = sound.extradata
            self._container.start_encoding()
        except (ValueError, av.error.FFmpegError) as error:
            raise SoundRefused(f"MP4 cannot hold {codec}: {getattr(error, 'strerror', None) or error}") from error
