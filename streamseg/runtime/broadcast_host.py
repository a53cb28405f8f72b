"""The broadcast worker: takes the sinks' encoded pictures and hands them to the outlets of their streams."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import zmq

from streamseg.broadcast.outlets import Outlets
from streamseg.broadcast.push_status import PushStatus
from streamseg.broadcast.subscription import read, subscriber
from streamseg.broadcast.tap import BROADCAST
from streamseg.config import Config
from streamseg.runtime import control
from streamseg.runtime.line import Line
from streamseg.runtime.messages import Begin, Broadcast, Broadcasting

_TELL_EVERY_S = 0.5
_LOOK_EVERY_MS = 500
_LAST_PICTURES_MS = 100
_FINISH_S = 1.5
_FAREWELL_S = 1.8


def host(line: Line, begin: Begin) -> None:
    """Serve until the line ends."""
    BroadcastHost(line, begin).run()


class BroadcastHost:
    """Serves until the line ends; what the last pictures of the streams need is done then.

    Args:
        line: to the supervisor.
        begin: the first order.
    """

    def __init__(self, line: Line, begin: Begin):
        config = Config.model_validate_json(begin.config)
        self._line = line
        self._outlets = Outlets(config.output.dir, config.broadcast)
        folder = Path(begin.bells.removeprefix("ipc://")).parent
        self._socket = subscriber(zmq.Context.instance(), folder / BROADCAST)
        self._socket.subscribe(b"")
        self._told: tuple[PushStatus, ...] | None = None
        self._tell_due_s = 0.0
        self._ending, self._ended = threading.Event(), threading.Event()
        line.farewell = self._say_goodbye

    def run(self) -> None:
        """Work until the process is ended."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._line.wake, zmq.POLLIN)
        while not self._ending.is_set():
            self._obey()
            self._tell()
            poller.poll(_LOOK_EVERY_MS)
            with suppress(BlockingIOError):
                os.eventfd_read(self._line.wake)
            self._take()
        self._finish()
        self._ended.set()

    def _say_goodbye(self) -> None:
        """In the line's own thread."""
        self._ending.set()
        self._line.nudge()
        self._ended.wait(_FAREWELL_S)

    def _obey(self) -> None:
        while (received := self._line.next_order()) is not None:
            control.close_all(received.fds)
            if isinstance(received.message, Broadcast):
                self._outlets.serve(received.message.urls)

    def _take(self) -> None:
        while True:
            try:
                message = read(self._socket.recv_multipart(zmq.NOBLOCK))
            except zmq.Again:
                return
            if message is None:
                continue
            stream, picture = message
            if picture is None:
                self._outlets.end(stream)
            else:
                self._outlets.put(stream, picture)

    def _tell(self) -> None:
        statuses = self._outlets.statuses
        if statuses != self._told and time.monotonic() >= self._tell_due_s:
            self._tell_due_s = time.monotonic() + _TELL_EVERY_S
            self._told = statuses
            self._line.report(Broadcasting(statuses))

    def _finish(self) -> None:
        """The run is over: what is under way comes still."""
        while self._socket.poll(_LAST_PICTURES_MS):
            self._take()
        self._outlets.close(_FINISH_S)
