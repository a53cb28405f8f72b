"""What it costs to hand a frame to another process, three ways: python tests/bench/hop.py --help.

    inline  the whole frame through ZeroMQ PUSH/PULL over ipc, with no copy of Python's at either end
    shared  one copy of the planes into a slot of shared memory (a memfd, passed once by SCM_RIGHTS), then a bell
    bell    the bell alone

The ways take turns, frame by frame, and each frame is acknowledged by a bell before the next one is sent. What is
measured is one way, not half a round: from the sender's CLOCK_MONOTONIC before it moves the first byte, to the
receiver's (the same clock, as both are on one machine) when it has looked at the frame's first and last sample. As in
a pipeline, SLOTS frames are held at a time, so that no way profits from memory that stays in the cache.
"""

import argparse
import mmap
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import zmq

from streamseg.records import Planes
from streamseg.runtime.bells import Bell
from streamseg.runtime.links import BellBox, Ringer

WAYS = ("inline", "shared", "bell")
SLOTS = 8
WARM_UP = 16
DEADLINE_MS = 30_000

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Arena:
    """The shared memory: when frames arrived, int64 [frames, ways] in monotonic ns, and the planes of SLOTS slots."""

    arrived_ns: I64
    slots: list[Planes]


@dataclass(frozen=True, slots=True)
class End:
    """One process's end of the links; held are the last frames that came inline."""

    box: BellBox
    ringer: Ringer
    data: zmq.Socket[bytes]
    arena: Arena
    held: deque[list[npt.NDArray[np.uint8]]] = field(default_factory=lambda: deque(maxlen=SLOTS))


def measure(size_hw: tuple[int, int], frames: int) -> I64:
    """Send frames of this size to a new process: one-way times in ns, int64 [frames, ways]; a warm-up is not in it."""
    frames += WARM_UP
    sent_ns = np.zeros((frames, len(WAYS)), np.int64)
    frame = _planes(np.random.default_rng(0).integers(0, 256, _frame_bytes(size_hw), np.uint8), size_hw)
    with tempfile.TemporaryDirectory(prefix="hop-") as folder, _receiver(folder, size_hw, frames) as arena:
        with _end(Path(folder), ("here", "there"), arena) as end:
            for number in range(frames):
                for column, way in enumerate(WAYS):
                    frame.y[0, 0] = frame.v[-1, -1] = number % 256
                    sent_ns[number, column] = time.monotonic_ns()
                    send(end, way, frame, number)
                    _await(end.box)
        return (arena.arrived_ns - sent_ns)[WARM_UP:]


def send(end: End, way: str, frame: Planes, number: int) -> None:
    """Hand a frame over by one of WAYS."""
    if way == "inline":
        end.data.send_multipart([plane.data for plane in (frame.y, frame.u, frame.v)], copy=False)
        return
    slot = number % SLOTS
    if way == "shared":
        for name in ("y", "u", "v"):
            np.copyto(getattr(end.arena.slots[slot], name), getattr(frame, name))
    _ring(end.ringer, slot)


def receive(end: End, way: str, number: int) -> None:
    """Take a frame, make sure that it is the right one, note when, and acknowledge it."""
    if way == "inline":
        end.held.append([np.frombuffer(part.buffer, np.uint8) for part in end.data.recv_multipart(copy=False)])
        first, last = end.held[-1][0][0], end.held[-1][-1][-1]
    else:
        planes = end.arena.slots[_await(end.box).slot]
        first, last = planes.y[0, 0], planes.v[-1, -1]
    # for the bell alone, the slot holds what came by shared memory just before
    if not first == last == number % 256:
        raise ValueError(f"{way} frame {number}: its samples are {first} and {last}")
    end.arena.arrived_ns[number, WAYS.index(way)] = time.monotonic_ns()
    _ring(end.ringer, number % SLOTS)


def table(one_way_ns: I64) -> str:
    """The figures as text: a line for each way; the ratio is the median of inline to that of the way."""
    p50_ms, p95_ms = np.percentile(one_way_ns, (50, 95), axis=0) / 1e6
    lines = [f"{'one way':8}{'p50 ms':>10}{'p95 ms':>10}{'inline / way':>14}"]
    for way, p50, p95 in zip(WAYS, p50_ms, p95_ms, strict=True):
        lines.append(f"{way:8}{p50:10.3f}{p95:10.3f}{p50_ms[0] / p50:14.1f}")
    return "\n".join(lines)


def _frame_bytes(size_hw: tuple[int, int]) -> int:
    return size_hw[0] * size_hw[1] + 2 * ((size_hw[0] + 1) // 2) * ((size_hw[1] + 1) // 2)


def _planes(samples: npt.NDArray[np.uint8], size_hw: tuple[int, int]) -> Planes:
    """4:2:0 planes over a frame's bytes."""
    (height, width), half = size_hw, ((size_hw[0] + 1) // 2, (size_hw[1] + 1) // 2)
    y, u, v = np.split(samples, (height * width, height * width + half[0] * half[1]))
    return Planes(y.reshape(height, width), u.reshape(half), v.reshape(half))


def _arena_bytes(size_hw: tuple[int, int], frames: int) -> int:
    return 8 * len(WAYS) * frames + SLOTS * _frame_bytes(size_hw)


def _arena(descriptor: int, size_hw: tuple[int, int], frames: int) -> Arena:
    memory = mmap.mmap(descriptor, _arena_bytes(size_hw, frames))
    arrived_ns = np.frombuffer(memory, np.int64, len(WAYS) * frames).reshape(frames, len(WAYS))
    pixels = np.frombuffer(memory, np.uint8, offset=arrived_ns.nbytes)
    return Arena(arrived_ns, [_planes(samples, size_hw) for samples in np.split(pixels, SLOTS)])


@contextmanager
def _receiver(folder: str, size_hw: tuple[int, int], frames: int) -> Iterator[Arena]:
    """Start the receiving process and pass it the memory."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, __file__, f"--size={size_hw[1]}x{size_hw[0]}", f"--frames={frames}"]
    command += [f"--receive={folder}", f"--channel={theirs.fileno()}"]
    with ours, theirs, subprocess.Popen(command, pass_fds=[theirs.fileno()]) as child:
        try:
            descriptor = os.memfd_create("hop")
            os.posix_fallocate(descriptor, 0, _arena_bytes(size_hw, frames))
            socket.send_fds(ours, [b"m"], [descriptor])
            arena = _arena(descriptor, size_hw, frames)
            os.close(descriptor)
            yield arena
        except BaseException:
            child.kill()
            raise


def _receive_all(folder: Path, channel: int, size_hw: tuple[int, int], frames: int) -> None:
    with socket.socket(fileno=channel) as theirs:
        [descriptor] = socket.recv_fds(theirs, 1, 1)[1]
    with _end(folder, ("there", "here"), _arena(descriptor, size_hw, frames)) as end:
        for number in range(frames):
            for way in WAYS:
                receive(end, way, number)


@contextmanager
def _end(folder: Path, names: tuple[str, str], arena: Arena) -> Iterator[End]:
    """The links of the process whose name comes first; the other has them by the names turned round."""
    here, there = names
    with ExitStack() as opened:
        data: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PULL if here == "there" else zmq.PUSH)
        opened.enter_context(data)
        data.rcvtimeo = data.sndtimeo = DEADLINE_MS
        data.linger = 0
        endpoint = f"ipc://{folder}/inline"
        data.bind(endpoint) if here == "there" else data.connect(endpoint)
        box = opened.enter_context(BellBox(f"ipc://{folder}/{here}", hwm=SLOTS))
        ringer = opened.enter_context(Ringer(hwm=SLOTS))
        ringer.connect("peer", f"ipc://{folder}/{there}")
        yield End(box, ringer, data, arena)


def _ring(ringer: Ringer, slot: int) -> None:
    """Ring, and wait for the peer only while it is not there yet."""
    while not ringer.ring("peer", Bell(stream=0, epoch=0, slot=slot, generation=0)):
        time.sleep(0.001)


def _await(box: BellBox) -> Bell:
    bells = box.wait(DEADLINE_MS)
    if len(bells) != 1:
        raise TimeoutError(f"{box.endpoint}: {len(bells)} bells in {DEADLINE_MS} ms, 1 must come")
    return bells[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; with --receive, be the other process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1920x1080", help="width x height of the frame, default %(default)s")
    parser.add_argument("--frames", type=int, default=300, help="frames by each way, default %(default)s")
    parser.add_argument("--receive", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--channel", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    width, height = map(int, options.size.split("x"))
    if options.receive is not None:
        _receive_all(options.receive, options.channel, (height, width), options.frames)
        return
    megabytes = _frame_bytes((height, width)) / 1e6
    print(f"{options.frames} frames of {width}x{height} 4:2:0, {megabytes:.1f} MB each")
    print(table(measure((height, width), options.frames)))


if __name__ == "__main__":
    main()
