"""The process that pushes one stream to one server through libav. It may hang at any call: it can be killed.

    python -m streamseg.broadcast.pusher

Its stdin holds messages, each after its length (u32, big-endian): a PushOrder, then PushedPictures; it ends with the
stream. On stdout comes a line of JSON, {"connected": true} or {"error": "..."}, and nothing else but an error later.
"""

import ctypes
import io
import json
import signal
import struct
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import msgspec

TIME_BASE = Fraction(1, 90_000)
_LAST_PICTURE_S = 0.2
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_RTSP = {"rtsp_transport": "tcp", "protocol_whitelist": "tcp,tls,rtp,crypto"}
_FORMATS: dict[str, tuple[str, dict[str, str]]] = {
    "rtsp": ("rtsp", _RTSP),
    "rtsps": ("rtsp", _RTSP),
    "rtmp": ("flv", {"flvflags": "no_duration_filesize", "flush_packets": "1"}),
    "rtmps": ("flv", {"flvflags": "no_duration_filesize", "flush_packets": "1"}),
}


class PushOrder(msgspec.Struct, frozen=True, array_like=True):
    """Where to push, the head of an MP4 file that tells what, and the file of certificates to trust."""

    url: str
    head: bytes
    ca_file: str


class PushedPicture(msgspec.Struct, frozen=True, array_like=True):
    """A picture; ticks (1/90000 s) from 0."""

    ticks: int
    key: bool
    data: bytes


def message(what: PushOrder | PushedPicture) -> bytes:
    """The bytes for a pusher's stdin."""
    data = msgspec.msgpack.encode(what)
    return struct.pack(">I", len(data)) + data


def main() -> int:
    """Push until stdin ends; 1 if that cannot be."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # whoever started it ends it
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # or dies: one that hangs would not see its stdin end
    messages = _messages(sys.stdin.buffer)
    order = msgspec.msgpack.decode(next(messages), type=PushOrder)
    try:
        _push(order, messages)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        _tell(error=getattr(error, "strerror", None) or str(error))
        return 1
    return 0


def _push(order: PushOrder, messages: Iterator[bytes]) -> None:
    name, options = _FORMATS[order.url.partition(":")[0]]
    if name == "rtsp":
        options = options | {"tls_verify": "1", "ca_file": order.ca_file}
    template: Any = av.open(io.BytesIO(order.head), "r", format="mp4")
    with template, av.open(order.url, "w", format=name, options=options) as container:
        stream = container.add_stream_from_template(template.streams.video[0], opaque=True)
        container.start_encoding()
        _tell(connected=True)
        for data in messages:
            picture = msgspec.msgpack.decode(data, type=PushedPicture)
            packet = av.Packet(picture.data)
            packet.stream, packet.time_base = stream, TIME_BASE
            packet.pts = packet.dts = picture.ticks
            packet.is_keyframe = picture.key
            container.mux(packet)
        time.sleep(_LAST_PICTURE_S)  # some servers drop what they have not taken yet when they are told goodbye


def _messages(source: Any) -> Iterator[bytes]:
    while len(head := source.read(4)) == 4:
        [size] = struct.unpack(">I", head)
        data = source.read(size)
        if len(data) < size:
            return
        yield data


def _tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
