"""Bells over real sockets: in one process and between two, against garbage."""

import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import msgspec
import pytest
import zmq
from hypothesis import given, settings
from hypothesis import strategies as st

from streamseg.errors import ConfigError
from streamseg.runtime.bells import VERSION, decode, encode
from streamseg.runtime.links import BellBox, Ringer
from tests.runtime.belfry import bell, ring_until_heard, until, watched

_RECEIVER = """
import sys
from streamseg.runtime.links import BellBox

with BellBox(sys.argv[1], hwm=100_000) as box:
    print("bound", flush=True)
    while True:
        for bell in box.wait(-1):
            print(bell.generation, flush=True)
"""


@contextmanager
def receiver(path):
    """A process with a box at path, once it is bound; it prints what it hears, and ends by SIGKILL."""
    command = [sys.executable, "-c", _RECEIVER, f"ipc://{path}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout.readline() == "bound\n"
            yield child
        finally:
            child.kill()


def fill(ringer, name):
    """Ring until there is no room any more, in ZeroMQ's queues and the kernel's; the generations that were taken."""
    taken, refused, numbers = [], 0, count(1)
    while refused < 20:
        number = next(numbers)
        if ringer.ring(name, bell(number)):
            taken.append(number)
            refused = 0
        else:
            refused += 1
            time.sleep(0.005)
    return taken


def descriptors():
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@pytest.fixture
def box(folder, context):
    with BellBox(f"ipc://{folder}/box", hwm=64, context=context) as box:
        yield box


@pytest.fixture
def ringer(context):
    with Ringer(hwm=64, context=context) as ringer:
        yield ringer


@pytest.fixture
def raw(box, context):
    """A PUSH socket of somebody who knows nothing of bells."""
    with context.socket(zmq.PUSH) as socket:
        socket.linger = 0
        socket.connect(box.endpoint)
        yield socket


def test_bells_come_in_order_and_all_at_once(box, ringer):
    ringer.connect("infer", box.endpoint)
    ring_until_heard(ringer, "infer", box, bell())
    sent = [bell(n) for n in range(2, 50)]
    missed = ringer.missed["infer"]
    assert all(ringer.ring("infer", each) for each in sent)
    heard = []
    until(lambda: heard.extend(box.wait(100)) or len(heard) >= len(sent))
    assert heard == sent
    assert (box.refused, ringer.missed["infer"]) == (0, missed)


def test_a_silent_box_gives_nothing(box):
    assert box.wait(0) == box.wait(1) == []


def test_one_call_gives_no_more_than_hwm(folder, context):
    with BellBox(f"ipc://{folder}/b", hwm=3, context=context) as box, Ringer(hwm=64, context=context) as ringer:
        ringer.connect("b", box.endpoint)
        until(lambda: ringer.ring("b", bell(0)))
        sent = [bell(n) for n in range(20)]
        assert all(ringer.ring("b", each) for each in sent[1:])
        heard = []
        while len(heard) < len(sent):
            some = until(lambda: box.wait(100))
            assert len(some) <= 3
            heard += some
        assert heard == sent


def test_a_box_waits_beside_other_descriptors(box, ringer):
    poller = zmq.Poller()
    reader, writer = os.pipe()
    poller.register(box.socket, zmq.POLLIN)
    poller.register(reader, zmq.POLLIN)
    assert poller.poll(0) == []
    os.write(writer, b"x")
    assert poller.poll(30_000) == [(reader, zmq.POLLIN)]
    os.read(reader, 1)
    ringer.connect("infer", box.endpoint)
    until(lambda: ringer.ring("infer", bell(7)))
    # twice: what was not taken is still told of
    assert poller.poll(30_000) == poller.poll(30_000) == [(box.socket, zmq.POLLIN)]
    assert box.wait(0) == [bell(7)]
    os.close(writer)
    os.close(reader)


def test_bells_go_on_with_the_successor_of_a_killed_process(folder, ringer):
    with receiver(folder / "infer-1") as first:
        ringer.connect("infer", f"ipc://{folder}/infer-1")
        until(lambda: ringer.ring("infer", bell(1)))
        assert first.stdout.readline() == "1\n"

    until(lambda: not ringer.ring("infer", bell(2)))
    assert ringer.missed["infer"] >= 1
    assert (folder / "infer-1").is_socket(), "a killed process cannot remove its file"

    with receiver(folder / "infer-2") as second:
        ringer.connect("infer", f"ipc://{folder}/infer-2")
        until(lambda: ringer.ring("infer", bell(3)))
        assert second.stdout.readline() == "3\n", "nothing that was meant for the dead one comes"


def test_a_box_that_comes_later_is_found(folder, context, ringer):
    ringer.connect("late", f"ipc://{folder}/late")
    assert not ringer.ring("late", bell())
    with BellBox(f"ipc://{folder}/late", hwm=4, context=context) as box:
        ring_until_heard(ringer, "late", box, bell(2))


def test_a_full_queue_does_not_block(folder, ringer):
    with receiver(folder / "slow") as child:
        ringer.connect("slow", f"ipc://{folder}/slow")
        until(lambda: ringer.ring("slow", bell(0)))
        assert child.stdout.readline() == "0\n"

        child.send_signal(signal.SIGSTOP)
        missed = ringer.missed["slow"]
        taken = fill(ringer, "slow")
        assert ringer.missed["slow"] >= missed + 20

        child.send_signal(signal.SIGCONT)
        assert [child.stdout.readline() for _ in taken] == [f"{n}\n" for n in taken]
        until(lambda: ringer.ring("slow", bell(0)))
        assert child.stdout.readline() == "0\n"


def test_a_peer_nobody_knows_is_missed(ringer):
    assert not ringer.ring("nobody", bell())
    assert ringer.missed == {"nobody": 1}


def test_a_forgotten_peer_is_missed(box, ringer):
    ringer.connect("infer", box.endpoint)
    ring_until_heard(ringer, "infer", box, bell())
    missed = ringer.missed["infer"]
    ringer.disconnect("infer")
    ringer.disconnect("infer")
    assert not ringer.ring("infer", bell())
    assert ringer.missed["infer"] == missed + 1


def test_hwm_bells_find_room_while_nobody_listens(folder, context):
    with BellBox(f"ipc://{folder}/b", hwm=1, context=context) as box, Ringer(hwm=50_000, context=context) as ringer:
        ringer.connect("b", box.endpoint)
        until(lambda: ringer.ring("b", bell(0)))
        assert all(ringer.ring("b", bell(n)) for n in range(1, 50_000))


def test_bells_that_wait_are_sent_after_close(folder, context):
    ringer = Ringer(hwm=64, context=context)
    with receiver(folder / "last") as child:
        ringer.connect("last", f"ipc://{folder}/last")
        until(lambda: ringer.ring("last", bell(0)))
        child.send_signal(signal.SIGSTOP)
        taken = [0, *fill(ringer, "last")]
        ringer.close(linger_ms=60_000)
        child.send_signal(signal.SIGCONT)
        assert [child.stdout.readline() for _ in taken] == [f"{n}\n" for n in taken]


def test_garbage_is_counted_and_real_bells_pass(box, raw):
    @settings(deadline=None)
    @given(
        st.lists(st.one_of(st.binary(max_size=100), st.builds(encode, st.builds(bell, st.integers(0, 9)))), min_size=1)
    )
    def feed(messages):
        before, heard = box.refused, []
        for message in messages:
            raw.send(message)
        until(lambda: heard.extend(box.wait(100)) or len(heard) + box.refused - before >= len(messages))
        assert heard == [found for found in map(decode, messages) if found is not None]

    feed()


def test_a_bell_in_parts_of_another_version_or_too_long_is_refused(box, raw):
    raw.send_multipart([encode(bell(1)), encode(bell(2))])
    raw.send(msgspec.msgpack.encode([VERSION + 1, 1, 2, 3, 4]))
    raw.send(bytes(4096))
    raw.send(encode(bell(5)))
    heard = []
    until(lambda: heard.extend(box.wait(100)) or heard)
    assert heard == [bell(5)]
    assert box.refused == 3


def test_who_sends_far_too_much_is_cut_off_and_others_are_heard(box, raw, ringer):
    with watched(box.socket) as events:
        raw.send(bytes(1 << 20))
        until(lambda: zmq.Event.DISCONNECTED in events())
    ringer.connect("infer", box.endpoint)
    ring_until_heard(ringer, "infer", box, bell())
    assert box.refused == 0


def test_a_second_box_at_the_same_path_is_refused_and_the_first_goes_on(box, ringer, context):
    with pytest.raises(ConfigError, match=f"{box.endpoint.removeprefix('ipc://')}: exists already"):
        BellBox(box.endpoint, hwm=4, context=context)
    ringer.connect("infer", box.endpoint)
    ring_until_heard(ringer, "infer", box, bell())


@pytest.mark.parametrize("hwm", [0, -1])
def test_queues_without_bound_are_refused(folder, context, hwm):
    with pytest.raises(ConfigError, match=f"hwm {hwm}: at least 1"):
        BellBox(f"ipc://{folder}/a", hwm=hwm, context=context)
    with pytest.raises(ConfigError, match=f"hwm {hwm}: at least 1"):
        Ringer(hwm=hwm, context=context)


def test_an_unsafe_directory_and_a_long_path_are_refused_and_leave_nothing(folder, context):
    (folder / "open").mkdir(mode=0o755)
    with pytest.raises(ConfigError, match="mode 0700"):
        BellBox(f"ipc://{folder}/open/a", hwm=4, context=context)
    with pytest.raises(ConfigError, match="at most 107"):
        BellBox(f"ipc://{folder}/{'x' * 107}", hwm=4, context=context)
    with Ringer(hwm=4, context=context) as ringer, pytest.raises(ConfigError, match="at most 107"):
        ringer.connect("a", f"ipc://{folder}/{'x' * 107}")
    assert [path.name for path in folder.rglob("*")] == ["open"]


def test_nothing_is_left_after_close(folder):
    before = descriptors()
    context = zmq.Context()
    box, ringer = BellBox(f"ipc://{folder}/a", hwm=4, context=context), Ringer(hwm=4, context=context)
    assert box.endpoint == f"ipc://{folder}/a"
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()] == [("a", 0o600)]
    ringer.connect("a", box.endpoint)
    ring_until_heard(ringer, "a", box, bell())
    ringer.close()
    box.close()
    box.close()
    assert not any(folder.iterdir())
    context.term()
    assert descriptors() == before
