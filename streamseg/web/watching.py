"""Streams in a browser: fragmented MP4 over HTTP and WebSocket, MJPEG where a player takes neither."""

import asyncio
from collections.abc import AsyncGenerator

from fastapi import APIRouter, Depends, HTTPException, WebSocket, WebSocketDisconnect

from streamseg.broadcast.fragmented import Fragments, mime_of
from streamseg.broadcast.jpegs import Jpegs
from streamseg.web import lasting
from streamseg.web.access import Access
from streamseg.web.asking import AskRun, Refused, StreamName
from streamseg.web.callers import SeenStream, no_stream
from streamseg.web.lasting import Lasting
from streamseg.web.viewers import Viewer, Viewers

_OVER = ("done", "stopped", "failed")
_GOING_AWAY, _POLICY, _TRY_LATER = 1001, 1008, 1013


def watching(ask: AskRun, access: Access, viewers: Viewers, *, mjpeg_fps: float) -> APIRouter:
    """The routes.

    Args:
        ask: how to reach the run.
        access: who may watch; the token may stand in the query, for a page can give <video> and <img> no header.
        viewers: who watches already.
        mjpeg_fps: most pictures a second of live.mjpg.
    """
    router = APIRouter(prefix="/api/v1/streams/{name}", tags=["watching"])
    allowed = [Depends(access.or_in_query)]

    @router.get("/live.mp4", dependencies=allowed)
    async def live_mp4(name: SeenStream) -> Lasting:
        """The annotated stream from its next key picture on, as fragmented MP4 that never ends."""
        await _check(ask, viewers, name)
        return Lasting(_fragments(viewers, name), "video/mp4")

    @router.get("/live.mjpg", dependencies=allowed)
    async def live_mjpg(name: SeenStream) -> Lasting:
        """The same as JPEGs, a few a second, for <img>."""
        await _check(ask, viewers, name)
        return Lasting(_jpegs(viewers, name, mjpeg_fps), "multipart/x-mixed-replace; boundary=picture")

    @router.websocket("/ws")
    async def socket(socket: WebSocket, name: StreamName) -> None:
        """The same as messages: a JSON text with the MIME type, then a head, then a fragment for each picture."""
        try:
            caller = await access.or_in_query(socket)
            if not caller.may_see(name):
                raise Refused(404, no_stream(name))
            await _check(ask, viewers, name)
        except HTTPException as error:
            await socket.close(_POLICY, str(error.detail))
            return
        except Refused as refusal:
            await socket.close(_TRY_LATER, str(refusal)[:120])
            return
        await socket.accept()
        await _converse(socket, viewers, name)

    return router


async def _check(ask: AskRun, viewers: Viewers, name: str) -> None:
    """Refused where there is nothing to watch, or no room."""
    viewers.refuse_too_many()
    state = (await ask("stream", {"name": name}))["state"]
    if state in _OVER:
        raise Refused(410, f"{name}: is over ({state})")


async def _fragments(viewers: Viewers, name: str) -> AsyncGenerator[bytes, None]:
    fragments, head = Fragments(), b""
    async with viewers.watch(name) as viewer:
        async for picture in viewer:
            head = head or picture.head
            if picture.key and picture.head != head:
                return  # a file has one head: whoever watches asks again
            for part in fragments.of(picture):
                yield part


async def _jpegs(viewers: Viewers, name: str, fps: float) -> AsyncGenerator[bytes, None]:
    jpegs = Jpegs(fps)
    async with viewers.watch(name) as viewer:
        async for picture in viewer:
            jpeg = await asyncio.to_thread(jpegs.of, picture)
            if jpeg is not None:
                size = len(jpeg)
                yield b"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (size, jpeg)


async def _converse(socket: WebSocket, viewers: Viewers, name: str) -> None:
    """Send until one side has had enough."""
    try:
        async with viewers.watch(name) as viewer, asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(_send(socket, viewer))
            tasks.create_task(_until_gone(socket, sending))
    except* (WebSocketDisconnect, TimeoutError, Refused):
        pass
    await _close(socket)


async def _send(socket: WebSocket, viewer: Viewer) -> None:
    fragments, head = Fragments(), b""
    async for picture in viewer:
        if picture.key and picture.head != head:
            head = picture.head
            await asyncio.wait_for(socket.send_json({"mime": mime_of(head)}), lasting.SEND_S)
        for part in fragments.of(picture):
            await asyncio.wait_for(socket.send_bytes(part), lasting.SEND_S)
    raise WebSocketDisconnect(_GOING_AWAY)


async def _until_gone(socket: WebSocket, sending: "asyncio.Task[None]") -> None:
    """What a viewer says is no matter, but that it leaves is."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
    sending.cancel()


async def _close(socket: WebSocket) -> None:
    try:
        await asyncio.wait_for(socket.close(_GOING_AWAY), lasting.SEND_S)
    except (RuntimeError, TimeoutError, WebSocketDisconnect):
        return
