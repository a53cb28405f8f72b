"""Live updates: server-sent events (HTML standard, section 9.2) of streams' states and of what happens to objects."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import asdict
from typing import Any

import msgspec
from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from streamseg.index.listing import Event, events_after, last_event, stream_names
from streamseg.web.archive import Archive
from streamseg.web.asking import AskRun, Refused
from streamseg.web.callers import TheCaller
from streamseg.web.lasting import Lasting

_EVERY_S = 1.0
_LISTENERS_MOST = 100
_EVENTS_MOST = 200

Told = tuple[str, list[dict[str, Any]]]
"""Name of a message, and its data: each names its stream as `name` or `stream`."""


Marks = dict[str, tuple[int, int]]
"""Frame and number of the last event that was told of each stream."""
_NOTHING = (-1, -1)


class Updates:
    """Looks at the run once a second, for as long as anybody listens, and tells all listeners.

    Args:
        ask: how to reach the run.
        archive: events are read from its index.
    """

    def __init__(self, ask: AskRun, archive: Archive):
        self._ask, self._archive = ask, archive
        self._listeners: set[asyncio.Queue[Told]] = set()
        self._looking: asyncio.Task[None] | None = None

    async def listen(self) -> AsyncGenerator[Told]:
        """What is told from now on; one that does not keep up misses some. Refused (503) where too many listen."""
        queue: asyncio.Queue[Told] = asyncio.Queue(8)
        self._listeners.add(queue)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)
            if not self._listeners and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    def refuse_too_many(self) -> None:
        """Refused (503) where a hundred listen."""
        if len(self._listeners) >= _LISTENERS_MOST:
            raise Refused(503, f"{_LISTENERS_MOST} others listen; no more can")

    async def _look(self) -> None:
        marks: Marks | None = None
        while True:
            # what is refused is asked again in a second; events first, so that none is missed after the first message
            if self._archive.is_indexed:
                with suppress(Refused):
                    events, marks = await run_in_threadpool(self._news, marks)
                    if events:
                        self._tell("happened", events)
            with suppress(Refused):
                self._tell("streams", (await self._ask("snapshot", {}))["streams"])
            await asyncio.sleep(_EVERY_S)

    def _news(self, before: Marks | None) -> tuple[list[dict[str, Any]], Marks]:
        """Events since the last look, and how far each stream has come; None: this is the first look."""
        found: list[Event] = []
        marks: Marks = {}
        with self._archive.reading() as connection:
            for stream in stream_names(connection):
                marks[stream] = last_event(connection, stream) if before is None else before.get(stream, _NOTHING)
                newer = [] if before is None else events_after(connection, stream, *marks[stream], _EVENTS_MOST)
                if newer:
                    marks[stream] = newer[-1].seq, newer[-1].number
                found += newer
        return [asdict(event) for event in sorted(found, key=lambda event: event.at)], marks

    def _tell(self, name: str, data: list[dict[str, Any]]) -> None:
        for queue in self._listeners:
            with suppress(asyncio.QueueFull):
                queue.put_nowait((name, data))


def updates(live: Updates) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/api/v1", tags=["streams"])

    @router.get("/updates", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
    async def listen(caller: TheCaller) -> Lasting:
        """Each second `streams`, as GET /streams has them, and as they happen `happened`: new events."""
        live.refuse_too_many()
        return Lasting(_lines(live, caller.may_see), "text/event-stream")

    return router


async def _lines(live: Updates, may_see: Callable[[str], bool]) -> AsyncGenerator[bytes]:
    """Messages as they go over the wire, of streams that the listener may see."""
    yield b"retry: 2000\n\n"
    async with aclosing(live.listen()) as told:
        async for name, data in told:
            seen: Sequence[dict[str, Any]] = [row for row in data if may_see(row.get("stream") or row["name"])]
            if seen or name == "streams":
                yield b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(seen))
