"""Files of a stream: cut-outs, clips, videos, records; for those only who may see the stream."""

import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel

from streamseg.index.listing import frame_size
from streamseg.index.search import Hit
from streamseg.web.archive import Archive
from streamseg.web.asking import Refused
from streamseg.web.callers import SeenStream
from streamseg.web.files import answer_bytes, answer_file, is_regular, listed
from streamseg.web.finding import Number
from streamseg.web.webp import as_webp

_CUTOUT = re.compile(r"(\d{1,18}|best(-\d{1,4})?)\.(png|json|webp)")
_STREAM_FILE = re.compile(
    r"(annotated|clean-plate)(-\d{4,9})?\.mp4|clean-plate\.png|(objects|events)(-\d{4,9})?\.jsonl"
)
_TRACK_FOLDER = re.compile(r"\d{1,19}-[a-z0-9_-]+")
_MOST_LISTED = 1000

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "the file", "content": {"application/octet-stream": {}}},
    206: {"description": "the part of it that was asked for", "content": {"application/octet-stream": {}}},
    304: {"description": "it is as it was"},
    416: {"description": "it is not that long"},
}
FileName = Annotated[str, InPath(max_length=64, pattern=r"^[A-Za-z0-9._-]+$", description="name of a file")]
Side = Annotated[int | None, Query(ge=16, le=4096, description="longest side of a .webp, px; default: as it is")]


class StreamFile(BaseModel):
    """A file of a stream. modified: UTC, s since 1970."""

    name: str
    bytes: int
    modified: float


@dataclass(frozen=True, slots=True)
class TrackFiles(Hit):
    """A track and its files.

    best: best shots, the best first; cutouts: those that were due, of more than a thousand the last ones; clip: whether
    there is one; clean_plate: whether there is a picture of what lies behind the stream's objects.
    """

    best: list[str] = field(default_factory=list)
    cutouts: list[str] = field(default_factory=list)
    clip: bool = False
    clean_plate: bool = False
    frame_size: tuple[int, int] | None = None


def artefacts(archive: Archive) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1/streams/{name}", tags=["files"])

    @router.get("/files")
    def files(name: SeenStream) -> list[StreamFile]:
        """Videos and records of a stream."""
        found = listed(archive.stream(name), _STREAM_FILE)
        return [StreamFile(name=file, bytes=stat.st_size, modified=stat.st_mtime) for file, stat in found]

    @router.get("/files/{file}", response_class=Response, responses=_ANSWERS)
    def stream_file(name: SeenStream, file: FileName, request: Request) -> Response:
        """One of them; what is still written is given as far as it has got."""
        if not _STREAM_FILE.fullmatch(file):
            raise _no_file(file)
        return answer_file(request, archive.stream(name) / file)

    @router.get("/tracks/{track}")
    def track(name: SeenStream, track: Number) -> TrackFiles:
        """A track, and what there is of it."""
        hit = archive.track((name, track))
        stream = archive.stream(name)
        names = [file for file, _ in listed(track_folder(stream, hit), _CUTOUT) if file.endswith(".png")]
        best = sorted((n for n in names if n.startswith("best")), key=lambda n: (len(n), n))
        with archive.reading() as connection:
            size = frame_size(connection, name)
        return TrackFiles(
            **{part.name: getattr(hit, part.name) for part in fields(Hit)},
            best=best,
            cutouts=sorted(set(names) - set(best))[-_MOST_LISTED:],
            clip=is_regular(_clip(stream, hit)),
            clean_plate=is_regular(stream / "clean-plate.png"),
            frame_size=size,
        )

    @router.get("/tracks/{track}/cutouts/{file}", response_class=Response, responses=_ANSWERS)
    def cutout(name: SeenStream, track: Number, file: FileName, request: Request, side: Side = None) -> Response:
        """A cut-out or its sidecar; each .png is there as .webp, too, made as it is asked for."""
        if not _CUTOUT.fullmatch(file):
            raise _no_file(file)
        path = track_folder(archive.stream(name), archive.track((name, track))) / file
        if path.suffix != ".webp":
            return answer_file(request, path)
        return answer_bytes(request, path.with_suffix(".png"), lambda png: as_webp(png, side), "image/webp", side)

    @router.get("/tracks/{track}/clip.webm", response_class=Response, responses=_ANSWERS)
    def clip(name: SeenStream, track: Number, request: Request) -> Response:
        """The object by itself, its background transparent."""
        return answer_file(request, _clip(archive.stream(name), archive.track((name, track))))

    return router


def track_folder(stream: Path, hit: Hit) -> Path:
    """Where a track's cut-outs lie; what another program wrote into the index leads nowhere else."""
    if not _TRACK_FOLDER.fullmatch(hit.folder):
        raise _no_file(hit.folder)
    folder = stream / "cutouts" / hit.folder
    if folder.is_symlink() or folder.parent.is_symlink():
        raise _no_file(hit.folder)
    return folder


def _clip(stream: Path, hit: Hit) -> Path:
    return stream / "clips" / f"{track_folder(stream, hit).name}.webm"


def _no_file(name: str) -> Refused:
    return Refused(404, f"{name}: no such file")
