"""annotated.mp4: the stream with what was found drawn on it, at its own times, with its sound.

The same encoded pictures go to whoever watches while the run lasts (see broadcast/).
"""

from pathlib import Path
from typing import Protocol

import msgspec

from streamseg.config import Config
from streamseg.records import Extraction, StreamInfo
from streamseg.sinks.annotate import Annotator
from streamseg.sinks.encoder import Encoded, Picture, picture_of
from streamseg.sinks.live_pictures import LivePictures
from streamseg.sinks.outdir import claim_stream
from streamseg.sinks.parts import PartsPosition, VideoParts
from streamseg.sinks.trails import Feet


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """After which frame, where in the files, and what was drawn before."""

    seq: int
    parts: PartsPosition | None
    trails: list[Feet]


class PictureTap(Protocol):
    """Takes encoded pictures for those who watch; it never waits, and raises nothing."""

    def hand_on(self, seq: int, encoded: Encoded) -> None: ...
    def close(self) -> None: ...


class VideoSink:
    """Draws on a copy of every frame, encodes it and writes it: the picture is in the file when write() returns.

    Args:
        config: video and output.rotate_* matter here.
        folder: the stream's output folder.
        tap: takes every picture, too; with one there is no file unless video.enabled says so.
    """

    name = "video"

    def __init__(self, config: Config, folder: Path, tap: PictureTap | None = None):
        self.folder = folder
        self.annotator = Annotator(config.video)
        filed = config.video.enabled or tap is None
        self._parts = VideoParts(folder, "annotated.mp4", config) if filed else None
        self._unfiled = LivePictures(config.video)
        self._tap = tap
        self._picture: Picture | None = None
        self._seq = -1

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on at a position; without one in a new part after those there are, and -1: no part holds its seq."""
        told = msgspec.msgpack.decode(position, type=_Position) if position else _Position(-1, None, [])
        self._seq = told.seq
        self.annotator.trails.restore(told.trails)
        if self._parts is None:
            self._unfiled.open(info)
        else:
            claim_stream(self.folder)
            self._parts.open(info, told.parts)
        return self._seq

    def write(self, extraction: Extraction) -> bool:
        frame = extraction.frame
        if frame.seq > self._seq:  # else given again by one who did not live to note that it is safe
            self._picture = picture = picture_of(frame.planes, self._picture)
            self.annotator.draw(picture.planes, extraction)
            encoded = (self._unfiled if self._parts is None else self._parts).add(frame, picture)
            if self._tap is not None:
                self._tap.hand_on(frame.seq, encoded)
            self._seq = frame.seq
        return True

    def settle(self) -> bytes:
        parts = None if self._parts is None else self._parts.position
        return msgspec.msgpack.encode(_Position(self._seq, parts, self.annotator.trails.state))

    def close(self) -> None:
        try:
            (self._unfiled if self._parts is None else self._parts).close()
        finally:
            if self._tap is not None:
                self._tap.close()
