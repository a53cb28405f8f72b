"""One MP4 file: a head, then a fragment for each picture with the sound that came before it. It plays while it grows.

A picture is in the file as soon as add() returns, and so is safe when the process ends. Times in the file are the
source's own, to 1/90000 s, in every part. A file that stays open has an End; from it another process goes on.
"""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import msgspec

from streamseg.errors import SinkError
from streamseg.sinks.audio import Sound
from streamseg.sinks.disk import append, refuse_link, reopen, sink_errors
from streamseg.sinks.encoder import KEY_TICKS, TICKS_PER_S, Encoded, Encoder, Picture
from streamseg.sinks.fragments import (
    AUDIO,
    DURATION_AT,
    VIDEO,
    Entry,
    Run,
    Sample,
    duration_bytes,
    fragment,
    index,
    key_pictures,
)


class End(msgspec.Struct, frozen=True, array_like=True):
    """Where a file ends: its bytes and fragments; the last picture's time, duration (ticks) and fragment (offset)."""

    size: int
    fragments: int
    ticks: int
    step: int
    last_at: int


class Mp4:
    """An open file, made by create() or resume().

    Args:
        path: of the file.
        file: open at its end.
        end: where that is.
    """

    def __init__(self, path: Path, file: io.FileIO, end: End):
        self.path = path
        self.end = end
        self._file = file
        self._resumed_at = end.size if end.fragments else 0
        self._keys: list[Entry] = []
        self._key_ticks: int | None = None
        self._failed = False

    @classmethod
    def create(cls, path: Path, head: bytes, *, fps: Fraction | None) -> "Mp4":
        """Begin a file, in the place of one that exists; fps is nominal, None where nobody can tell."""
        with sink_errors(path):
            file = io.FileIO(refuse_link(path), "w+b")
            append(file, head)
        step = round(TICKS_PER_S / (fps or 25))
        return cls(path, file, End(len(head), 0, -1, step, 0))

    @classmethod
    def resume(cls, path: Path, end: End) -> "Mp4":
        """Cut a file off at its end, and go on there; SinkError if it is missing or shorter."""
        return cls(path, reopen(path, end.size), end)

    def fits(self, encoder: Encoder) -> bool:
        """Whether a decoder that was made for this file's head understands that encoder's pictures."""
        with sink_errors(self.path):
            return encoder.parameters in os.pread(self._file.fileno(), 1 << 16, 0)

    @property
    def end_ns(self) -> int:
        """When the last picture ends, if it stays as long as the one before."""
        return (max(0, self.end.ticks) + self.end.step) * 10**9 // TICKS_PER_S

    def add(self, encoder: Encoder, picture: Picture, pts_ns: int, sounds: Sequence[Sound] = ()) -> Encoded:
        """Encode a picture, write it and give it; times that do not grow are moved to the next tick."""
        end = self.end
        ticks = max(round(Fraction(pts_ns * TICKS_PER_S, 10**9)), end.ticks + 1)
        step = ticks - end.ticks if end.fragments else end.step
        due = self._key_ticks is None or ticks - self._key_ticks >= KEY_TICKS
        with self._writing():
            sample = encoder.encode(picture, ticks, step, key=due)
            if end.fragments:
                os.pwrite(self._file.fileno(), duration_bytes(step), end.last_at + DURATION_AT)
            append(self._file, fragment(end.fragments + 1, [Run(VIDEO, ticks, [sample]), *_runs(sounds)]))
        self.end = End(self._file.tell(), end.fragments + 1, ticks, step, last_at=end.size)
        if due:
            self._key_ticks = ticks
        if sample.key:
            self._keys.append(Entry(ticks, end.size))
        return Encoded(encoder.head, ticks, sample)

    def close(self, sounds: Sequence[Sound] = ()) -> None:
        """Write the last sound and an index, and close the file; nothing but that if writing has failed before."""
        try:
            if not self._failed:
                self._finish(sounds)
        finally:
            self._file.close()

    def _finish(self, sounds: Sequence[Sound]) -> None:
        with self._writing():
            if sounds:
                append(self._file, fragment(self.end.fragments + 1, _runs(sounds)))
            append(self._file, index([*key_pictures(self.path, self._resumed_at), *self._keys]))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with sink_errors(self.path):
                yield
        except SinkError:
            self._failed = True
            raise


def _runs(sounds: Sequence[Sound]) -> list[Run]:
    """A run of sound, if there is any."""
    samples = [Sample(sound.data, max(0, sound.end - sound.begin)) for sound in sounds]
    return [Run(AUDIO, sounds[0].begin, samples)] if samples else []
