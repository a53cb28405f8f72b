"""Encodes pictures ahead: what the server sends later costs it no more than copying."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from streamseg.camera.clip import Clip
from streamseg.camera.condition import Format
from streamseg.camera.marks import LEAST_SIZE_PX, draw_mark
from streamseg.camera.pictures import Pictures

U8 = npt.NDArray[np.uint8]

_JPEG_QUALITY = 80
_ENCODERS = {"h264": "libx264", "h265": "libx265"}


def encode(pictures: Pictures, formats: Sequence[Format], *, key_every_s: float, marks: bool) -> list[Clip]:
    """Encode one turn of the loop in every format, in one pass over the pictures.

    Args:
        pictures: what to encode; scaled to each format's size, repeated or left out by its rate.
        formats: what is wanted.
        key_every_s: seconds between key frames.
        marks: draw each picture's number and media time into it (see marks), where it is large enough.

    Returns:
        A clip for each format, in their order.
    """
    drafts = [_Draft(wanted, pictures.fps, key_every_s) for wanted in formats]
    count = 0
    for number, picture in enumerate(pictures):
        count = number + 1
        for draft in drafts:
            draft.add(picture, number, marks)
    assert count, "a source without pictures does not open"
    return [draft.finish(count / pictures.fps) for draft in drafts]


class _Draft:
    """A clip while it is made."""

    def __init__(self, wanted: Format, source_fps: float, key_every_s: float) -> None:
        self._format = wanted
        self._source_fps = source_fps
        self._encoder = _encoder(wanted, max(1, round(key_every_s * wanted.fps)))
        self._units: list[tuple[bytes, bool]] = []
        self._numbers: list[int] = []

    def add(self, picture: U8, number: int, marks: bool) -> None:
        """Encode the frames that show this picture."""
        shown: U8 | None = None
        while math.floor(len(self._numbers) * self._source_fps / self._format.fps + 1e-6) <= number:
            if shown is None:
                shown = self._dressed(picture, number, marks)
            index = len(self._numbers)
            self._numbers.append(number)
            self._units += self._encoded(shown, index)

    def finish(self, period_s: float) -> Clip:
        """The whole clip."""
        if isinstance(self._encoder, av.CodecContext):
            self._units += _taken(self._encoder.encode(None))
        starts = np.cumsum([0, *(len(data) for data, _ in self._units)])
        data = b"".join(data for data, _ in self._units)
        keys = [key for _, key in self._units]
        return Clip(self._format, period_s, data, [int(s) for s in starts], keys, self._numbers)

    def _dressed(self, picture: U8, number: int, marks: bool) -> U8:
        size = (self._format.width, self._format.height)
        if picture.shape[1::-1] != size:
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        else:
            picture = picture.copy()
        if marks and size[0] >= LEAST_SIZE_PX[0] and size[1] >= LEAST_SIZE_PX[1]:
            minutes, seconds = divmod(number / self._source_fps, 60)
            draw_mark(picture, number, text=f"{number:06d}  {int(minutes):02d}:{seconds:06.3f}")
        return picture

    def _encoded(self, rgb: U8, index: int) -> Iterator[tuple[bytes, bool]]:
        if self._encoder is None:
            yield _jpeg(rgb), True
            return
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        frame.pts = index
        yield from _taken(self._encoder.encode(frame))


def _taken(packets: Sequence[Any]) -> list[tuple[bytes, bool]]:
    return [(bytes(packet), bool(packet.is_keyframe)) for packet in packets]


def _jpeg(rgb: U8) -> bytes:
    """Baseline, 4:2:0, the standard's Huffman tables: all that RTP can carry (RFC 2435)."""
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return encoded.tobytes()


def _encoder(wanted: Format, gop: int) -> Any:
    """An encoder without reordering, its parameter sets in front of every key frame; None for JPEG."""
    if wanted.codec == "mjpeg":
        return None
    encoder = av.CodecContext.create(_ENCODERS[wanted.codec], "w")
    encoder.width, encoder.height, encoder.pix_fmt = wanted.width, wanted.height, "yuv420p"
    encoder.time_base = 1 / Fraction(wanted.fps).limit_denominator(1001)
    encoder.framerate = Fraction(wanted.fps).limit_denominator(1001)
    encoder.gop_size = gop
    keys = f"keyint={gop}:min-keyint={gop}:scenecut=0:repeat-headers=1:colormatrix=bt709:colorprim=bt709:transfer=bt709"
    if wanted.codec == "h264":
        encoder.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "23", "x264-params": keys}
    else:
        keys += ":open-gop=0:log-level=none:pools=none:frame-threads=1"
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "26", "x265-params": keys}
    encoder.thread_count = 1
    return encoder
