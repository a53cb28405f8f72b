"""The sound of a source file, packet by packet as it is, in step with the annotated picture."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import msgspec

logger = logging.getLogger(__name__)

_EARLIER_S = 2  # reading begins this much before the first packet that is wanted: an index may be coarse


@dataclass(frozen=True, slots=True)
class Sound:
    """A packet as MP4 holds it; begin and end count samples (1 / AudioTrack.rate s) from the source's zero."""

    data: bytes
    begin: int
    end: int


class SoundMark(msgspec.Struct, frozen=True, array_like=True):
    """How far the sound was taken: where it began (ns), and a moment within the last packet, in the file's ticks."""

    from_ns: int
    taken: int | None


@dataclass(frozen=True, slots=True)
class _Packet:
    dts: int
    duration: int
    data: bytes


class AudioTrack:
    """Audio packets of a source file between two moments of media time (ns since the source's video begins).

    Once it is open: template is the audio stream, rate its samples a second, extradata what its packets do not tell
    a decoder and the file's own header does not either (else None). template is None: there is no sound.

    Args:
        path: the source file.
        stream_name: for the log.
    """

    def __init__(self, path: str, stream_name: str):
        self.path = path
        self.stream_name = stream_name
        self.template: Any = None
        self.rate = 0
        self.extradata: bytes | None = None
        self._container: Any = None
        self._unpack: Any = None
        self._packets: Iterator[Any] = iter(())
        self._ahead: _Packet | None = None
        self._zero_s = Fraction(0)
        self._from_ns = 0
        self._taken: int | None = None
        self._last_dts: int | None = None

    def open(self, from_ns: int) -> None:
        """Open the file and go to from_ns; with a line in the log where there is no sound."""
        self._open(SoundMark(from_ns, None))
        if self.template is not None and self._ahead is None:
            self.give_up("it ends before the pictures begin")

    def resume(self, mark: SoundMark | None) -> None:
        """Open the file and go on after a mark; None: the one who made it had given up."""
        if mark is not None:
            self._open(mark)

    @property
    def mark(self) -> SoundMark | None:
        """Where resume() goes on after what was taken."""
        return None if self.template is None else SoundMark(self._from_ns, self._taken)

    def take(self, to_ns: int) -> Iterator[Sound]:
        """What was not yet taken and begins before to_ns, each packet as long as until the next one begins."""
        while (packet := self._ahead) is not None and self._seconds(packet.dts) < Fraction(to_ns, 10**9):
            self._ahead = self._next()
            end = packet.dts + packet.duration if self._ahead is None else self._ahead.dts
            self._taken = packet.dts + packet.duration // 2  # times may be off by a tick when read from elsewhere
            yield Sound(packet.data, self._samples(packet.dts), self._samples(end))

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

    def _open(self, mark: SoundMark) -> None:
        self._from_ns, self._taken, self._last_dts = mark.from_ns, mark.taken, mark.taken
        try:
            self._container = av.open(self.path)
            self._find()
        except (OSError, av.error.FFmpegError) as error:
            self.give_up(str(error))
        if self.template is not None:
            self._ahead = self._next()

    def _find(self) -> None:
        stream = next(iter(self._container.streams.audio), None)
        if stream is None:
            self.give_up("the file holds no audio stream")
            return
        video = next(iter(self._container.streams.video), None)
        if video is not None and video.start_time is not None:
            self._zero_s = video.start_time * video.time_base
        self.rate = stream.codec_context.sample_rate
        if stream.codec_context.name == "aac" and not stream.codec_context.extradata:
            # in transport streams each AAC packet has a head; MP4 wants it once, and learns it from the first one
            self._unpack = av.bitstream.BitStreamFilterContext("aac_adtstoasc", stream)
        self._packets, self.template = self._container.demux(stream), stream
        wanted_s = Fraction(self._from_ns, 10**9) if self._taken is None else self._seconds(self._taken)
        if wanted_s > _EARLIER_S:
            start_s = self._zero_s + wanted_s - _EARLIER_S
            self._container.seek(int(start_s / stream.time_base), stream=stream)

    def _next(self) -> _Packet | None:
        """The next packet from the first picture on, or None at the end; a file that breaks off ends here too."""
        shift = round(self._zero_s / self.template.time_base)
        try:
            for packet in self._packets:
                if packet.pts is None or packet.dts is None:
                    continue
                dts, data = packet.dts - shift, None
                late = self._seconds(packet.pts - shift) >= Fraction(self._from_ns, 10**9)
                if late and (self._last_dts is None or dts > self._last_dts):
                    data = self._unpacked(packet)
                if data is not None:
                    self._last_dts = dts
                    return _Packet(dts, packet.duration or 0, data)
        except (OSError, av.error.FFmpegError) as error:
            logger.warning("sound breaks off stream=%s source=%s reason=%s", self.stream_name, self.path, error)
        return None

    def _unpacked(self, packet: Any) -> bytes | None:
        """A packet's bytes without a head; None where it is broken."""
        if self._unpack is None:
            return bytes(packet)
        try:
            [part] = self._unpack.filter(packet)
        except (ValueError, av.error.FFmpegError) as error:
            logger.debug("broken audio packet left out stream=%s reason=%s", self.stream_name, error)
            return None
        if self.extradata is None and part.has_sidedata("new_extradata"):
            self.extradata = bytes(part.get_sidedata("new_extradata"))
        return bytes(part)

    def _seconds(self, ticks: int) -> Fraction:
        return ticks * Fraction(self.template.time_base)

    def _samples(self, ticks: int) -> int:
        return round(self._seconds(ticks) * self.rate)
