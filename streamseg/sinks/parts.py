"""A stream of pictures as MP4 files, one part after the other, at the frames' own times, with a file's sound.

A picture is in the file when add() returns. A successor cuts the file off after the last picture that it knows to be
safe, and goes on in it with an encoder of its own, from a key picture on.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec

from streamseg.config import Config
from streamseg.errors import SinkError
from streamseg.records import Frame, StreamInfo
from streamseg.sinks.audio import AudioTrack, Sound, SoundMark
from streamseg.sinks.disk import sink_errors
from streamseg.sinks.encoder import Encoded, Encoder, Look, Picture, SoundRefused
from streamseg.sinks.fragments import barely_begun
from streamseg.sinks.mp4 import End, Mp4
from streamseg.sinks.rotation import Rotation, last_part, part_path, remove_after

logger = logging.getLogger(__name__)


class OpenPart(msgspec.Struct, frozen=True, array_like=True):
    """The part that the next picture goes into, unless it has another look or a limit is reached."""

    end: End
    look: str
    first_pts_ns: int


class PartsPosition(msgspec.Struct, frozen=True, array_like=True):
    """In which part (0: none yet), where in it, and what was heard before."""

    part: int
    open: OpenPart | None
    sound: SoundMark | None


@dataclass(slots=True)
class _Part:
    """An open part; a resumed one has no encoder until there is a picture for it."""

    file: Mp4
    look: str
    first_pts_ns: int
    encoder: Encoder | None


class VideoParts:
    """Encodes pictures; a new part begins by time, by size, and where the pictures change their look.

    Args:
        folder: where the parts lie.
        name: of the first one.
        config: video and output.rotate_* matter here.
    """

    def __init__(self, folder: Path, name: str, config: Config):
        self.folder, self.name = folder, name
        self.config = config.video
        self.rotation = Rotation.of(config.output)
        self._info: StreamInfo | None = None
        self._part = 0
        self._open: _Part | None = None
        self._sound: AudioTrack | None = None

    @property
    def position(self) -> PartsPosition:
        """Where a successor goes on."""
        part, sound = self._open, self._sound
        return PartsPosition(
            self._part,
            None if part is None else OpenPart(part.file.end, part.look, part.first_pts_ns),
            None if sound is None else sound.mark,
        )

    def open(self, info: StreamInfo, position: PartsPosition | None) -> None:
        """Go on at a position; without one in a new part after those there are."""
        self._info = info
        if position is None:
            self._part = self._last_part()
            return
        self._part = position.part
        remove_after(self.folder, self.name, position.part)
        part = position.open
        if part is not None:
            file = Mp4.resume(part_path(self.folder, self.name, position.part), part.end)
            self._open = _Part(file, part.look, part.first_pts_ns, None)
            self._sound = self._track(info)
            if self._sound is not None:
                self._sound.resume(position.sound)

    def add(self, frame: Frame, picture: Picture) -> Encoded:
        """Encode a picture that stands for frame, write it and give it."""
        part, encoder = self._part_for(frame)
        return part.file.add(encoder, picture, frame.pts_ns, self._sounds(frame.pts_ns))

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
        part = last_part(self.folder, self.name)
        path = part_path(self.folder, self.name, part)
        with sink_errors(path):
            return part - 1 if part and barely_begun(path) else part

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
        path = part_path(self.folder, self.name, self._part)
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
            raise SinkError(f"{self.folder / self.name}: is closed; open() comes before write()")
        return self._info
