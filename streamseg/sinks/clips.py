"""Object clips: clips/<track>-<label>.webm (or a folder of PNG), one of each confirmed track, when the track ends.

A track's pictures go to its reel on disk (clip_reel) frame by frame; a thread makes the clip (clip_files) of an ended
one while the stream goes on. Reels and how far they count are all that a successor needs.
"""

from pathlib import Path

import msgspec

from streamseg.config import Config
from streamseg.errors import SinkError
from streamseg.provenance import Provenance
from streamseg.records import Cutout, Extraction, Frame, StreamInfo, Track
from streamseg.sinks import clip_reel
from streamseg.sinks.background import Background
from streamseg.sinks.clip_files import Developer, EndedBy
from streamseg.sinks.disk import DiskGuard, refuse_link, reopen, sink_errors
from streamseg.sinks.outdir import claim_stream
from streamseg.tracking.cutter import Cutter


class _Reel(msgspec.Struct, frozen=True, array_like=True):
    """How many bytes of a reel count; when its first and its last picture were taken."""

    size: int
    first_ns: int
    last_ns: int


class _Ended(msgspec.Struct, frozen=True, array_like=True):
    """A reel whose clip may not be there yet."""

    reel: _Reel
    by: EndedBy


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """After which frame, of which look (size and pixel shape of frames), and how far each track's reel has come.

    live: reels that grow. ended: those whose clip may not be there yet. over: tracks in view that get no further one.
    """

    seq: int = -1
    look: str = ""
    live: dict[int, _Reel] = {}
    ended: dict[int, _Ended] = {}
    over: tuple[int, ...] = ()


class ClipsSink:
    """Cuts every confirmed track that is seen out of every frame, and makes a clip of it at its end.

    Args:
        config: clips, cutouts (margin, matte, min_side) and output.disk_free_mb matter here.
        folder: the stream's output folder.
        provenance: what is the same for all sidecars.
    """

    name = "clips"

    def __init__(self, config: Config, folder: Path, provenance: Provenance):
        self.stream_folder, self.folder = folder, folder / "clips"
        self.config, self.min_side = config.clips, config.cutouts.min_side
        self._cutter = Cutter(config.cutouts)
        self._guard = DiskGuard(folder, config.output.disk_free_mb, "clips")
        self._developer = Developer(self.folder, config.clips, provenance)
        self._thread: Background | None = None
        self._seq, self._look = -1, ""
        self._live: dict[int, _Reel] = {}
        self._ended: dict[int, _Ended] = {}
        self._over: set[int] = set()

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on at a position; without one from the start, for which reels were whole is not known."""
        claim_stream(self.stream_folder)
        with sink_errors(self.folder):
            refuse_link(self.folder).mkdir(exist_ok=True)
        told = msgspec.msgpack.decode(position, type=_Position) if position else _Position()
        self._seq, self._look, self._over = told.seq, told.look, set(told.over)
        self._remove_others({*told.live, *told.ended})
        self._thread = Background(f"clips-{info.name}")
        self._live = {track: reel for track, reel in told.live.items() if self._resume(track, reel)}
        self._over |= told.live.keys() - self._live.keys()
        for track, ended in told.ended.items():
            if self._resume(track, ended.reel):
                self._develop(track, ended)
        return self._seq

    def write(self, extraction: Extraction) -> bool:
        frame = extraction.frame
        if frame.seq <= self._seq:
            return True  # given again by one who did not live to note that it is safe
        self._end_what_has_ended(frame, {track.id for track in extraction.tracks})
        wanted = [track for track in extraction.tracks if self._is_wanted(track)]
        has_room = not wanted or self._guard.has_room()
        if has_room:
            made = {cutout.track.id: cutout for cutout in extraction.cutouts}
            for track in wanted:
                cutout = made.get(track.id) or self._cutter.cut(frame, track)
                if cutout is not None:
                    self._take(frame, cutout)
        self._seq = frame.seq
        return has_room

    def settle(self) -> bytes:
        self._opened()
        return msgspec.msgpack.encode(
            _Position(self._seq, self._look, self._live, dict(self._ended), tuple(sorted(self._over)))
        )

    def close(self) -> None:
        """Tracks that are still there end with the stream; waits for all clips."""
        thread = self._thread
        if thread is None:
            return
        try:
            for track in list(self._live):
                self._end(track, "stream")
        finally:
            self._thread = None
            thread.close()

    def leave(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.leave()

    def _opened(self) -> Background:
        if self._thread is None:
            raise SinkError(f"{self.folder}: is closed; open() comes before write()")
        return self._thread

    def _remove_others(self, known: set[int]) -> None:
        """Remove what a predecessor left half done, and reels it began after it told its position."""
        with sink_errors(self.folder):
            kept = {self._developer.reel(track) for track in known}
            for path in self.folder.glob(".*.part"):
                if path not in kept:
                    path.unlink()

    def _resume(self, track: int, reel: _Reel) -> bool:
        """Cut off what a predecessor added after it told its position; False where it came as far as the clip."""
        path = self._developer.reel(track)
        if not path.exists() and (self._developer.is_done(track) or self._is_short(reel)):
            return False
        reopen(path, reel.size).close()
        return True

    def _is_wanted(self, track: Track) -> bool:
        x0, y0, x1, y1 = track.box
        seen = track.state == "active" and track.mask is not None
        return seen and min(x1 - x0, y1 - y0) >= self.min_side and track.id not in self._over

    def _is_short(self, reel: _Reel) -> bool:
        return reel.last_ns - reel.first_ns < self.config.min_s * 1e9

    def _end_what_has_ended(self, frame: Frame, present: set[int]) -> None:
        """Before a frame is taken: tracks that are gone, clips that are full, all where frames become others."""
        height, width = frame.size_hw
        look = f"{width}x{height},{frame.aspect}"
        turned, self._look = look != self._look, look
        for track, reel in list(self._live.items()):
            if track not in present:
                self._end(track, "track")
            elif turned:
                self._end(track, "look")
            elif frame.pts_ns - reel.first_ns >= self.config.max_s * 1e9:
                self._end(track, "max_s")
        self._over &= present

    def _take(self, frame: Frame, cutout: Cutout) -> None:
        track = cutout.track.id
        path, reel = self._developer.reel(track), self._live.get(track)
        if reel is None:
            size = clip_reel.begin(path, clip_reel.Head.of(frame, cutout))
            reel = _Reel(size, frame.pts_ns, frame.pts_ns)
        size = clip_reel.add(path, reel.size, frame=frame, cutout=cutout)
        if size > reel.size:
            self._live[track] = _Reel(size, reel.first_ns, frame.pts_ns)

    def _end(self, track: int, by: EndedBy) -> None:
        reel = self._live.pop(track)
        self._over.add(track)
        if self._is_short(reel):
            path = self._developer.reel(track)
            with sink_errors(path):
                path.unlink()
        else:
            self._develop(track, _Ended(reel, by))

    def _develop(self, track: int, ended: _Ended) -> None:
        """Make the clip in the other thread; put() waits while that is far behind."""
        self._ended[track] = ended
        self._opened().put(lambda: self._make(track, ended))

    def _make(self, track: int, ended: _Ended) -> None:
        """Runs in the other thread."""
        self._developer.develop(track, ended.reel.size, ended.by)
        del self._ended[track]
