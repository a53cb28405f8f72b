"""Encoded pictures that no file keeps: for those who watch while the run lasts."""

from fractions import Fraction

from streamseg.config_output import VideoConfig
from streamseg.errors import SinkError
from streamseg.records import Frame, StreamInfo
from streamseg.sinks.encoder import KEY_TICKS, TICKS_PER_S, Encoded, Encoder, Look, Picture


class LivePictures:
    """Encodes pictures, at the frames' own times; another encoder begins where they change their look.

    Args:
        config: preset and crf.
    """

    def __init__(self, config: VideoConfig):
        self._config = config
        self._info: StreamInfo | None = None
        self._look: Look | None = None
        self._encoder: Encoder | None = None
        self._ticks = -1
        self._key_ticks: int | None = None

    def open(self, info: StreamInfo) -> None:
        """Before the first picture."""
        self._info = info

    def add(self, frame: Frame, picture: Picture) -> Encoded:
        """Encode a picture that stands for frame; a time that does not grow is moved to the next tick."""
        encoder = self._encoder_for(Look(frame.size_hw, frame.color, frame.aspect))
        ticks = max(round(Fraction(frame.pts_ns * TICKS_PER_S, 10**9)), self._ticks + 1)
        due = self._key_ticks is None or ticks - self._key_ticks >= KEY_TICKS
        sample = encoder.encode(picture, ticks, max(1, ticks - self._ticks), key=due)
        self._ticks = ticks
        if due:
            self._key_ticks = ticks
        return Encoded(encoder.head, ticks, sample)

    def close(self) -> None:
        """Let go of the encoder."""
        encoder, self._encoder, self._look = self._encoder, None, None
        self._key_ticks = None
        if encoder is not None:
            encoder.close()

    def _encoder_for(self, look: Look) -> Encoder:
        if self._info is None:
            raise SinkError("sink=video: is closed; open() comes before write()")
        if self._encoder is None or look != self._look:
            self.close()
            self._encoder, self._look = Encoder(look, self._config, fps=self._info.fps), look
        return self._encoder
