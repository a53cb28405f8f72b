"""What earlier runs found, served without a run: the page, the index, the files."""

import logging
import signal
import socket
from pathlib import Path
from typing import Any

from streamseg import __version__
from streamseg.config import Config
from streamseg.errors import ConfigError
from streamseg.index import index_url
from streamseg.index.store import FILE
from streamseg.runtime.front_door import FrontDoor
from streamseg.runtime.web_host import Server, keys_of, listen, settings
from streamseg.sinks.outdir import is_ours
from streamseg.web.app import make_app
from streamseg.web.archive import Archive
from streamseg.web.asking import Refused

log = logging.getLogger(__name__)

_NO_RUN = "nothing runs: this serves what earlier runs found"


def serve(config: Config) -> None:
    """Serve config.output.dir as config.web says, until SIGINT or SIGTERM.

    Raises:
        ConfigError: the folder is none of streamseg's, holds no index, or the address cannot be listened at.
    """
    folder = config.output.dir
    if config.index.url is None:
        _check(folder)
    door = FrontDoor(config)
    order = door.order()
    archive = Archive(folder, index_url(folder, config.index.url))
    app = make_app(ask_nothing, version=__version__, keys=keys_of(order), hosts=order.hosts, archive=archive)
    listener = listen(order)
    try:
        door.opened(listener.getsockname()[1])
        log.info("serving=%s", folder)
        _until_asked_to_end(Server(settings(app)), listener)
    finally:
        door.close()
        archive.close()


def _until_asked_to_end(server: Server, listener: socket.socket) -> None:
    server.config.timeout_graceful_shutdown = 1  # who listens for updates would hold it up for ever
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    server.run(sockets=[listener])


async def ask_nothing(call: str, body: dict[str, Any]) -> Any:
    """What is said where there is no run to be asked: nothing is wrong, and nothing runs."""
    match call:
        case "snapshot":
            empty: dict[str, Any] = {"streams": [], "workers": [], "pushes": [], "latency_bounds_s": []}
            return {"version": __version__, "network": {"name": "", "labels": []}, **empty}
        case "stream" | "remove" | "pause" | "resume" | "change" | "save":
            raise Refused(404, f"{body['name']}: no such stream; {_NO_RUN}")
        case "model" if "name" not in body:
            return {"name": "", "network": None, "swap": "none", "error": None}
    raise Refused(409, _NO_RUN)


def _check(folder: Path) -> None:
    if not is_ours(folder):
        raise ConfigError(f"{folder}: no folder of streamseg's results; give the DIR of an earlier run")
    if not (folder / FILE).is_file():
        raise ConfigError(f"{folder}: holds no {FILE}; runs with --index or --serve keep one")
