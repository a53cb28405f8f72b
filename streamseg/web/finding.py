"""What was found: tracks by stream, class, time, zone, duration, colour and looks, and the events of them."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from streamseg.config import Name
from streamseg.index import colours, search
from streamseg.index.listing import (
    Event,
    EventQuery,
    IndexedStream,
    find_events,
    indexed_streams,
    stream_names,
    time_span,
)
from streamseg.index.search import Hit
from streamseg.web.archive import Archive
from streamseg.web.callers import Caller, SeenStream, TheCaller, no_stream, owner_only

_LONGEST = 512
Number = Annotated[int, Path(ge=0, lt=1 << 63, description="id of a track")]
Time = Annotated[float | None, Query(ge=-1e12, le=1e12, allow_inf_nan=False)]
Texts = Annotated[list[Annotated[str, Field(max_length=_LONGEST)]], Query(max_length=64)]
Streams = Annotated[list[Name], Query(alias="stream", max_length=64)]
Text = Annotated[str | None, Query(max_length=_LONGEST)]
After = Annotated[str | None, Query(max_length=_LONGEST, description="`next` of the page before")]


class TrackPage(BaseModel):
    """Tracks, and where the next page begins; null: there is none."""

    tracks: list[Hit]
    next: str | None = None


class EventPage(BaseModel):
    """Events, and where the next page begins; null: there is none."""

    events: list[Event]
    next: str | None = None


class Holding(BaseModel):
    """What there is to be asked for."""

    streams: list[IndexedStream]
    colours: tuple[str, ...] = colours.NAMES


class Timeline(BaseModel):
    """How many tracks began in each of so many equal parts of the time from first to last."""

    first: float
    last: float
    counts: list[int]


class Verdict(BaseModel):
    """What a person says of a track; null: nothing any more."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["approved", "rejected"] | None


def wanted(
    caller: TheCaller,
    stream: Streams = [],  # noqa: B006  # FastAPI copies it
    label: Texts = [],  # noqa: B006
    zone: Text = None,
    colour: Literal[*colours.NAMES] | None = None,  # type: ignore[valid-type]
    verdict: Literal["approved", "rejected", "none"] | None = None,
    pictured: bool = False,
    since: Time = None,
    until: Time = None,
    least_s: Time = None,
    most_s: Time = None,
) -> search.Query:
    """A query, as it comes in the address.

    since, until: when a track began; least_s, most_s: how long it lasted; pictured: only tracks with a best shot.
    """
    return search.Query(
        streams=stream,
        labels=label,
        zone=zone,
        colour=colour,
        verdict=verdict,
        pictured=pictured,
        since=since,
        until=until,
        least_s=least_s,
        most_s=most_s,
    )


Wanted = Annotated[search.Query, Depends(wanted)]


def finding(archive: Archive) -> APIRouter:
    """The routes. They are plain functions: each runs in a thread, for a database may take its time."""
    router = APIRouter(prefix="/api/v1", tags=["objects"])

    @router.get("/archive")
    def holding(caller: TheCaller) -> Holding:
        """Streams of the index with their classes and zones, and names of colours."""
        with archive.reading() as connection:
            streams = indexed_streams(connection)
        return Holding(streams=[stream for stream in streams if caller.may_see(stream.stream)])

    @router.get("/tracks")
    def tracks(
        caller: TheCaller, query: Wanted, limit: Annotated[int, Query(ge=1, le=500)] = 50, after: After = None
    ) -> TrackPage:
        """Tracks, the newest first."""
        place = _place(after, search.Place)
        asked = replace(query, limit=limit, after=place)
        with archive.reading() as connection:
            seen = seen_streams(connection, caller, asked.streams)
            found = search.find(connection, replace(asked, streams=seen)) if seen is not None else []
        return TrackPage(tracks=found, next=_token(found[-1].place) if len(found) == limit else None)

    @router.get("/timeline")
    def timeline(caller: TheCaller, query: Wanted, bins: Annotated[int, Query(ge=1, le=500)] = 60) -> Timeline:
        """When they began: since to until, or all the time that the index knows of."""
        with archive.reading() as connection:
            asked = seen_streams(connection, caller, query.streams)
            span = None if asked is None else time_span(connection, asked or stream_names(connection))
            if asked is None or span is None:
                return Timeline(first=0, last=0, counts=[0] * bins)
            first = span[0] if query.since is None else query.since
            last = max(span[1] if query.until is None else query.until, first + 1e-3)
            counts = search.timeline(connection, replace(query, streams=asked), first, last, bins)
        return Timeline(first=first, last=last, counts=counts)

    @router.get("/streams/{name}/tracks/{track}/like")
    def like(
        name: SeenStream,
        track: Number,
        caller: TheCaller,
        query: Wanted,
        limit: Annotated[int, Query(ge=1, le=500)] = 24,
    ) -> TrackPage:
        """Tracks that look most like one, the most alike first; of more than 100,000 the newest are compared."""
        archive.track((name, track))
        with archive.reading() as connection:
            seen = seen_streams(connection, caller, query.streams)
            asked = replace(query, limit=limit, streams=seen or ())
            found = search.like(connection, (name, track), asked) if seen is not None else []
        return TrackPage(tracks=found)

    @router.put(
        "/streams/{name}/tracks/{track}/verdict",
        status_code=204,
        response_class=Response,
        dependencies=[Depends(owner_only)],
    )
    def review(name: SeenStream, track: Number, said: Verdict) -> None:
        """Approve or reject a track; what is approved can be exported, and is not removed for its age."""
        archive.track((name, track))
        with archive.index() as index:
            index.review((name, track), said.verdict, time.time())

    @router.get("/events")
    def events(
        caller: TheCaller,
        stream: Streams = [],  # noqa: B006
        kind: Texts = [],  # noqa: B006
        track: Annotated[int | None, Query(ge=0, lt=1 << 63)] = None,
        zone: Text = None,
        line: Text = None,
        since: Time = None,
        until: Time = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        after: After = None,
    ) -> EventPage:
        """What happened to objects, the newest first."""
        place = _place(after, tuple[float, str, int, int])
        with archive.reading() as connection:
            seen = seen_streams(connection, caller, stream)
            query = EventQuery(seen or (), kind, track, zone, line, since, until, place, limit)
            found = find_events(connection, query) if seen is not None else []
        return EventPage(events=found, next=_token(found[-1].place) if len(found) == limit else None)

    return router


def seen_streams(connection: Any, caller: Caller, asked: Sequence[str]) -> Sequence[str] | None:
    """Streams to search: empty is all of them, None none; 404 for one that the caller may not see."""
    hidden = next((stream for stream in asked if not caller.may_see(stream)), None)
    if hidden is not None:
        raise HTTPException(404, no_stream(hidden))
    if asked or caller.may_see_all:
        return asked
    return [name for name in stream_names(connection) if caller.may_see(name)] or None


def _token(place: tuple[Any, ...]) -> str:
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place(token: str | None, kind: Any) -> Any:
    """Where a page ended, as _token wrote it; 422 for anything else."""
    if token is None:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError):
        raise HTTPException(422, "after: not the `next` of a page") from None
