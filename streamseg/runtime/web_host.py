"""The web worker: an HTTP server in a process of its own, which asks the supervisor over its control line."""

import asyncio
import contextlib
import itertools
import json
import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from streamseg.config import Config
from streamseg.errors import ConfigError
from streamseg.index import index_url
from streamseg.runtime import control
from streamseg.runtime.line import Line
from streamseg.runtime.messages import Answer, Ask, Begin, Refused, Serve, Serving
from streamseg.web import app, asking
from streamseg.web.archive import Archive
from streamseg.web.callers import OWNER, Caller, Key
from streamseg.web.viewers import Viewers

log = logging.getLogger(__name__)

_ANSWER_S = 5.0
_MOST_SAID = 1024
"""Bytes of what a viewer says; it is heard by nobody."""


class Desk:
    """Asks the supervisor, for any number of requests at a time."""

    def __init__(self, line: Line):
        self._line = line
        self._numbers = itertools.count()
        self._open: dict[int, asyncio.Future[Answer]] = {}
        self.loop: asyncio.AbstractEventLoop | None = None

    async def ask(self, call: str, body: dict[str, Any]) -> Any:
        """What the supervisor says; asking.Refused where it refuses (its status), or does not answer (503)."""
        self.loop = asyncio.get_running_loop()
        number, answer = next(self._numbers), asyncio.get_running_loop().create_future()
        self._open[number] = answer
        try:
            self._line.report(Ask(number, call, json.dumps(body).encode()))
            told = await asyncio.wait_for(answer, _ANSWER_S)
        except TimeoutError:
            raise asking.Refused(503, f"the run does not answer within {_ANSWER_S:g} s") from None
        finally:
            del self._open[number]
        given = json.loads(told.body)
        if told.status >= 400:
            raise asking.Refused(told.status, given["error"])
        return given

    def take(self, answer: Answer) -> None:
        """An answer has come; from any thread."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self._settle, answer)

    def _settle(self, answer: Answer) -> None:
        waiting = self._open.get(answer.number)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


class Server(uvicorn.Server):
    """Leaves signals to others: those of a worker are the supervisor's, and it ends with its line."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def host(line: Line, begin: Begin) -> None:
    """Serve until the line ends."""
    serve = _first_order(line)
    try:
        listener = listen(serve)
    except ConfigError as error:
        line.report(Refused(ConfigError.__name__, str(error)))
        raise SystemExit(2) from None
    desk = Desk(line)
    threading.Thread(target=_take_answers, args=(line, desk), name="answers", daemon=True).start()
    config = Config.model_validate_json(begin.config)
    application = app.make_app(
        desk.ask,
        version=begin.version,
        keys=keys_of(serve),
        hosts=serve.hosts,
        archive=archive_of(config),
        viewers=viewers_of(config, Path(begin.bells.removeprefix("ipc://")).parent),
        mjpeg_fps=config.broadcast.mjpeg_fps,
    )
    line.report(Serving(listener.getsockname()[1]))
    Server(settings(application)).run(sockets=[listener])


def listen(serve: Serve) -> socket.socket:
    """A listening socket; ConfigError where there can be none at this address."""
    try:
        return socket.create_server((serve.host, serve.port), reuse_port=False)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"web.port {serve.port} at {serve.host}: {reason}; choose another") from None


def settings(application: FastAPI) -> uvicorn.Config:
    """How it is served."""
    return uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        ws_per_message_deflate=False,  # video does not get smaller
        ws_max_size=_MOST_SAID,
    )


def keys_of(serve: Serve) -> tuple[Key, ...]:
    """Who may ask; nobody in particular where there is no token."""
    if not serve.token:
        return ()
    viewers = (Key(Caller(one.name, one.streams, may_control=False), one.token) for one in serve.viewers)
    return Key(OWNER, serve.token), *viewers


def archive_of(config: Config) -> Archive:
    """The run's results."""
    url = index_url(config.output.dir, config.index.url) if config.is_indexed else None
    return Archive(config.output.dir, url)


def viewers_of(config: Config, folder: Path) -> Viewers | None:
    """Those who may watch, where there is something to be watched."""
    encoded = config.video.enabled or config.is_broadcast
    return Viewers(folder) if encoded and config.broadcast.browser != "never" else None


def _first_order(line: Line) -> Serve:
    while True:
        received = line.wait_order()
        control.close_all(received.fds)
        if isinstance(received.message, Serve):
            return received.message


def _take_answers(line: Line, desk: Desk) -> None:
    while True:
        received = line.wait_order()
        control.close_all(received.fds)
        if isinstance(received.message, Answer):
            desk.take(received.message)
