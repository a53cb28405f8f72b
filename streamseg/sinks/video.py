"""annotated.mp4: the stream with what was found drawn on it, at its own times, with its sound."""

from pathlib import Path

from streamseg.config import Config
from streamseg.errors import SinkError
from streamseg.records import Extraction, Frame, StreamInfo
from streamseg.sinks.annotate import Annotator
from streamseg.sinks.audio import AudioTrack
from streamseg.sinks.mp4 import Look, Mp4, SoundRefused, picture_of
from streamseg.sinks.outdir import claim_stream
from streamseg.sinks.rotation import Rotation, last_part, part_path

_NAME = "annotated.mp4"


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
        self._part = 0
        self._file: Mp4 | None = None
        self._first_pts_ns = 0
        self._sound: AudioTrack | None = None

    def open(self, info: StreamInfo) -> int:
        """Go on in a new part after those there are; always -1: a video does not hold its pictures' seq."""
        claim_stream(self.folder)
        self._info = info
        self._part = last_part(self.folder, _NAME)
        return -1

    def write(self, extraction: Extraction) -> bool:
        frame = extraction.frame
        file = self._file_for(frame)
        picture = picture_of(frame.planes)
        self.annotator.draw(picture.planes, extraction)
        self._copy_sound(file, frame.pts_ns)
        file.add(picture, frame.pts_ns)
        return True

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            self._copy_sound(file, file.end_ns)
            file.close()
        sound, self._sound = self._sound, None
        if sound is not None:
            sound.close()

    def _file_for(self, frame: Frame) -> Mp4:
        """The open part, if this frame still belongs into it, or the next one."""
        look = Look(frame.size_hw, frame.color, frame.aspect)
        file = self._file
        if file is not None:
            span_ns = frame.pts_ns - self._first_pts_ns
            if file.look == look and not self.rotation.due(span_ns, file.size):
                return file
            self._file = None
            self._copy_sound(file, frame.pts_ns)
            file.close()
        self._file = self._begin(look, frame.pts_ns)
        return self._file

    def _begin(self, look: Look, pts_ns: int) -> Mp4:
        info = self._info
        if info is None:
            raise SinkError(f"{self.folder / _NAME}: is closed; open() comes before write()")
        if self._sound is None and info.audio_from is not None and self.config.audio:
            self._sound = AudioTrack(info.audio_from, info.name)
            self._sound.open(pts_ns)
        self._part += 1
        self._first_pts_ns = pts_ns
        path = part_path(self.folder, _NAME, self._part)
        template = self._sound.template if self._sound is not None else None
        try:
            return Mp4(path, look, self.config, fps=info.fps, sound=template)
        except SoundRefused as error:
            if self._sound is not None:
                self._sound.give_up(str(error))
            return Mp4(path, look, self.config, fps=info.fps)

    def _copy_sound(self, file: Mp4, to_ns: int) -> None:
        for packet in self._sound.take(to_ns) if self._sound is not None else ():
            file.add_audio(packet)
