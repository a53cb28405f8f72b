"""Messages that no streamseg sends, into the sockets of a run that is at work."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zmq

from streamseg.runtime.bells import LIMIT_BYTES, Bell, encode
from tests.runtime.jobs import Job

BATCH = 500
_BRAKE_MS = 5000


def sockets_of(job: Job) -> list[Path]:
    """Where the supervisor and the workers of a run can be rung."""
    return [path for path in job.temporary.glob("streamseg-*/*") if path.is_socket()]


def message(chance: random.Random) -> list[bytes]:
    """One message: noise, a bell that is cut, flipped, for nobody, in parts, or of absurd size."""
    bell = encode(Bell(chance.getrandbits(16), chance.getrandbits(32), chance.getrandbits(16), chance.getrandbits(32)))
    match chance.randrange(8):
        case 0:
            return [chance.randbytes(chance.randrange(2 * LIMIT_BYTES))]
        case 1:
            return [bell[: chance.randrange(len(bell))]]
        case 2:
            at = chance.randrange(len(bell))
            return [bell[:at] + bytes([bell[at] ^ (1 << chance.randrange(8))]) + bell[at + 1 :]]
        case 3:
            return [encode(Bell(chance.randrange(3), chance.randrange(3), chance.randrange(8), chance.randrange(99)))]
        case 4:
            return [bell] * chance.randint(2, 5)
        case 5:
            return [b"\xdd\xff\xff\xff\xff" + bell]  # an array of four billion
        case 6:
            return [b"\x91" * chance.randrange(1, LIMIT_BYTES)]
        case _:
            return [bell + chance.randbytes(3)]


@contextmanager
def _pushing(path: Path) -> Iterator["zmq.Socket[bytes]"]:
    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        socket.linger, socket.sndtimeo = 0, _BRAKE_MS
        socket.connect(f"ipc://{path}")
        yield socket


def flood(job: Job, count: int, *, seed: int) -> int:
    """Send so many messages to a run as it works, to all its sockets in turn; how many went out before it ended."""
    chance, sent = random.Random(seed), 0
    while sent < count and job.process.poll() is None:
        for path in sockets_of(job):
            sent += _flood_one(path, chance, min(BATCH, count - sent))
        time.sleep(0.01)
    return sent


def _flood_one(path: Path, chance: random.Random, count: int) -> int:
    """A batch to one socket, and now and then what is far too long: whoever sends that is cut off."""
    with _pushing(path) as socket:
        for number in range(count):
            try:
                socket.send_multipart(message(chance))
            except zmq.Again:
                return number
        if chance.random() < 0.2:
            socket.send(bytes(1 << 20))
        time.sleep(0.02)  # what was sent leaves before the connection does
    return count
