"""What the index holds beside tracks: events, page by page, and what there is to be asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Select, and_, func, or_, select

from streamseg.index.schema import events, shots, streams, tracks, visits

EventPlace = tuple[float, str, int, int]
"""Where a page ended: time, stream, frame and number of its last event."""


@dataclass(frozen=True, slots=True)
class EventQuery:
    """What events are asked for; empty: all. Times as in schema.py; after: where the last page ended."""

    streams: Sequence[str] = ()
    kinds: Sequence[str] = ()
    track: int | None = None
    zone: str | None = None
    line: str | None = None
    since: float | None = None
    until: float | None = None
    after: EventPlace | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Event:
    """A row of schema.events. shot: frame of its track's best shot, null where there is none."""

    stream: str
    seq: int
    number: int
    at: float
    pts: float
    time: float | None
    kind: str
    track: int
    label: str
    zone: str | None
    line: str | None
    direction: str | None
    seconds: float | None
    shot: int | None = None

    @property
    def place(self) -> EventPlace:
        """Where a page that ends with it ends."""
        return self.at, self.stream, self.seq, self.number


@dataclass(frozen=True, slots=True)
class IndexedStream:
    """A stream of the index, how many tracks it has, and when the first and the last of them began."""

    stream: str
    source: str
    width: int
    height: int
    fps: float | None
    live: bool
    tracks: int
    first: float | None
    last: float | None
    labels: list[str] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)


def find_events(connection: Connection, query: EventQuery) -> list[Event]:
    """At most query.limit events, the newest first."""
    column, statement = events.c, _with_shots()
    for wanted, among in ((query.streams, column.stream), (query.kinds, column.kind)):
        if wanted:
            statement = statement.where(among.in_(wanted))
    for value, of in ((query.track, column.track), (query.zone, column.zone), (query.line, column.line)):
        if value is not None:
            statement = statement.where(of == value)
    if query.since is not None:
        statement = statement.where(column.at >= query.since)
    if query.until is not None:
        statement = statement.where(column.at <= query.until)
    if query.after is not None:
        at, stream, seq, number = query.after
        later = or_(column.seq < seq, and_(column.seq == seq, column.number < number))
        place = or_(column.at < at, column.stream > stream, and_(column.stream == stream, later))
        statement = statement.where(column.at <= at, place)
    order = column.at.desc(), column.stream, column.seq.desc(), column.number.desc()
    rows = connection.execute(statement.order_by(*order).limit(query.limit))
    return [Event(**dict(row._mapping)) for row in rows]


def _with_shots() -> Select[Any]:
    """Events, each with the frame of its track's best shot."""
    best = and_(shots.c.stream == events.c.stream, shots.c.track == events.c.track, shots.c.rank == 1)
    return select(events, shots.c.seq.label("shot")).outerjoin(shots, best)


def events_after(connection: Connection, stream: str, seq: int, number: int, limit: int) -> list[Event]:
    """A stream's events that come after one of it, in order; seq -1: from the first on."""
    column = events.c
    later = or_(column.seq > seq, and_(column.seq == seq, column.number > number))
    statement = _with_shots().where(column.stream == stream, column.seq >= seq, later)
    rows = connection.execute(statement.order_by(column.seq, column.number).limit(limit))
    return [Event(**dict(row._mapping)) for row in rows]


def last_event(connection: Connection, stream: str) -> tuple[int, int]:
    """Frame and number of a stream's last event; -1, -1 where it has none."""
    column = events.c
    statement = select(column.seq, column.number).where(column.stream == stream)
    row = connection.execute(statement.order_by(column.seq.desc(), column.number.desc()).limit(1)).first()
    return (row.seq, row.number) if row else (-1, -1)


def stream_names(connection: Connection) -> list[str]:
    """All streams, by name."""
    return list(connection.execute(select(streams.c.stream).order_by(streams.c.stream)).scalars())


def indexed_streams(connection: Connection) -> list[IndexedStream]:
    """All streams with what there is of them, by name."""
    many, first, last = func.count(), func.min(tracks.c.began), func.max(tracks.c.began)
    spans = connection.execute(select(tracks.c.stream, many, first, last).group_by(tracks.c.stream))
    of = {stream: {"tracks": count, "first": begin, "last": end} for stream, count, begin, end in spans}
    nothing = {"tracks": 0, "first": None, "last": None}
    return [
        IndexedStream(
            **dict(row._mapping),
            **of.get(row.stream, nothing),
            labels=_distinct(connection, tracks.c.label, row.stream),
            zones=_distinct(connection, visits.c.zone, row.stream),
        )
        for row in connection.execute(select(streams).order_by(streams.c.stream)).all()
    ]


def time_span(connection: Connection, names: Iterable[str]) -> tuple[float, float] | None:
    """When the first and the last track of some streams began; None where there is none."""
    column = tracks.c.began
    ends = [
        connection.execute(select(column).where(tracks.c.stream == name).order_by(order).limit(1)).scalar()
        for name in names
        for order in (column.asc(), column.desc())
    ]
    known = [end for end in ends if end is not None]
    return (min(known), max(known)) if known else None


def _distinct(connection: Connection, column: Column[str], stream: str) -> list[str]:
    """A column's values of a stream, each found in the index behind the one before: not by reading all rows."""
    found: list[str] = []
    of_stream = select(func.min(column)).where(column.table.c.stream == stream)
    value = connection.execute(of_stream).scalar()
    while value is not None:
        found.append(value)
        value = connection.execute(of_stream.where(column > value)).scalar()
    return found


def frame_size(connection: Connection, stream: str) -> tuple[int, int] | None:
    """Width and height of a stream's frames, px."""
    row = connection.execute(select(streams.c.width, streams.c.height).where(streams.c.stream == stream)).first()
    return (row.width, row.height) if row else None
