"""The supervisor's side of the web worker: what it is told, how its address is made known."""

import logging
import os
import secrets
from pathlib import Path

from streamseg import control_file
from streamseg.config import Config
from streamseg.config_runtime import LOOPBACK
from streamseg.control_file import RunningRun
from streamseg.errors import ConfigError
from streamseg.runtime.messages import WEB, Serve, ViewerToken
from streamseg.runtime.placement import WorkerPlan

log = logging.getLogger(__name__)

_TOKEN_BYTES = 24
_TOKEN_LEAST = 16


class FrontDoor:
    """Where a run is asked from outside.

    Args:
        config: web and output.dir matter here.

    Raises:
        ConfigError: a token_env names no variable, or one with a short token, or two name the same token.
    """

    plan = WorkerPlan("web-0", (WEB,))

    def __init__(self, config: Config):
        self._web, self._out = config.web, config.output.dir
        self._token = _token(config.web.token_env) if config.web.auth == "token" else ""
        self._viewers = tuple(
            ViewerToken(viewer.name, _read_token(f"web.viewers {viewer.name}", viewer.token_env), viewer.streams)
            for viewer in config.web.viewers
        )
        if len({self._token, *(viewer.token for viewer in self._viewers)}) <= len(self._viewers):
            raise ConfigError("web.viewers: two have the same token, or the owner's; tokens must differ")
        self._port = config.web.port
        self._file: Path | None = None

    def order(self) -> Serve:
        """What to tell the web worker; a successor listens where its predecessor did."""
        web = self._web
        hosts = web.hosts or (LOOPBACK if web.host in LOOPBACK else ())
        return Serve(web.host, self._port, self._token, hosts, self._viewers)

    def opened(self, port: int) -> None:
        """It listens: write where, for `streamseg ctl` of the same user."""
        self._port = port
        reachable = "127.0.0.1" if self._web.host == "0.0.0.0" else self._web.host  # noqa: S104  # it is compared
        url = control_file.url_of(reachable, port)
        run = RunningRun(os.getpid(), url, self._token, str(self._out.absolute()))
        self._file = control_file.write(run)
        log.info("web=%s auth=%s", url, self._web.auth)
        control_file.show_link(run.link if self._web.token_env is None else url)

    def close(self) -> None:
        """The run is over."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _token(variable: str | None) -> str:
    if variable is None:
        return secrets.token_urlsafe(_TOKEN_BYTES)
    return _read_token("web", variable)


def _read_token(where: str, variable: str) -> str:
    token = os.environ.get(variable, "")
    if len(token) < _TOKEN_LEAST or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            f"{where}.token_env {variable}: it must hold {_TOKEN_LEAST} or more printable ASCII characters"
        )
    return token
