"""One worker process, started by the supervisor: hosts some stages of the streams, or something beside them.

    python -m streamseg.runtime.worker NAME FD

FD is the worker's end of its control line. When the line ends, so does the process, whatever it is doing: everything
that must outlive it lies in the supervisor's memory or on the disk.
"""

import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable

import cv2

from streamseg.runtime.exhausted import guard_threads
from streamseg.runtime.line import Forwarder, Line
from streamseg.runtime.messages import BROADCAST, KEEPER, RELEASE, WEB, Begin


def main() -> None:
    """Obey the line; exit status 0 at its end, 2 if the worker could not begin."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the whole group gets them; ending in order is the supervisor's task
    guard_threads()
    cv2.setNumThreads(1)
    end = socket.socket(fileno=int(sys.argv[2]))
    line = Line(end)
    threading.Thread(target=line.read, name="control", daemon=True).start()
    begin = line.wait_order().message
    if not isinstance(begin, Begin) or begin.release != RELEASE:
        raise SystemExit(f"{sys.argv[1]}: the supervisor speaks another release; reinstall streamseg")
    logging.basicConfig(level=begin.level, handlers=[Forwarder(line)], format="%(message)s")
    _host_of(begin.stages)(line, begin)


def _host_of(stages: tuple[str, ...]) -> Callable[[Line, Begin], None]:
    """What the process is for. Only that is imported: a successor must be at work in a second or two."""
    if stages == (WEB,):
        from streamseg.runtime.web_host import host
    elif stages == (KEEPER,):
        from streamseg.runtime.keeper_host import host
    elif stages == (BROADCAST,):
        from streamseg.runtime.broadcast_host import host
    else:
        from streamseg.runtime.station_host import host
    return host


if __name__ == "__main__":
    main()
