"""The database behind the index: opened, written, made smaller. SQLite unless a URL names another one."""

import errno
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from streamseg.errors import ConfigError, SinkError
from streamseg.index import schema
from streamseg.index.schema import Key

FILE = "index.sqlite"
_BUSY_S = 10.0
"""How long a writer waits for another one; each is done in milliseconds."""
_AT_ONCE = 500


def index_url(output: Path, url: str | None) -> str:
    """Where the index of an output folder lies: url, or index.sqlite in the folder."""
    return url or f"sqlite:///{output.absolute() / FILE}"


class Index:
    """One database. Safe to use from several threads and processes, each with an Index of its own.

    What was written is there whichever process dies; a power cut may take the last moments along.

    Args:
        url: of SQLAlchemy; made where it is SQLite and not there yet.

    Raises:
        ConfigError: the URL is none, or its driver is not installed.
        SinkError: the database cannot be opened, or is of another version.
    """

    def __init__(self, url: str):
        try:
            self.url = make_url(url)
            self.engine = _engine(url)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise ConfigError(
                f"index.url: {type(error).__name__} ({error}); for example postgresql+psycopg://host/name"
            ) from None
        self.place = self.url.render_as_string(hide_password=True)
        try:
            with self._told(), self.engine.begin() as connection:
                self._prepare(connection)
        except SinkError:
            self.close()
            raise

    def write(self, rows: Mapping[Table, Sequence[Mapping[str, Any]]], *, shots_of: Iterable[Key] = ()) -> None:
        """Insert rows, or replace those with the same keys, all or none.

        Args:
            rows: by table.
            shots_of: tracks whose shots and colours are those among rows, and no others.
        """
        with self._told(), self.engine.begin() as connection:
            for table in (schema.shots, schema.colours):
                _delete(connection, table, list(shots_of))
            for table, lines in rows.items():
                if lines:
                    connection.execute(self._upsert(table), list(lines))

    def forget(self, keys: Sequence[Key]) -> None:
        """Remove tracks, and all that goes with them."""
        with self._told():
            for first in range(0, len(keys), _AT_ONCE):
                with self.engine.begin() as connection:
                    for table in (*schema.OF_A_TRACK, schema.tracks):
                        _delete(connection, table, keys[first : first + _AT_ONCE])

    def forget_stream(self, name: str) -> None:
        """Remove a stream, and all that goes with it."""
        with self._told(), self.engine.begin() as connection:
            for table in (*schema.OF_A_TRACK, schema.tracks, schema.streams):
                connection.execute(delete(table).where(table.c.stream == name))

    def review(self, key: Key, verdict: str | None, at: float) -> bool:
        """Note what a person says of a track at a time (UTC), None: nothing any more; False: there is no such track."""
        stream, number = key
        tracks, reviews = schema.tracks.c, schema.reviews
        with self._told(), self.engine.begin() as connection:
            began = connection.execute(
                select(tracks.began).where(tracks.stream == stream, tracks.track == number)
            ).scalar()
            if began is None:
                return False
            _delete(connection, reviews, [key])
            if verdict is not None:
                row = {"stream": stream, "track": number, "verdict": verdict, "at": at, "began": began}
                connection.execute(reviews.insert(), row)
        return True

    def approved(self) -> set[Key]:
        """Tracks that a person wants to keep."""
        reviews = schema.reviews.c
        with self.reading() as connection:
            query = select(reviews.stream, reviews.track).where(reviews.verdict == "approved")
            return {(stream, track) for stream, track in connection.execute(query)}

    def older_than(self, time: float) -> list[Key]:
        """Tracks that are over, and were seen last before a time; without one they are never too old."""
        tracks = schema.tracks.c
        query = select(tracks.stream, tracks.track).where(tracks.over, tracks.began < time, tracks.last_time < time)
        with self.reading() as connection:
            return [(stream, track) for stream, track in connection.execute(query)]

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database, and never waits for a writer."""
        with self._told(), self.engine.connect().execution_options(writes=False) as connection:
            yield connection

    def close(self) -> None:
        """Let the database go."""
        self.engine.dispose()

    def _prepare(self, connection: Connection) -> None:
        """Make the tables where there are none."""
        if self.engine.dialect.name == "sqlite":
            found = connection.execute(text("PRAGMA user_version")).scalar_one()
            if found not in (0, schema.VERSION):
                raise SinkError(
                    f"{self.place}: an index of version {found}, this streamseg has {schema.VERSION}; move it away"
                )
            connection.execute(text(f"PRAGMA user_version = {schema.VERSION}"))
        schema.metadata.create_all(connection)

    def _upsert(self, table: Table) -> Any:
        dialect: Any = sqlite
        if self.engine.dialect.name == "postgresql":
            from sqlalchemy.dialects import postgresql as dialect  # here: it takes a tenth of a second
        insert = dialect.insert(table)
        keys = [column.name for column in table.primary_key]
        others = {column.name: insert.excluded[column.name] for column in table.c if column.name not in keys}
        return insert.on_conflict_do_update(index_elements=keys, set_=others)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong in the database as an error of ours; a full disk has its number, and can be waited out."""
        try:
            yield
        except SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
            cause = OSError(errno.ENOSPC, reason) if "disk is full" in reason else error
            raise SinkError(f"{self.place}: {reason}") from cause


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune)
        event.listen(engine, "begin", _begin)
    return engine


def _tune(connection: Any, _: Any) -> None:
    """Readers and the one writer do not wait for each other; SQLAlchemy says when a transaction begins."""
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {round(_BUSY_S * 1000)}", "journal_mode = WAL", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    """A writer asks for its turn at once: one that first reads, and then finds another before it, would fail."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes", True) else "BEGIN")


def _delete(connection: Connection, table: Table, keys: Sequence[Key]) -> None:
    if keys:
        connection.execute(delete(table).where(schema.among(table, keys)))
