"""What a person has approved, to train on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from streamseg.index import search
from streamseg.index.coco import coco_zip
from streamseg.sinks.best_files import best_file
from streamseg.web.archive import Archive
from streamseg.web.artefacts import track_folder
from streamseg.web.callers import TheCaller
from streamseg.web.finding import Wanted, seen_streams

_AT_ONCE = 200


def training_set(archive: Archive) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/api/v1", tags=["objects"])

    @router.get("/coco.zip", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
    def coco(caller: TheCaller, query: Wanted) -> StreamingResponse:
        """Best shots of approved tracks as COCO instances, each picture a cut-out."""
        with archive.reading() as connection:
            streams = seen_streams(connection, caller, query.streams)
        asked = replace(query, verdict="approved", streams=streams or (), limit=_AT_ONCE)
        shots = _shots(archive, asked) if streams is not None else iter(())
        headers = {"Content-Disposition": 'attachment; filename="approved.zip"', "Cache-Control": "no-store"}
        return StreamingResponse(coco_zip(shots), media_type="application/zip", headers=headers)

    return router


def _shots(archive: Archive, query: search.Query) -> Iterator[tuple[str, str, Path]]:
    """Best shots of all that is found, page by page: the index is not held on to while they are sent."""
    while True:
        with archive.reading() as connection:
            hits = search.find(connection, query)
        for hit in hits:
            folder = track_folder(archive.folder / hit.stream, hit)
            for shot in hit.shots:
                rank = shot["rank"]
                yield f"{hit.stream}-{hit.track}-{rank}", hit.label, best_file(folder, rank, "png")
        if len(hits) < query.limit:
            return
        query = replace(query, after=hits[-1].place)
