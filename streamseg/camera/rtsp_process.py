"""The RTSP server as the camera sees it: a child process that takes orders, and can be killed and stopped."""

import json
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from streamseg.camera import child
from streamseg.camera.condition import Condition
from streamseg.camera.serving import Login, Place
from streamseg.errors import SinkError

log = logging.getLogger(__name__)

_ANSWER_S = 20.0


class RtspProcess:
    """A Server over RTSP.

    Args:
        place: where to listen.
        login: who may see it; None: everybody.
        settings: what `rtsp.RtspCamera` needs besides: epoch_ns, folder, ends_after_s, seed.
        on_playing: called when a client begins to play.
    """

    def __init__(
        self, place: Place, login: Login | None, settings: dict[str, Any], on_playing: Callable[[], None]
    ) -> None:
        self.place = place
        self._login = login or Login("", "")
        self._settings = settings
        self._on_playing = on_playing
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._answers = threading.Condition()
        self._asked = self._answered = 0
        self._hangs = False

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        return self._process.pid if self._process else None

    def start(self, condition: Condition) -> None:
        place, login = self.place, self._login
        order = {"host": place.host, "port": place.port, "path": place.path, "condition": condition.to_json()}
        order |= {"user": login.user, "password": login.password} | self._settings
        process, port = _serve(order)
        if port is None:
            raise SinkError(f"streamseg camera: {place.address} cannot be listened on; choose a free port")
        self.place = place._replace(port=port)
        self._process = process
        self._listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self._listener.start()

    def change(self, condition: Condition) -> None:
        self._ask({"condition": condition.to_json()})

    def drop(self) -> None:
        self._ask({"drop": True})

    def hang(self, stands: bool) -> None:
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGSTOP if stands else signal.SIGCONT)
        self._hangs = stands and self._process is not None

    def stop(self) -> None:
        process, self._process, self._hangs = self._process, None, False
        if process is not None:
            process.kill()
            assert self._listener is not None
            self._listener.join()
            _end(process)

    def _ask(self, order: dict[str, Any]) -> None:
        """Give an order and wait until it is carried out; one that stands still will do so when it goes on."""
        process = self._process
        if process is None:
            return
        with self._answers:
            self._asked += 1
            number = self._asked
            _write(process, order | {"number": number})
            if not self._hangs and not self._answers.wait_for(lambda: self._answered >= number, _ANSWER_S):
                log.warning("event=no-answer server=rtsp order=%s", next(iter(order)))

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            what = event.pop("event")
            if what == "done":
                self._answer(event["number"])
                continue
            log.info("event=%s %s", what, " ".join(f"{key}={value}" for key, value in event.items()))
            if what == "playing":
                self._on_playing()
        # one that is gone answers nothing more
        self._answer(self._asked)

    def _answer(self, number: int) -> None:
        with self._answers:
            self._answered = max(self._answered, number)
            self._answers.notify_all()


def _serve(order: dict[str, Any]) -> tuple[subprocess.Popen[str], int | None]:
    """Start a server; it, and the port on which it listens, or None."""
    process = child.start()
    assert process.stdout is not None
    _write(process, order)
    line = process.stdout.readline()
    event = json.loads(line) if line else {}
    if event.get("event") == "listening":
        return process, event["port"]
    _end(process)
    return process, None


def _write(process: subprocess.Popen[str], order: dict[str, Any]) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        log.warning("event=server-gone server=rtsp")


def _end(process: subprocess.Popen[str]) -> None:
    """Reap it and close its pipes."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
