"""From a reel to the files of a clip: the clip itself, then the JSON beside it; the reel goes last."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from streamseg.config_output import ClipsConfig
from streamseg.provenance import Provenance
from streamseg.records import U8
from streamseg.sinks.clip_layout import Canvas, Moment, clock, lay_out
from streamseg.sinks.clip_reel import Picture, Reel
from streamseg.sinks.clip_webm import WebmFile, spread_colours
from streamseg.sinks.cutouts import png_bytes
from streamseg.sinks.disk import refuse_link, sink_errors, write_atomic
from streamseg.sinks.objects import utc_time
from streamseg.sinks.sidecar import encoded

CLIP_VERSION = 1

EndedBy = Literal["track", "max_s", "look", "stream"]
"""Why a clip has no more pictures: the track ended, clips.max_s, frames of another size or pixel shape, the stream."""

_COMPRESSION = 1


@dataclass(frozen=True, slots=True)
class Developer:
    """Makes clips in a folder; made again of the same reel a clip has the same bytes."""

    folder: Path
    config: ClipsConfig
    provenance: Provenance

    def reel(self, track: int) -> Path:
        """Where a track's reel lies."""
        return self.folder / f".{track}.reel.part"

    def is_done(self, track: int) -> bool:
        """Whether a track's clip is there as a whole."""
        return any(self.folder.glob(f"{track}-*.json"))

    def develop(self, track: int, size: int, ended_by: EndedBy) -> None:
        """Make a clip of the first size bytes of a track's reel, and remove the reel."""
        path = self.reel(track)
        with sink_errors(path):
            with refuse_link(path).open("rb") as file:
                self._write(Reel(file, size), ended_by)
            path.unlink()

    def _write(self, reel: Reel, ended_by: EndedBy) -> None:
        canvas, moments = lay_out(reel.pictures, reel.head, self.config), clock(reel.pictures)
        if self.config.format == "webm":
            self._write_webm(reel, canvas, moments)
        else:
            self._write_pngs(reel, canvas)
        record = self._sidecar(reel, canvas, moments) | {"ended_by": ended_by}
        write_atomic(self.folder / f"{reel.head.name}.json", encoded(record))

    def _write_webm(self, reel: Reel, canvas: Canvas, moments: list[Moment]) -> None:
        path = refuse_link(self.folder / f"{reel.head.name}.webm")
        part = refuse_link(self.folder / f".{path.name}.part")
        nothing = np.zeros((*canvas.size[::-1], 4), np.uint8)
        with sink_errors(path):
            with WebmFile(part, canvas.size, self.config) as file:
                for moment in moments:
                    rgba = nothing if moment.index is None else _on_canvas(reel, moment.index, canvas)
                    file.add(rgba, moment.at_ms, moment.duration_ms)
            part.replace(path)

    def _write_pngs(self, reel: Reel, canvas: Canvas) -> None:
        folder = refuse_link(self.folder / reel.head.name)
        with sink_errors(folder):
            folder.mkdir(exist_ok=True)
        for index, picture in enumerate(reel.pictures):
            write_atomic(folder / f"{picture.seq}.png", png_bytes(_on_canvas(reel, index, canvas), _COMPRESSION))

    def _sidecar(self, reel: Reel, canvas: Canvas, moments: list[Moment]) -> dict[str, Any]:
        """What clip.schema.json describes, but for ended_by."""
        head, provenance = reel.head, self.provenance
        return {
            "version": CLIP_VERSION,
            "streamseg": provenance.version,
            "stream": head.stream,
            "source": provenance.source,
            "track": head.track,
            "label": head.label,
            "format": self.config.format,
            "size": canvas.size,
            "covers": canvas.covers,
            "frame_size": head.frame_wh,
            "duration": (moments[-1].at_ms + moments[-1].duration_ms) / 1e3,
            "pictures": list(_picture_records(reel.pictures, canvas, moments)),
            "model": {"name": provenance.model, "sha256": provenance.model_sha256},
            "config_sha256": provenance.config_sha256,
            "notes": head.notes,
        }


def _on_canvas(reel: Reel, index: int, canvas: Canvas) -> U8:
    """A picture at its place on the canvas: uint8 [h, w, 4], all 0 where alpha is 0."""
    (x0, y0, x1, y1), (left, top) = reel.pictures[index].box, canvas.offsets[index]
    whole = np.zeros((*canvas.covers[::-1], 4), np.uint8)
    whole[y0 - top : y1 - top, x0 - left : x1 - left] = reel.rgba(index)
    if canvas.size != canvas.covers:
        whole[:, :, :3] = spread_colours(whole)  # or black mixes into the edge
        shrinks = canvas.size[0] < canvas.covers[0] or canvas.size[1] < canvas.covers[1]
        whole = cv2.resize(whole, canvas.size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        whole[whole[:, :, 3] == 0] = 0
    return whole


def _picture_records(pictures: list[Picture], canvas: Canvas, moments: list[Moment]) -> Iterator[dict[str, Any]]:
    shown = {moment.index: moment for moment in moments}
    for index, (picture, offset) in enumerate(zip(pictures, canvas.offsets, strict=True)):
        x0, y0, x1, y1 = picture.box
        yield {
            "at": shown[index].at_ms / 1e3,
            "duration": shown[index].duration_ms / 1e3,
            "seq": picture.seq,
            "pts": picture.pts_ns / 1e9,
            "time": utc_time(picture.wall_ns),
            "score": picture.score,
            "box": (x0, y0, x1 - x0, y1 - y0),
            "offset": offset,
        }
