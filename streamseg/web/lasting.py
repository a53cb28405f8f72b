"""Answers that last: they end with what they are about, or when who asked takes nothing any more."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

SEND_S = 10.0
"""One that takes nothing for so long is taken for gone."""


class Lasting(StreamingResponse):
    """An answer that lasts as long as its parts come, but no longer than they are taken."""

    def __init__(self, parts: AsyncGenerator[bytes, None], media_type: str):
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(parts, media_type=media_type, headers=headers)
        self._parts = parts

    async def stream_response(self, send: Send) -> None:
        async def in_time(message: Message) -> None:
            await asyncio.wait_for(send(message), SEND_S)

        # closed here, not whenever it is collected: until then it counts as one who listens
        async with aclosing(self._parts):
            with suppress(TimeoutError):
                await super().stream_response(in_time)
