"""Cut-outs: <track>-<label>/<seq>.png and best.png with soft alpha, and a JSON sidecar beside each."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from streamseg.config import Config
from streamseg.errors import SinkError
from streamseg.records import Cutout, Extraction, Frame, StreamInfo, Track
from streamseg.sinks.background import Background
from streamseg.sinks.disk import DiskGuard, refuse_link, sink_errors, write_atomic
from streamseg.sinks.objects import box_xywh, utc_time
from streamseg.sinks.outdir import CUTOUT_PART, claim_stream

U8 = npt.NDArray[np.uint8]
SIDECAR_VERSION = 1


class CutoutsSink:
    """Writes PNG files in a thread of its own; skips them while the disk is nearly full.

    A file written again has the same bytes, so a successor may be given frames that are there in part or as a whole.

    Args:
        config: cutouts.compression and output.disk_free_mb matter here.
        folder: the stream's output folder.
        version: of streamseg, for the sidecars.
    """

    name = "cutouts"

    def __init__(self, config: Config, folder: Path, version: str):
        self.stream_folder = folder
        self.folder = folder / "cutouts"
        self.compression = config.cutouts.compression
        self.version = version
        self.guard = DiskGuard(folder, config.output.disk_free_mb)
        self._writer: Background | None = None
        self._seq = -1

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Gives the last seq of which every cut-out is surely there, or -1; without a position by reading sidecars."""
        claim_stream(self.stream_folder)
        with sink_errors(self.folder):
            refuse_link(self.folder).mkdir(exist_ok=True)
            (self.folder / CUTOUT_PART).unlink(missing_ok=True)
            # of the highest seq a second cut-out may be missing
            self._seq = int(position) if position else max(-1, max(_written_seqs(self.folder), default=0) - 1)
        self._writer = Background(f"cutouts-{info.name}")
        return self._seq

    def write(self, extraction: Extraction) -> bool:
        writer, seq = self._opened(), extraction.frame.seq
        if extraction.cutouts and not self.guard.has_room():
            self._seq = seq
            return False
        if extraction.cutouts:
            pairs = [(cutout, _json(self._sidecar(cutout, extraction.frame))) for cutout in extraction.cutouts]
            writer.put(lambda: self._save(pairs, seq))
        self._seq = seq
        return True

    def settle(self) -> bytes:
        self._opened().wait()
        return b"%d" % self._seq

    def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _opened(self) -> Background:
        if self._writer is None:
            raise SinkError(f"{self.folder}: is closed; open() comes before write()")
        return self._writer

    def _save(self, pairs: list[tuple[Cutout, bytes]], seq: int) -> None:
        """Runs in the background thread; a crop that is due and best at once is encoded once."""
        encoded: dict[int, bytes] = {}
        for cutout, sidecar in pairs:
            folder = self.folder / track_folder(cutout.track)
            with sink_errors(folder):
                refuse_link(folder).mkdir(exist_ok=True)
            key = id(cutout.rgba)
            if key not in encoded:
                encoded[key] = png_bytes(cutout.rgba, self.compression)
            stem = "best" if cutout.purpose == "best" else str(seq)
            # under one temporary name for all: a process that dies leaves it once, where its successor looks
            write_atomic(folder / f"{stem}.png", encoded[key], self.folder / CUTOUT_PART)
            write_atomic(folder / f"{stem}.json", sidecar, self.folder / CUTOUT_PART)

    def _sidecar(self, cutout: Cutout, frame: Frame) -> dict[str, Any]:
        """What sidecar.schema.json describes."""
        height, width = cutout.rgba.shape[:2]
        return {
            "version": SIDECAR_VERSION,
            "streamseg": self.version,
            "stream": frame.stream,
            "seq": frame.seq,
            "pts": frame.pts_ns / 1e9,
            "time": utc_time(frame.wall_ns),
            "track": cutout.track.id,
            "label": cutout.track.label,
            "score": round(float(cutout.track.score), 4),
            "box": box_xywh(cutout.track.box),
            "offset": [int(value) for value in cutout.offset],
            "size": [width, height],
            "frame_size": [frame.size_hw[1], frame.size_hw[0]],
            "purpose": cutout.purpose,
            "shot": {
                "score": round(float(cutout.shot_score), 4),
                "terms": {name: round(float(value), 4) for name, value in cutout.terms.items()},
            },
            "notes": list(frame.notes),
        }


def track_folder(track: Track) -> str:
    """<id>-<label when it was confirmed>, with nothing but a-z, 0-9, _ and - in it."""
    label = re.sub(r"[^a-z0-9_-]+", "-", (track.confirmed_label or track.label).lower()).strip("-")
    return f"{track.id}-{label or 'object'}"


def png_bytes(rgba: U8, compression: int) -> bytes:
    """PNG of uint8 [h, w, 4] RGBA with straight alpha; compression 0 (fast) to 9 (small)."""
    _, data = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), [cv2.IMWRITE_PNG_COMPRESSION, compression])
    return data.tobytes()


def _json(record: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def _written_seqs(folder: Path) -> Iterator[int]:
    for sidecar in folder.glob("*/*.json"):
        try:
            yield int(msgspec.json.decode(sidecar.read_bytes(), type=_Sidecar).seq)
        except msgspec.DecodeError:
            continue


class _Sidecar(msgspec.Struct):
    seq: int
