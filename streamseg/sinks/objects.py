"""objects.jsonl: a line per frame with every object of it; what is on disk is always whole lines up to some seq."""

import mmap
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from streamseg.config import Config
from streamseg.geometry import cover, rle_encode_all
from streamseg.records import Extraction, StreamInfo, Track
from streamseg.sinks.disk import refuse_link, sink_errors
from streamseg.sinks.lines import LinesFile, Place
from streamseg.sinks.outdir import claim_stream
from streamseg.sinks.rotation import Rotation, last_part, part_path

_NAME = "objects.jsonl"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Position(msgspec.Struct, frozen=True, array_like=True):
    """After which frame, and where in the file."""

    seq: int
    place: Place


class ObjectsSink:
    """Appends a line per extraction; a line is in the file when write() returns, and safe from the process's end.

    Args:
        config: objects.masks and output.rotate_* matter here.
        folder: the stream's output folder.
    """

    name = "objects"

    def __init__(self, config: Config, folder: Path):
        self.folder = folder
        self.masks = config.objects.masks
        self._lines = LinesFile(folder, _NAME, Rotation.of(config.output))
        self._seq = -1
        self._encoder = msgspec.json.Encoder()

    def open(self, info: StreamInfo, position: bytes = b"") -> int:
        """Go on at a position, or else after the last whole line, whose seq it gives, or -1; cut off what follows."""
        claim_stream(self.folder)
        if position:
            told = msgspec.msgpack.decode(position, type=_Position)
            self._seq = told.seq
            self._lines.resume(told.place)
        else:
            self._recover()
        return self._seq

    def write(self, extraction: Extraction) -> bool:
        frame = extraction.frame
        if frame.seq <= self._seq:
            return True  # given again by one who did not live to note that it is safe
        line = self._encoder.encode(frame_record(extraction, masks=self.masks)) + b"\n"
        self._lines.append(line, frame.pts_ns)
        self._seq = frame.seq
        return True

    def settle(self) -> bytes:
        return msgspec.msgpack.encode(_Position(self._seq, self._lines.place))

    def close(self) -> None:
        self._lines.close()

    def _recover(self) -> None:
        last = max(1, last_part(self.folder, _NAME))
        for part in range(last, 0, -1):
            path = part_path(self.folder, _NAME, part)
            with sink_errors(path):
                self._seq = recover(refuse_link(path)) if path.exists() else -1
            if self._seq >= 0:
                break
        self._lines.begin(last, _first_pts_ns(part_path(self.folder, _NAME, last)))


def frame_record(extraction: Extraction, *, masks: bool = True) -> dict[str, Any]:
    """The line of one frame, as objects.schema.json describes it."""
    frame = extraction.frame
    objects = [_object_record(track) for track in extraction.tracks]
    if masks:
        _add_masks(objects, extraction.tracks, frame.size_hw)
    record = {"seq": frame.seq, "pts": frame.pts_ns / 1e9, "time": utc_time(frame.wall_ns), "objects": objects}
    return record if extraction.looked else {**record, "looked": False}


def box_xywh(box: tuple[float, float, float, float]) -> list[float]:
    """x0, y0, x1, y1 to x, y, w, h, in hundredths of a pixel."""
    x0, y0, x1, y1 = box
    return [round(float(value), 2) for value in (x0, y0, x1 - x0, y1 - y0)]


def utc_time(wall_ns: int | None) -> str | None:
    """UTC nanoseconds since 1970 as ISO 8601 with microseconds and Z; None stays None."""
    if wall_ns is None:
        return None
    moment = _EPOCH + timedelta(microseconds=wall_ns // 1000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def recover(path: Path) -> int:
    """Cut off what follows the last whole record of a JSONL file; gives that record's seq, or -1 if there is none."""
    with path.open("r+b") as file:
        while end := file.seek(0, os.SEEK_END):
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                start = content.rfind(b"\n", 0, end - 1) + 1
                line = content[start:end]
            record = _parsed(line)
            if record is not None:
                return record.seq
            file.truncate(start)
    return -1


def _first_pts_ns(path: Path) -> int | None:
    """Media time of the first frame in a part; None if there is none."""
    with sink_errors(path):
        if not path.exists():
            return None
        with path.open("rb") as file:
            first = _parsed(file.readline())
    return None if first is None else round(first.pts * 1e9)


def _parsed(line: bytes) -> "_Line | None":
    """What a whole line says of its frame; None where it is torn or broken."""
    if not line.endswith(b"\n"):
        return None
    try:
        return msgspec.json.decode(line, type=_Line)
    except msgspec.DecodeError:
        return None


class _Line(msgspec.Struct):
    seq: int
    pts: float = 0.0


def _object_record(track: Track) -> dict[str, Any]:
    return {
        "id": track.id,
        "label": track.label,
        "score": round(float(track.score), 4),
        "box": box_xywh(track.box),
        "mask": None,
        "mask_offset": None,
        "state": track.state,
    }


def _add_masks(records: Sequence[dict[str, Any]], tracks: Sequence[Track], size_hw: tuple[int, int]) -> None:
    """Tell the masks of all tracks that have one, on the pixels that their boxes cover."""
    told, shown = [], []
    for record, track in zip(records, tracks, strict=True):
        x0, y0, x1, y1 = crop = cover(track.box, size_hw)
        if track.mask is not None and x1 > x0 and y1 > y0:
            record["mask_offset"] = [x0, y0]
            told.append(record)
            shown.append(track.mask.on(crop) > 127)
    for record, mask, counts in zip(told, shown, rle_encode_all(shown), strict=True):
        record["mask"] = {"size": list(mask.shape), "counts": counts}
