"""HTTP Live Streaming: a folder with a playlist and its segments, for any web server."""

import hashlib
import logging
import math
from collections import deque
from itertools import pairwise
from pathlib import Path

from streamseg.broadcast.outlet import Outlet
from streamseg.broadcast.pictures import EncodedPicture
from streamseg.broadcast.playlist import Playlist, Segment
from streamseg.config_broadcast import HlsConfig
from streamseg.errors import SinkError
from streamseg.sinks.disk import refuse_link, sink_errors, write_atomic
from streamseg.sinks.encoder import KEY_TICKS, TICKS_PER_S
from streamseg.sinks.fragments import VIDEO, Run, Sample, fragment
from streamseg.sinks.outdir import HLS, claim_stream

log = logging.getLogger(__name__)

PLAYLIST = "live.m3u8"
_USUAL_STEP = TICKS_PER_S // 25
_PAUSE_TICKS = 2 * KEY_TICKS
"""A picture that would stay for longer is the last one before a pause: no segment lasts so long."""


class HlsFolder(Outlet):
    """Writes <stream>/hls/ from the pictures that it is given.

    A segment begins with a key picture and ends with the first one after segment_s. Files appear whole, the segment
    before the playlist that names it. What a predecessor left there is gone on with. A full disk or the like ends it:
    the log says so, all else goes on.

    Args:
        folder: of the stream's results.
        config: how long segments are, how many stay.
    """

    def __init__(self, folder: Path, config: HlsConfig):
        super().__init__(f"hls-{folder.name}")
        self._folder, self._config = folder / HLS, config
        self._playlist = Playlist(math.ceil(config.segment_s + KEY_TICKS / TICKS_PER_S))
        self._pictures: list[EncodedPicture] = []
        self._step = _USUAL_STEP
        self._head = ""
        self._breaks = False
        self._old: deque[str] = deque()
        self._thread.start()

    def _run(self) -> None:
        try:
            with sink_errors(self._folder):
                self._begin()
                while (picture := self._waiting.get()) is not None:
                    self._take(picture)
                self._finish()
        except (SinkError, ValueError) as error:
            log.error("hls=%s given up: %s", self._folder, error)

    def _begin(self) -> None:
        """Go on after a predecessor; its files that no playlist names any more go when ours do."""
        claim_stream(self._folder.parent)
        refuse_link(self._folder).mkdir(exist_ok=True)
        path = self._folder / PLAYLIST
        if path.exists():
            self._playlist = Playlist.read(path.read_text(encoding="ascii"))
            self._breaks = bool(self._playlist.segments)
            named = {segment.name for segment in self._playlist.segments}
            self._old.extend(sorted(file.name for file in self._folder.glob("*.m4s") if file.name not in named))

    def _take(self, picture: EncodedPicture) -> None:
        before = self._pictures[-1] if self._pictures else None
        if picture.key:
            torn = before is not None and (_is_other(picture, before) or picture.ticks - before.ticks > _PAUSE_TICKS)
            length_s = (picture.ticks - self._pictures[0].ticks) / TICKS_PER_S if self._pictures else 0.0
            if torn:
                self._write(None)
                self._breaks = True
            elif length_s >= self._config.segment_s or (before is not None and self._new_head(picture)):
                self._write(picture.ticks)
            if not self._pictures:
                self._use_head(picture.head)
        self._pictures.append(picture)

    def _new_head(self, picture: EncodedPicture) -> bool:
        return _head_name(picture.head) != self._head

    def _use_head(self, head: bytes) -> None:
        name = _head_name(head)
        if name != self._head:
            self._breaks = self._breaks or bool(self._head)
            self._head = name
            self._put_file(name, head)

    def _write(self, end_ticks: int | None) -> None:
        """The pictures so far as a segment; None: nobody knows how long the last one stays."""
        pictures, self._pictures = self._pictures, []
        if not pictures:
            return
        ticks = [picture.ticks for picture in pictures]
        steps = [after - before for before, after in pairwise(ticks)]
        last = end_ticks - ticks[-1] if end_ticks is not None else (steps or [self._step])[-1]
        self._step = max(1, last)
        steps.append(self._step)
        samples = [Sample(p.data, step, p.key) for p, step in zip(pictures, steps, strict=True)]
        number = self._playlist.next
        name = f"{number:08d}.m4s"
        self._put_file(name, fragment(number, [Run(VIDEO, ticks[0], samples)]))
        segment = Segment(name, sum(steps) / TICKS_PER_S, self._head, self._breaks)
        self._old.extend(self._playlist.add(segment, self._config.keep))
        self._breaks = False
        self._put_file(PLAYLIST, self._playlist.text().encode())
        while len(self._old) > self._config.keep:
            (self._folder / self._old.popleft()).unlink(missing_ok=True)

    def _finish(self) -> None:
        self._write(None)
        self._put_file(PLAYLIST, self._playlist.text(over=True).encode())

    def _put_file(self, name: str, content: bytes) -> None:
        write_atomic(self._folder / name, content)


def _is_other(picture: EncodedPicture, before: EncodedPicture) -> bool:
    """Whether something is missing between two pictures."""
    return (picture.encoder, picture.number) != (before.encoder, before.number + 1)


def _head_name(head: bytes) -> str:
    return f"init-{hashlib.sha256(head).hexdigest()[:8]}.mp4"
