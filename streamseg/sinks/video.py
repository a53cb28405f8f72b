"""annotated.mp4: the stream with what was found drawn on it, at its own times, with its sound."""

from pathlib import Path

import msgspec

from streamseg.config import Config
from streamseg.records import Extraction, StreamInfo
from streamseg.sinks.annotate import Annotator
from streamseg.sinks.encoder import picture_of
from streamseg.sinks.outdir import claim_stream
from streamseg.sinks.parts import PartsPosition, VideoParts
from streamseg.sinks.trails import Feet


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """After which frame, where in the files, and what was drawn before."""

    seq: int
    parts: PartsPosition | None
    trails: list[Feet]


class VideoSink:
    """Draws on a copy of every frame, and writes it: the picture is in the file when write() returns.

    Args:
        config: video and output.rotate_* matter here.
        folder: the stream's output folder.
    """

    name = "video"

    def __init__(self, config: Config, folder: Path):
        self.folder = folder
        self.annotator = Annotator(config.video)
        self._parts = VideoParts(folder, "annotated.mp4", config)
        self._seq = -1

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on at a position; without one in a new part after those there are, and -1: no part holds its seq."""
        claim_stream(self.folder)
        told = msgspec.msgpack.decode(position, type=_Position) if position else _Position(-1, None, [])
        self._seq = told.seq
        self.annotator.trails.restore(told.trails)
        self._parts.open(info, told.parts)
        return self._seq

    def write(self, extraction: Extraction) -> bool:
        frame = extraction.frame
        if frame.seq > self._seq:  # else given again by one who did not live to note that it is safe
            picture = picture_of(frame.planes)
            self.annotator.draw(picture.planes, extraction)
            self._parts.add(frame, picture)
            self._seq = frame.seq
        return True

    def settle(self) -> bytes:
        return msgspec.msgpack.encode(_Position(self._seq, self._parts.position, self.annotator.trails.state))

    def close(self) -> None:
        self._parts.close()
