"""The sound of a source file, packet by packet as it is, in step with the annotated picture."""

import logging
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

logger = logging.getLogger(__name__)

_EARLIER_S = 2  # reading begins this much before the first picture: an index may be coarse


class AudioTrack:
    """Audio packets of a source file between two moments of media time (ns since the source's video begins).

    Args:
        path: the source file.
        stream_name: for the log.
    """

    def __init__(self, path: str, stream_name: str):
        self.path = path
        self.stream_name = stream_name
        self.template: Any = None
        self._container: Any = None
        self._packets: Iterator[Any] = iter(())
        self._ahead: Any = None
        self._zero_s = Fraction(0)
        self._from_s = Fraction(0)
        self._last_dts: int | None = None

    def open(self, from_ns: int) -> bool:
        """Open the file and go to from_ns; afterwards template is the audio stream. False, and a log line: no sound."""
        self._from_s = Fraction(from_ns, 10**9)
        try:
            self._container = av.open(self.path)
            self._find()
        except (OSError, av.error.FFmpegError) as error:
            self.give_up(str(error))
        return self.template is not None

    def take(self, to_ns: int) -> Iterator[Any]:
        """The packets not yet taken that begin before to_ns, their times counted from the source's zero."""
        while self.template is not None:
            packet, self._ahead = self._ahead or self._next(), None
            if packet is None:
                return
            if packet.pts * packet.time_base >= Fraction(to_ns, 10**9):
                self._ahead = packet
                return
            yield packet

    def give_up(self, reason: str) -> None:
        """Go on without sound, and say why."""
        logger.warning(
            "annotated video has no sound stream=%s source=%s reason=%s", self.stream_name, self.path, reason
        )
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._container is not None:
            self._container.close()
        self._container = self.template = self._ahead = None

    def _find(self) -> None:
        stream = next(iter(self._container.streams.audio), None)
        if stream is None:
            self.give_up("the file holds no audio stream")
            return
        video = next(iter(self._container.streams.video), None)
        if video is not None and video.start_time is not None:
            self._zero_s = video.start_time * video.time_base
        start_s = self._zero_s + self._from_s - _EARLIER_S
        if self._from_s > _EARLIER_S:
            self._container.seek(int(start_s / stream.time_base), stream=stream)
        self._packets, self.template = self._container.demux(stream), stream

    def _next(self) -> Any:
        """The next packet from the first picture on, or None at the end; a file that breaks off ends here too."""
        try:
            for packet in self._packets:
                if packet.pts is None or packet.dts is None:
                    continue
                shift = round(self._zero_s / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                late = packet.pts * packet.time_base >= self._from_s
                if late and (self._last_dts is None or packet.dts > self._last_dts):
                    self._last_dts = packet.dts
                    return packet
        except (OSError, av.error.FFmpegError) as error:
            logger.warning("sound breaks off stream=%s source=%s reason=%s", self.stream_name, self.path, error)
        return None
