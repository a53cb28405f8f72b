"""What was found so far: the results' folder and the index of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from streamseg.errors import StreamsegError
from streamseg.index import Index
from streamseg.index.schema import Key
from streamseg.index.search import Hit, track
from streamseg.sinks.outdir import is_ours
from streamseg.web.asking import Refused
from streamseg.web.callers import no_stream


class Archive:
    """Reads the index and finds files. Safe to use from several threads.

    Args:
        folder: output.dir of the run.
        url: of the index; None: there is none.
    """

    def __init__(self, folder: Path, url: str | None):
        self.folder, self._url = folder, url
        self._index: Index | None = None
        self._lock = threading.Lock()

    @property
    def is_indexed(self) -> bool:
        """Whether there is an index."""
        return self._url is not None

    @contextmanager
    def index(self) -> Iterator[Index]:
        """The index; Refused (404) where there is none, (503) where it cannot be read just now."""
        if self._url is None:
            raise Refused(404, "no index is kept of this run; begin it with --index")
        try:
            with self._lock:
                self._index = self._index or Index(self._url)
            yield self._index
        except StreamsegError as error:
            raise Refused(503, str(error)) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to the index that only reads; Refused as index() says."""
        with self.index() as index, index.reading() as connection:
            yield connection

    def track(self, key: Key) -> Hit:
        """One track; Refused (404) where there is none of that number."""
        with self.reading() as connection:
            found = track(connection, key)
        if found is None:
            raise Refused(404, f"{key[0]}: no track {key[1]}")
        return found

    def stream(self, name: str) -> Path:
        """A stream's folder; Refused (404) where there is none."""
        folder = self.folder / name
        try:
            if not folder.is_symlink() and is_ours(folder):
                return folder
        except OSError as error:
            raise Refused(503, f"{name}: {error.strerror}") from error
        raise Refused(404, no_stream(name))

    def close(self) -> None:
        """Let the database go."""
        if self._index is not None:
            self._index.close()
