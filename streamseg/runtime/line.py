"""A worker's end of its control line: orders come in, reports and log lines go out. Its end ends the process."""

import logging
import os
import queue
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from streamseg.runtime import control
from streamseg.runtime.messages import Log, Order, Report, decode_order, encode

_LOG_LINE_MOST = 8192


class Line:
    """The worker's end of its control line; reports may come from any thread, orders are taken by the main one."""

    def __init__(self, end: socket.socket):
        self.folder: Path | None = None
        """Where the run's sockets lie; it is of no use once the line has ended."""
        self.farewell: Callable[[], None] | None = None
        """What is to be done between the end of the line and that of the process: less than two seconds."""
        self._end, self._lock = end, threading.Lock()
        self._orders: queue.SimpleQueue[control.Received[Order]] = queue.SimpleQueue()
        self.wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        """Readable when there is something to do."""

    def report(self, message: Report) -> None:
        """Tell the supervisor."""
        with self._lock:
            control.send(self._end, encode(message))

    def next_order(self) -> control.Received[Order] | None:
        """The oldest order not taken yet."""
        try:
            return self._orders.get_nowait()
        except queue.Empty:
            return None

    def wait_order(self) -> control.Received[Order]:
        """The oldest order not taken yet, when it comes."""
        return self._orders.get()

    def nudge(self) -> None:
        """Wake the main thread, from any other."""
        os.eventfd_write(self.wake, 1)

    def read(self) -> None:
        """Take orders until the line ends, and end the process with it. A thread of its own."""
        while (received := control.receive(self._end)) is not None:
            data, fds = received
            self._orders.put(control.Received(decode_order(data), fds))
            self.nudge()
        if self.farewell is not None:
            self.farewell()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)  # a supervisor that was killed cannot do it
        os._exit(0)


class Forwarder(logging.Handler):
    """Sends log lines to the supervisor, which owns the terminal."""

    def __init__(self, line: Line):
        super().__init__()
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        self._line.report(Log(record.name, record.levelno, self.format(record)[:_LOG_LINE_MOST]))
