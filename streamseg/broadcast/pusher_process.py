"""A pusher as its owner sees it: a child process that is given pictures, and killed when it hangs."""

import json
import os
import selectors
import subprocess
import sys
import time

from streamseg.broadcast.pictures import EncodedPicture
from streamseg.broadcast.pusher import PushedPicture, PushOrder, message

_CONNECT_S = 10.0
_WRITE_S = 5.0
_END_S = 2.0
_LINE_MOST = 4096


class PushFailed(Exception):
    """The server is away, refuses, or hangs; the text says why."""


class PusherProcess:
    """Connects to a server; start, send() pictures, finish() or kill().

    Args:
        url: of the server.
        head: of an MP4 file with the video to come.
        ca_file: certificates to trust.

    Raises:
        PushFailed: no connection within 10 s.
    """

    def __init__(self, url: str, head: bytes, ca_file: str):
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "streamseg.broadcast.pusher"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        self._first_ticks: int | None = None
        self._ticks = -1
        try:
            self._write(message(PushOrder(url, head, ca_file)), _CONNECT_S)
            told = self._hear(_CONNECT_S)
            if "connected" not in told:
                raise PushFailed(told.get("error", f"does not answer within {_CONNECT_S:g} s"))
        except BaseException:
            self.kill()
            raise

    def send(self, picture: EncodedPicture) -> None:
        """Push a picture; PushFailed if the server does not take it within 5 s."""
        if self._first_ticks is None:
            self._first_ticks = picture.ticks
        # a sink's successor may encode once more what its predecessor had handed on: times must grow all the same
        self._ticks = max(self._ticks + 1, picture.ticks - self._first_ticks)
        self._write(message(PushedPicture(self._ticks, picture.key, picture.data)), _WRITE_S)

    def finish(self) -> None:
        """Say goodbye to the server, if that can be done within 2 s."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.kill()

    def kill(self) -> None:
        """End it wherever it is."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _write(self, data: bytes, patience_s: float) -> None:
        deadline_s, rest = time.monotonic() + patience_s, memoryview(data)
        with selectors.DefaultSelector() as selector:
            selector.register(self._in, selectors.EVENT_WRITE)
            while rest:
                if not selector.select(max(0.0, deadline_s - time.monotonic())):
                    raise PushFailed(f"takes nothing for {patience_s:g} s")
                try:
                    rest = rest[os.write(self._in, rest) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    raise PushFailed(self._hear(_END_S).get("error", "the connection broke")) from None

    def _hear(self, patience_s: float) -> dict[str, str]:
        """The next line that it tells; empty where it ended without one, or none came in time."""
        deadline_s, line = time.monotonic() + patience_s, b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            while not line.endswith(b"\n") and len(line) < _LINE_MOST:
                if not selector.select(max(0.0, deadline_s - time.monotonic())):
                    return {}
                byte = os.read(self._out, 1)
                if not byte:
                    return {"error": f"its pusher ended with status {self._process.wait()}"}
                line += byte
        told: dict[str, str] = json.loads(line)
        return told
