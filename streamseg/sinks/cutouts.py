"""Cut-outs: <track>-<label>/<seq>.png, best.png, best-2.png ... with soft alpha, and a JSON sidecar beside each."""

import re
from collections.abc import Iterable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from streamseg.config import Config
from streamseg.errors import SinkError
from streamseg.provenance import Provenance
from streamseg.records import Cutout, Extraction, StreamInfo, Track
from streamseg.sinks.background import Background
from streamseg.sinks.best_files import BestFiles
from streamseg.sinks.disk import DiskGuard, refuse_link, sink_errors, write_atomic
from streamseg.sinks.outdir import CUTOUT_PART, claim_stream
from streamseg.sinks.sidecar import encoded, sidecar

U8 = npt.NDArray[np.uint8]


class _Position(msgspec.Struct, array_like=True):
    """The last frame, and the folders of tracks with best shots that may still get better ones, by track id."""

    seq: int = -1
    hopeful: dict[int, str] = {}


class CutoutsSink:
    """Writes PNG files in a thread of its own; skips them while the disk is nearly full.

    A file written again has the same bytes, so a successor may be given a frame whose files are there in part or as a
    whole. A track that is not in a frame any more has ended, and what it has are its best shots for good.

    Args:
        config: cutouts.compression and output.disk_free_mb matter here.
        folder: the stream's output folder.
        provenance: what is the same for all sidecars.
    """

    name = "cutouts"

    def __init__(self, config: Config, folder: Path, provenance: Provenance):
        self.stream_folder = folder
        self.folder = folder / "cutouts"
        self.compression = config.cutouts.compression
        self.provenance = provenance
        self.guard = DiskGuard(folder, config.output.disk_free_mb)
        self._part = self.folder / CUTOUT_PART
        self._best = BestFiles(self._part)
        self._writer: Background | None = None
        self._position = _Position()

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Gives the last seq of which every cut-out is surely there; without a position -1."""
        claim_stream(self.stream_folder)
        with sink_errors(self.folder):
            refuse_link(self.folder).mkdir(exist_ok=True)
            self._part.unlink(missing_ok=True)
        self._position = msgspec.msgpack.decode(position, type=_Position) if position else _Position()
        for name in self._position.hopeful.values():
            self._best.reopen(self.folder / name)
        self._writer = Background(f"cutouts-{info.name}")
        return self._position.seq

    def write(self, extraction: Extraction) -> bool:
        writer, seq = self._opened(), extraction.frame.seq
        if seq <= self._position.seq:
            return True  # given again by one who did not live to note that it is safe
        self._position.seq = seq
        self._finish(writer, self._position.hopeful.keys() - {track.id for track in extraction.tracks})
        if not extraction.cutouts:
            return True
        if not self.guard.has_room():
            return False
        for cutout in extraction.cutouts:
            if cutout.purpose == "best":
                self._position.hopeful[cutout.track.id] = track_folder(cutout.track)
        pairs = [(cutout, encoded(sidecar(cutout, extraction, self.provenance))) for cutout in extraction.cutouts]
        writer.put(lambda: self._save(pairs, seq))
        return True

    def settle(self) -> bytes:
        self._opened().wait()
        return msgspec.msgpack.encode(self._position)

    def close(self) -> None:
        """All tracks end with the stream."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            self._finish(writer, self._position.hopeful.keys())
        finally:
            writer.close()

    def _opened(self) -> Background:
        if self._writer is None:
            raise SinkError(f"{self.folder}: is closed; open() comes before write()")
        return self._writer

    def _finish(self, writer: Background, ended: Iterable[int]) -> None:
        for track_id in sorted(ended):
            folder = self.folder / self._position.hopeful.pop(track_id)
            writer.put(lambda folder=folder: self._best.finish(folder))  # type: ignore[misc]  # bound now, not later

    def _save(self, pairs: list[tuple[Cutout, bytes]], seq: int) -> None:
        """Runs in the background thread; a crop that is due and best at once is encoded once."""
        pictures: dict[int, bytes] = {}
        for cutout, record in pairs:
            folder = self.folder / track_folder(cutout.track)
            with sink_errors(folder):
                refuse_link(folder).mkdir(exist_ok=True)
            key = id(cutout.rgba)
            if key not in pictures:
                pictures[key] = png_bytes(cutout.rgba, self.compression)
            if cutout.purpose == "best":
                self._best.store(folder, cutout.ranking, seq, pictures[key], record)
            else:
                # under one temporary name for all: a process that dies leaves it once, where its successor looks
                write_atomic(folder / f"{seq}.png", pictures[key], self._part)
                write_atomic(folder / f"{seq}.json", record, self._part)


def track_folder(track: Track) -> str:
    """<id>-<label when it was confirmed>, with nothing but a-z, 0-9, _ and - in it."""
    label = re.sub(r"[^a-z0-9_-]+", "-", (track.confirmed_label or track.label).lower()).strip("-")
    return f"{track.id}-{label or 'object'}"


def png_bytes(rgba: U8, compression: int) -> bytes:
    """PNG of uint8 [h, w, 4] RGBA with straight alpha; compression 0 (fast) to 9 (small)."""
    _, data = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_PNG_COMPRESSION, compression])
    return data.tobytes()
