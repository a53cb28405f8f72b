"""WebM with a transparent background: VP9, and alpha as a second VP9 picture in each block's additions.

So browsers want it (webmproject.org, "WebM Alpha Channel"): the track says AlphaMode 1, colours are straight, alpha is
the luma of a stream of its own. Here that one is lossless: what is clear stays clear, what is solid stays solid. The
matrix is BT.601, which is also what a player takes that reads no tags; the primaries are BT.709's.
"""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.packet
import cv2
import numpy as np

from streamseg.config_output import ClipsConfig
from streamseg.pixels import planes_from_rgb
from streamseg.records import U8, Color
from streamseg.sinks.pull_push import filled_in

_COLOR = Color("bt601", full_range=False, chroma_site="center")
_TICK = Fraction(1, 1000)
_KEY_EVERY = "100"
_SPEED = {
    "deadline": "realtime",  # files a tenth larger than "good" at 5, as good, in a fifth of the time
    "cpu-used": "7",
    "lag-in-frames": "0",
    "g": _KEY_EVERY,  # at fixed places: colours and alpha are decoded apart, but sought together
    "keyint_min": _KEY_EVERY,
    "flags": "bitexact",
}
_COLOURS = _SPEED | {
    "b": "0",  # nothing but crf decides on quality
    "colorspace": "smpte170m",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "color_range": "tv",
}
_ALPHA = _SPEED | {"lossless": "1"}
_ADDITION = av.packet.packet_sidedata_type_from_literal("matroska_block_additional")
_ALPHA_ID = (1).to_bytes(8, "big")
"""BlockAddID of alpha, as FFmpeg's muxer wants it before the addition."""


class WebmFile:
    """Writes one clip; the same pictures give the same bytes.

    Args:
        path: of the file, overwritten.
        size: width and height of the pictures, even.
        config: crf.
    """

    def __init__(self, path: Path, size: tuple[int, int], config: ClipsConfig):
        # bitexact: no random ids, no version of FFmpeg's
        self._container: Any = av.open(str(path), "w", format="webm", options={"fflags": "bitexact"})
        self._video = self._container.add_stream("libvpx-vp9", options=_COLOURS | {"crf": str(config.crf)})
        self._video.metadata["alpha_mode"] = "1"
        self._alpha: Any = av.CodecContext.create("libvpx-vp9", "w")
        self._alpha.options = _ALPHA
        for context in (self._video.codec_context, self._alpha):
            context.width, context.height, context.pix_fmt = *size, "yuv420p"
            context.time_base, context.thread_count = _TICK, 1
        self._video.time_base = _TICK
        self._no_chroma = np.full((size[1] // 2, size[0] // 2), 128, np.uint8)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._container.close()

    def add(self, rgba: U8, at_ms: int, duration_ms: int) -> None:
        """Show uint8 [h, w, 4] RGBA with straight alpha from at_ms on."""
        planes = planes_from_rgb(spread_colours(rgba), _COLOR)
        [packet] = self._video.encode(_picture((planes.y, planes.u, planes.v), at_ms, duration_ms))
        alpha = np.ascontiguousarray(rgba[:, :, 3]), self._no_chroma, self._no_chroma
        [addition] = self._alpha.encode(_picture(alpha, at_ms, duration_ms))
        content = _ALPHA_ID + bytes(addition)
        added = av.packet.PacketSideData(_ADDITION, len(content))
        added.update(content)
        added.to_packet(packet, move=True)
        packet.duration = duration_ms
        self._container.mux(packet)


def _picture(planes: tuple[U8, U8, U8], at_ms: int, duration_ms: int) -> Any:
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for target, source in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(target, np.uint8).reshape(target.height, target.line_size)
        rows[:, : target.width] = source
    frame.pts, frame.time_base, frame.duration = at_ms, _TICK, duration_ms
    return frame


def spread_colours(rgba: U8) -> U8:
    """The colours of uint8 [h, w, 4] RGBA, and where alpha is 0 those of the nearest parts: uint8 [h, w, 3].

    Half-size chroma and compression mix neighbours: what lies beside the edge must have its colour, or it bleeds in.
    """
    height, width = rgba.shape[:2]
    _, shown = cv2.threshold(rgba[:, :, 3], 0, 255, cv2.THRESH_BINARY)
    rgb = cv2.copyTo(cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), shown)
    size = (width + 1) // 2, (height + 1) // 2
    sums, weights = (cv2.resize(one, size, interpolation=cv2.INTER_AREA).astype(np.float32) for one in (rgb, shown))
    around = np.rint(filled_in(sums, weights / np.float32(255))).astype(np.uint8)
    return cv2.copyTo(rgb, shown, cv2.resize(around, (width, height), interpolation=cv2.INTER_LINEAR))
