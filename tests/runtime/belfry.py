"""What the tests of bells share."""

import time
from contextlib import contextmanager

from zmq.utils.monitor import recv_monitor_message

from streamseg.runtime.bells import Bell


def until(condition, deadline_s=30):
    """The first true value of condition(), which is asked again and again."""
    end_s = time.monotonic() + deadline_s
    while not (value := condition()):
        assert time.monotonic() < end_s, "it never came about"
        time.sleep(0.005)
    return value


def ring_until_heard(ringer, name, box, bell):
    """Ring until the bell is in the box: the connection is up. Other bells must not be under way."""
    until(lambda: ringer.ring(name, bell))
    heard = until(lambda: box.wait(100))
    assert heard == [bell]


def bell(generation=1):
    return Bell(stream=3, epoch=1, slot=2, generation=generation)


@contextmanager
def watched(socket):
    """A function that gives the events of a ZeroMQ socket so far."""
    monitor, seen = socket.get_monitor_socket(), set()

    def events():
        while monitor.poll(0):
            seen.add(recv_monitor_message(monitor)["event"])
        return seen

    try:
        yield events
    finally:
        socket.disable_monitor()
        monitor.close(0)
