"""annotated.mp4: the stream with what was found drawn on it, at its own times, with its sound.

A picture is in the file when write() returns. A successor cuts the file off after the last picture that it knows to be
safe, and goes on in it with an encoder of its own, from a key picture on.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec

from streamseg.config import Config
from streamseg.errors import SinkError
from streamseg.records import Extraction, Frame, StreamInfo
from streamseg.sinks.annotate import Annotator
from streamseg.sinks.audio import AudioTrack, Sound, SoundMark
from streamseg.sinks.disk import sink_errors
from streamseg.sinks.encoder import Encoder, Look, SoundRefused, picture_of
from streamseg.sinks.fragments import barely_begun
from streamseg.sinks.mp4 import End, Mp4
from streamseg.sinks.outdir import claim_stream
from streamseg.sinks.rotation import Rotation, last_part, part_path, remove_after
from streamseg.sinks.trails import Feet

logger = logging.getLogger(__name__)

_NAME = "annotated.mp4"


class _OpenPart(msgspec.Struct, frozen=True, array_like=True):
    """The part that the next picture goes into, unless it has another look or a limit is reached."""

    end: End
    look: str
    first_pts_ns: int


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """After which frame, in which part (0: none yet), and what was drawn and heard before."""

    seq: int
    part: int
    open: _OpenPart | None
    sound: SoundMark | None
    trails: list[Feet]


@dataclass(slots=True)
class _Part:
    """An open part; a resumed one has no encoder until there is a picture for it."""

    file: Mp4
    look: str
    first_pts_ns: int
    encoder: Encoder | None


class VideoSink:
    """Encodes every extraction; a new part begins by time, by size, and where the pictures change their look.

    Args:
        config: video and output.rotate_* matter here.
        folder: the stream's output folder.
    """

    name = "video"

    def __init__(self, config: Config, folder: Path):
        self.folder = folder
        self.config = config.video
        self.rotation = Rotation.of(config.output)
        self.annotator = Annotator(config.video)
        self._info: StreamInfo | None = None
        self._seq = -1
        self._part = 0
        self._open: _Part | None = None
        self._sound: AudioTrack | None = None

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on at a position; without one in a new part after those there are, and -1: no part holds its seq."""
        claim_stream(self.folder)
        self._info, self._seq = info, -1
        if position:
            self._resume(msgspec.msgpack.decode(position, type=_Position), info)
        else:
            self._part = self._last_part()
        return self._seq

    def write(self, extraction: Extraction) -> bool:
        frame = extraction.frame
        if frame.seq <= self._seq:
            return True  # given again by one who did not live to note that it is safe
        part, encoder = self._part_for(frame)
        picture = picture_of(frame.planes)
        self.annotator.draw(picture.planes, extraction)
        part.file.add(encoder, picture, frame.pts_ns, self._sounds(frame.pts_ns))
        self._seq = frame.seq
        return True

    def settle(self) -> bytes:
        part, sound = self._open, self._sound
        position = _Position(
            self._seq,
            self._part,
            None if part is None else _OpenPart(part.file.end, part.look, part.first_pts_ns),
            None if sound is None else sound.mark,
            self.annotator.trails.state,
        )
        return msgspec.msgpack.encode(position)

    def close(self) -> None:
        part, sound = self._open, self._sound
        try:
            if part is not None:
                self._end_part(part, part.file.end_ns)
        finally:
            self._info = self._sound = None
            if sound is not None:
                sound.close()

    def _last_part(self) -> int:
        """The last part there is, but for one that is to be begun again: a predecessor died with its first picture."""
        part = last_part(self.folder, _NAME)
        path = part_path(self.folder, _NAME, part)
        with sink_errors(path):
            return part - 1 if part and barely_begun(path) else part

    def _resume(self, position: _Position, info: StreamInfo) -> None:
        self._seq, self._part = position.seq, position.part
        self.annotator.trails.restore(position.trails)
        remove_after(self.folder, _NAME, position.part)
        part = position.open
        if part is not None:
            file = Mp4.resume(part_path(self.folder, _NAME, position.part), part.end)
            self._open = _Part(file, part.look, part.first_pts_ns, None)
            self._sound = self._track(info)
            if self._sound is not None:
                self._sound.resume(position.sound)

    def _part_for(self, frame: Frame) -> tuple[_Part, Encoder]:
        """The open part and its encoder, if this frame still belongs there, or the next one."""
        look, part = Look(frame.size_hw, frame.color, frame.aspect), self._open
        if part is not None:
            due = self.rotation.due(frame.pts_ns - part.first_pts_ns, part.file.end.size)
            encoder = None if due or part.look != str(look) else self._encoder_of(part, look)
            if encoder is not None:
                return part, encoder
            self._end_part(part, frame.pts_ns)
        return self._begin(look, frame.pts_ns)

    def _encoder_of(self, part: _Part, look: Look) -> Encoder | None:
        """The part's encoder; None where a resumed part holds the pictures of another kind of encoder."""
        if part.encoder is None:
            encoder = Encoder(look, self.config, fps=self._opened().fps)
            if not part.file.fits(encoder):
                logger.warning("the encoder is another one than before: a new part begins path=%s", part.file.path)
                encoder.close()
                return None
            part.encoder = encoder
        return part.encoder

    def _begin(self, look: Look, pts_ns: int) -> tuple[_Part, Encoder]:
        info = self._opened()
        if self._sound is None:
            self._sound = self._track(info)
            if self._sound is not None:
                self._sound.open(pts_ns)
        self._part += 1
        path = part_path(self.folder, _NAME, self._part)
        with sink_errors(path):
            encoder = self._encoder(look, info)
        self._open = _Part(Mp4.create(path, encoder.head, fps=info.fps), str(look), pts_ns, encoder)
        return self._open, encoder

    def _encoder(self, look: Look, info: StreamInfo) -> Encoder:
        """An encoder with a head for what sound there is."""
        sound = self._sound
        if sound is not None and sound.template is not None:
            try:
                return Encoder(look, self.config, fps=info.fps, sound=sound)
            except SoundRefused as error:
                sound.give_up(str(error))
        return Encoder(look, self.config, fps=info.fps)

    def _track(self, info: StreamInfo) -> AudioTrack | None:
        if info.audio_from is None or not self.config.audio:
            return None
        return AudioTrack(info.audio_from, info.name)

    def _sounds(self, to_ns: int) -> list[Sound]:
        return [] if self._sound is None else list(self._sound.take(to_ns))

    def _end_part(self, part: _Part, to_ns: int) -> None:
        self._open = None
        try:
            part.file.close(self._sounds(to_ns))
        finally:
            if part.encoder is not None:
                part.encoder.close()

    def _opened(self) -> StreamInfo:
        if self._info is None:
            raise SinkError(f"{self.folder / _NAME}: is closed; open() comes before write()")
        return self._info
