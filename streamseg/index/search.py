"""Searching the index: tracks by stream, class, time, zone, duration, colour, and by what looks alike."""

import heapq
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection, Integer, Row, Select, Table, and_, cast, exists, func, or_, select

from streamseg.index.schema import Key, among, colours, reviews, shots, tracks, visits

_NAMED_SHARE = 0.2
"""So much of an object has a colour for it to be found by that."""
_MOST_ALIKE = 100_000
"""So many of the newest tracks are compared."""

Place = tuple[float, str, int]
"""Where a page ended: when the last track began, its stream and id."""


@dataclass(frozen=True, slots=True)
class Query:
    """What tracks are asked for; empty: all.

    Times and seconds as in schema.py; pictured: only those with a best shot; after: where the last page ended.
    """

    streams: Sequence[str] = ()
    labels: Sequence[str] = ()
    zone: str | None = None
    colour: str | None = None
    verdict: Literal["approved", "rejected", "none"] | None = None
    pictured: bool = False
    since: float | None = None
    until: float | None = None
    least_s: float | None = None
    most_s: float | None = None
    after: Place | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A track that was found: the columns of schema.tracks. alike: cosine to what was asked for."""

    stream: str
    track: int
    label: str
    over: bool
    began: float
    first_pts: float
    last_pts: float
    first_time: float | None
    last_time: float | None
    score: float
    folder: str
    path: list[list[float]]
    zones: list[str] = field(default_factory=list)
    colours: dict[str, float] = field(default_factory=dict)
    shots: list[dict[str, Any]] = field(default_factory=list)
    alike: float | None = None
    verdict: str | None = None

    @property
    def place(self) -> Place:
        """Where a page that ends with it ends."""
        return self.began, self.stream, self.track


def find(connection: Connection, query: Query) -> list[Hit]:
    """At most query.limit tracks, the newest first; the next page is the same query after the last one's place."""
    rows = islice(_newest(connection, query, _COLUMNS), query.limit)
    return _filled(connection, list(rows))


def like(connection: Connection, key: Key, query: Query) -> list[Hit]:
    """At most query.limit tracks that look most like one of them, it itself left out; none where its looks are unknown.

    Of those that query finds, the newest hundred thousand are compared; its after is ignored.
    """
    wanted = connection.execute(select(tracks.c.appearance).where(_is(tracks, key))).scalar()
    if not wanted:
        return []
    looks = select(tracks.c.began, tracks.c.stream, tracks.c.track, tracks.c.appearance)
    rows = [row for row in islice(_newest(connection, query, looks), _MOST_ALIKE)
            if row.appearance and len(row.appearance) == len(wanted) and (row.stream, row.track) != key]  # fmt: skip
    vectors = np.frombuffer(b"".join(row.appearance for row in rows), np.float32).reshape(len(rows), -1)
    cosines = vectors @ np.frombuffer(wanted, np.float32)
    best = np.argsort(-cosines, kind="stable")[: query.limit]
    keys = [(rows[i].stream, rows[i].track) for i in best]
    found = connection.execute(_COLUMNS.where(among(tracks, keys)))
    by_key = {(row.stream, row.track): row for row in found}
    return _filled(connection, [by_key[key] for key in keys], [round(float(cosines[i]), 4) for i in best])


def track(connection: Connection, key: Key) -> Hit | None:
    """One track."""
    return next(iter(_filled(connection, list(connection.execute(_COLUMNS.where(_is(tracks, key)))))), None)


def timeline(connection: Connection, query: Query, first: float, last: float, bins: int) -> list[int]:
    """How many tracks that query finds began in each of so many equal parts of a time; its limit and after are ignored.

    Args:
        connection: to the index.
        query: what tracks.
        first, last: the time, as in Hit.began; last > first.
        bins: the parts, 1 or more.
    """
    bins_of = cast((tracks.c.began - first) * (bins / (last - first)), Integer)
    spanned = replace(query, since=max(first, query.since or first), until=min(last, query.until or last), after=None)
    counts = [0] * bins
    for stream, label in _parts(query):
        columns = select(bins_of.label("bin"), func.count().label("many")).select_from(tracks)
        found = _narrowed(columns, spanned, stream, label).order_by(None).group_by("bin")
        for row in connection.execute(found):
            counts[min(row.bin, bins - 1)] += row.many
    return counts


_COLUMNS = select(*(column for column in tracks.c if column.name != "appearance"))


def _newest(connection: Connection, query: Query, columns: Select[Any]) -> Iterator[Row[Any]]:
    """Rows of a query, the newest first.

    Each pair of a stream and a label is read along an index of its own, in order, and only as far as it is asked for;
    one statement for several of them would sort all that they have.
    """
    parts = [_read(connection, _narrowed(columns, query, stream, label)) for stream, label in _parts(query)]
    return heapq.merge(*parts, key=lambda row: (-row.began, row.stream, row.track))


def _parts(query: Query) -> Iterator[tuple[str | None, str | None]]:
    """Pairs of a stream and a label; None stands for all of them."""
    streams: list[str | None] = [*query.streams] or [None]
    labels: list[str | None] = [*query.labels] or [None]
    return product(streams, labels)


def _read(connection: Connection, statement: Select[Any]) -> Iterator[Row[Any]]:
    with connection.execute(statement.execution_options(yield_per=50)) as rows:
        yield from rows


def _narrowed(columns: Select[Any], query: Query, stream: str | None, label: str | None) -> Select[Any]:
    """One stream, or all; one label, or all; in the order of what leads: zones, colours, or the tracks themselves."""
    joined = [table for table, needed in _NEEDED if needed(query)]
    lead: Table = joined[0] if joined else tracks
    statement = columns
    for table in joined:
        statement = statement.join(table, and_(table.c.stream == tracks.c.stream, table.c.track == tracks.c.track))
    statement = statement.where(*_times(lead, query), *_features(query))
    if stream is not None:
        statement = statement.where(lead.c.stream == stream)
    if label is not None:
        statement = statement.where((visits if lead is visits else tracks).c.label == label)
    return statement.order_by(lead.c.began.desc(), lead.c.stream, lead.c.track)


_NEEDED: tuple[tuple[Table, Callable[[Query], bool]], ...] = (
    (reviews, lambda query: query.verdict not in (None, "none")),
    (visits, lambda query: query.zone is not None),
    (colours, lambda query: query.colour is not None),
)
"""What is joined to the tracks of a query; the first of them leads."""


def _features(query: Query) -> Iterator[Any]:
    """What is asked of a track beside its stream, class and time."""
    if query.zone is not None:
        yield visits.c.zone == query.zone
    if query.colour is not None:
        yield and_(colours.c.colour == query.colour, colours.c.share >= _NAMED_SHARE)
    if query.verdict == "none":
        yield ~_has(reviews)
    elif query.verdict is not None:
        yield reviews.c.verdict == query.verdict
    if query.pictured:
        yield _has(shots)
    seconds = tracks.c.last_pts - tracks.c.first_pts
    if query.least_s is not None:
        yield seconds >= query.least_s
    if query.most_s is not None:
        yield seconds <= query.most_s


def _has(table: Table) -> Any:
    """Whether a track has any row there."""
    return exists().where(table.c.stream == tracks.c.stream, table.c.track == tracks.c.track)


def _times(lead: Table, query: Query) -> Iterator[Any]:
    if query.since is not None:
        yield lead.c.began >= query.since
    if query.until is not None:
        yield lead.c.began <= query.until
    if query.after is not None:
        began, stream, number = query.after
        yield lead.c.began <= began  # what the index can use; the rest says what comes after it at the same time
        yield or_(lead.c.began < began, lead.c.stream > stream, and_(lead.c.stream == stream, lead.c.track > number))


def _filled(connection: Connection, rows: Sequence[Row[Any]], alike: Sequence[float] | None = None) -> list[Hit]:
    """Tracks with their zones, colours and shots."""
    hits = [
        Hit(**dict(row._mapping) | {"path": json.loads(row.path)}, alike=alike[i] if alike else None)
        for i, row in enumerate(rows)
    ]
    by_key = {(hit.stream, hit.track): hit for hit in hits}
    for row in _of(connection, visits, by_key):
        by_key[row.stream, row.track].zones.append(row.zone)
    for row in _of(connection, colours, by_key):
        by_key[row.stream, row.track].colours[row.colour] = row.share
    for row in _of(connection, shots, by_key):
        told = {name: value for name, value in row._mapping.items() if name not in ("stream", "track")}
        by_key[row.stream, row.track].shots.append(told)
    verdicts = {(row.stream, row.track): row.verdict for row in _of(connection, reviews, by_key)}
    for hit in hits:
        hit.zones.sort()
        hit.shots.sort(key=lambda shot: shot["rank"])
    return [replace(hit, verdict=verdicts.get((hit.stream, hit.track))) for hit in hits]


def _of(connection: Connection, table: Table, keys: dict[Key, Hit]) -> Iterator[Row[Any]]:
    if keys:
        yield from connection.execute(select(table).where(among(table, keys)))


def _is(table: Table, key: Key) -> Any:
    return and_(table.c.stream == key[0], table.c.track == key[1])
