"""Encoded pictures to JPEG, no more than so many a second."""

import io
from typing import Any

import av
import cv2

from streamseg.broadcast.pictures import EncodedPicture
from streamseg.sinks.encoder import TICKS_PER_S

_QUALITY = 80


class Jpegs:
    """Decodes every picture, for each needs the one before it, and encodes some.

    Args:
        fps: most a second of media time.
    """

    def __init__(self, fps: float):
        self._step = TICKS_PER_S / fps
        self._due: float | None = None
        self._head = b""
        self._decoder: Any = None

    def of(self, picture: EncodedPicture) -> bytes | None:
        """The JPEG of a picture, if one is due; the first one given must be a key picture."""
        if picture.key and picture.head != self._head:
            self._head = picture.head
            self._decoder = _decoder(picture.head)
        decoded = self._decoder.decode(av.Packet(picture.data))
        if not decoded or (self._due is not None and self._due - self._step <= picture.ticks < self._due):
            return None
        self._due = picture.ticks + self._step
        written, jpeg = cv2.imencode(
            ".jpg", decoded[0].to_ndarray(format="bgr24"), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        )
        return jpeg.tobytes() if written else None


def _decoder(head: bytes) -> Any:
    with av.open(io.BytesIO(head), "r", format="mp4") as container:
        extradata = container.streams.video[0].codec_context.extradata
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.extradata = extradata
    decoder.thread_count = 1  # threads would hold pictures back
    return decoder
