"""No request may bring more than a control call needs: a body is read before anybody has asked who sent it."""

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 256 << 10
"""All zones and lines that a stream can have fit in, and it fits into a message to the run however it is written."""


class SmallBodies:
    """Refuses larger ones (413): by what they are announced as, or where they are not, by what comes."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        announced = next((value for name, value in scope.get("headers", ()) if name == b"content-length"), b"0")
        if int(announced) > MOST_BYTES:
            await PlainTextResponse(_TOLD, 413, {"Connection": "close"})(scope, receive, send)
            return
        come = 0

        async def counted() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            if come > MOST_BYTES:
                raise HTTPException(413, _TOLD, {"Connection": "close"})
            return message

        await self._app(scope, counted if scope["type"] == "http" else receive, send)


_TOLD = f"a body of at most {MOST_BYTES} bytes is read"
