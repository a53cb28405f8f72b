"""The tables. A time is in seconds: `pts` of media, from the stream's begin; `time` UTC since 1970, null if unknown.

`began` sorts: a track's first time, or its first pts where no time is known. Streams go by the names of their folders.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, and_, false, or_

VERSION = 1
"""Of these tables; in PRAGMA user_version, or the table `version` of another database."""

metadata = MetaData()

streams = Table(
    "streams",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("fps", Float),
    Column("live", Boolean, nullable=False),
)

tracks = Table(
    "tracks",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("track", Integer, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False),
    Column("over", Boolean, nullable=False),
    Column("began", Float, nullable=False),
    Column("first_pts", Float, nullable=False),
    Column("last_pts", Float, nullable=False),
    Column("first_time", Float),
    Column("last_time", Float),
    Column("score", Float, nullable=False),
    Column("folder", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("appearance", LargeBinary),
    Index("tracks_by_time", "began"),
    Index("tracks_by_stream", "stream", "began"),
    Index("tracks_by_label", "label", "began"),
    Index("tracks_by_stream_and_label", "stream", "label", "began"),
)
"""score: the best one it was seen with. folder: of its cut-outs, below <stream>/cutouts/. path: [[pts, x, y], ...] in
JSON. appearance: a unit vector, float32."""

shots = Table(
    "shots",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("track", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("rank", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("pts", Float, nullable=False),
    Column("time", Float),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
)
"""Best shots; rank 1 is best.png, rank 2 best-2.png."""

visits = Table(
    "visits",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("track", Integer, primary_key=True, autoincrement=False),
    Column("zone", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("began", Float, nullable=False),
    Index("visits_by_zone", "zone", "began", "stream", "label", "track"),
    Index("visits_by_stream", "stream", "zone"),
)
"""Zones that a track has entered. began: the track's."""

colours = Table(
    "colours",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("track", Integer, primary_key=True, autoincrement=False),
    Column("colour", Text, primary_key=True),
    Column("share", Float, nullable=False),
    Column("began", Float, nullable=False),
    Index("colours_by_colour", "colour", "began", "share", "stream", "track"),
)
"""How much of a track's best shot has a colour, 0..1; less than a tenth is left out."""

events = Table(
    "events",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("pts", Float, nullable=False),
    Column("time", Float),
    Column("kind", Text, nullable=False),
    Column("track", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("zone", Text),
    Column("line", Text),
    Column("direction", Text),
    Column("seconds", Float),
    Index("events_by_time", "at"),
    Index("events_by_stream", "stream", "at"),
    Index("events_by_track", "stream", "track"),
)
"""What events.jsonl holds. number: among those of its run's stream; at: time, or pts where no time is known."""

reviews = Table(
    "reviews",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("track", Integer, primary_key=True, autoincrement=False),
    Column("verdict", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("began", Float, nullable=False),
    Index("reviews_by_verdict", "verdict", "began", "stream", "track"),
)
"""What a person said of a track: approved or rejected, at a time (UTC). began: the track's."""

VERDICTS = ("approved", "rejected")

OF_A_TRACK = (shots, visits, colours, events, reviews)
"""What goes with a track."""

Key = tuple[str, int]
"""A stream's name and a track's id."""


def among(table: Table, keys: Iterable[Key]) -> Any:
    """The rows of these tracks. A list for each stream: of pairs, SQLite would look through all of the table."""
    by_stream = defaultdict[str, list[int]](list)
    for stream, track in keys:
        by_stream[stream].append(track)
    return or_(false(), *(and_(table.c.stream == s, table.c.track.in_(numbers)) for s, numbers in by_stream.items()))
