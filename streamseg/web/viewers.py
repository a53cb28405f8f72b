"""Who watches in a browser: encoded pictures of the streams that somebody looks at, and of no others."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import zmq.asyncio

from streamseg.broadcast.pictures import EncodedPicture
from streamseg.broadcast.subscription import read, subscriber
from streamseg.broadcast.tap import VIEWERS, topic_of
from streamseg.broadcast.waiting import WaitingPictures
from streamseg.web.asking import Refused

_VIEWERS_MOST = 100


class Viewer:
    """One who watches: the pictures from the next key picture on, and again so when it was too slow."""

    def __init__(self) -> None:
        self._waiting = WaitingPictures()
        self._something = asyncio.Event()

    def put(self, picture: EncodedPicture) -> None:
        """A picture has come."""
        self._waiting.put(picture)
        self._something.set()

    def end(self) -> None:
        """The stream is over."""
        self._waiting.end()
        self._something.set()

    async def __aiter__(self) -> AsyncIterator[EncodedPicture]:
        while not self._waiting.over:
            picture = self._waiting.get(0)
            if picture is not None:
                yield picture
            else:
                await self._something.wait()
                self._something.clear()


class Viewers:
    """All of them. Belongs to one event loop.

    Args:
        folder: the run's own.

    Raises:
        ConfigError: the folder is not ours alone.
    """

    def __init__(self, folder: Path):
        self._context = zmq.asyncio.Context()
        self._socket = subscriber(self._context, folder / VIEWERS)
        self._of: defaultdict[str, set[Viewer]] = defaultdict(set)
        self._reading: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Nobody watches any more."""
        if self._reading is not None:
            self._reading.cancel()
        self._socket.close(0)
        self._context.term()

    def refuse_too_many(self) -> None:
        """Refused (503) where a hundred are watching."""
        if sum(map(len, self._of.values())) >= _VIEWERS_MOST:
            raise Refused(503, f"{_VIEWERS_MOST} others are watching; no more can")

    @asynccontextmanager
    async def watch(self, stream: str) -> AsyncIterator[Viewer]:
        """One more who watches a stream, for as long as the context lasts."""
        viewer, viewers = Viewer(), self._of[stream]
        if not viewers:
            self._socket.subscribe(topic_of(stream))
        viewers.add(viewer)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        try:
            yield viewer
        finally:
            viewers.discard(viewer)
            if not viewers:
                self._socket.unsubscribe(topic_of(stream))
                self._of.pop(stream, None)

    async def _read(self) -> None:
        while True:
            message = read(await self._socket.recv_multipart())
            if message is None:
                continue
            stream, picture = message
            for viewer in tuple(self._of.get(stream, ())):
                if picture is None:
                    viewer.end()
                else:
                    viewer.put(picture)
