"""Bells over tcp: who gets in, who does not, and that secrets stay secret."""

import logging
import signal
import subprocess
import sys
import threading

import pytest
import zmq
from zmq.auth.thread import ThreadAuthenticator

from streamseg.errors import ConfigError
from streamseg.runtime.bells import encode
from streamseg.runtime.curve import Guard, Keys
from streamseg.runtime.links import BellBox, Ringer
from tests.runtime.belfry import bell, ring_until_heard, until, watched

SERVER, CLIENT, STRANGER = Keys.new(), Keys.new(), Keys.new()
GUARD = Guard(SERVER, frozenset([CLIENT.public]))
LOCAL = "tcp://127.0.0.1:*"

_RECEIVER = """
import sys
from streamseg.runtime.curve import Guard, Keys
from streamseg.runtime.links import BellBox

public, secret, client = (line.strip().encode() for line in sys.stdin)
with BellBox("tcp://127.0.0.1:*", hwm=16, guard=Guard(Keys(public, secret), frozenset([client]))) as box:
    print(box.endpoint, flush=True)
    while True:
        for bell in box.wait(-1):
            print(bell.generation, flush=True)
"""


@pytest.fixture
def box(context):
    with BellBox(LOCAL, hwm=64, guard=GUARD, context=context) as box:
        yield box


@pytest.fixture
def ringer(context):
    with Ringer(hwm=64, keys=CLIENT, context=context) as ringer:
        yield ringer


def test_a_known_client_is_heard(box, ringer):
    assert box.endpoint.startswith("tcp://127.0.0.1:")
    assert int(box.endpoint.rpartition(":")[2]) > 0
    ringer.connect("infer", box.endpoint, SERVER.public)
    ring_until_heard(ringer, "infer", box, bell())


def test_an_unknown_client_is_not_heard(box, ringer, context):
    with watched(box.socket) as events, Ringer(hwm=4, keys=STRANGER, context=context) as stranger:
        stranger.connect("infer", box.endpoint, SERVER.public)
        until(lambda: stranger.ring("infer", bell(9)) or zmq.Event.HANDSHAKE_FAILED_AUTH in events())
        ringer.connect("infer", box.endpoint, SERVER.public)
        ring_until_heard(ringer, "infer", box, bell())
        assert not stranger.ring("infer", bell(9))
    assert (box.wait(0), box.refused) == ([], 0)


def test_a_wrong_server_key_rings_nobody(box, ringer):
    with watched(box.socket) as events:
        ringer.connect("infer", box.endpoint, STRANGER.public)
        until(lambda: ringer.ring("infer", bell(9)) or zmq.Event.HANDSHAKE_FAILED_PROTOCOL in events())
    assert not ringer.ring("infer", bell(9))
    ringer.connect("infer", box.endpoint, SERVER.public)
    ring_until_heard(ringer, "infer", box, bell())


def test_who_comes_without_keys_is_not_heard(box, ringer, context):
    with watched(box.socket) as events, context.socket(zmq.PUSH) as raw:
        raw.linger = 0
        raw.connect(box.endpoint)
        raw.send(encode(bell(9)))
        until(lambda: zmq.Event.HANDSHAKE_FAILED_PROTOCOL in events())
        ringer.connect("infer", box.endpoint, SERVER.public)
        ring_until_heard(ringer, "infer", box, bell())
    assert (box.wait(0), box.refused) == ([], 0)


def test_nobody_comes_in_while_nobody_checks(context, ringer, monkeypatch):
    monkeypatch.setattr(ThreadAuthenticator, "start", lambda self: None)
    with BellBox(LOCAL, hwm=4, guard=GUARD, context=context) as box, watched(box.socket) as events:
        ringer.connect("infer", box.endpoint, SERVER.public)
        until(lambda: ringer.ring("infer", bell(9)) or zmq.Event.HANDSHAKE_FAILED_NO_DETAIL in events())
        assert not ringer.ring("infer", bell(9))
        assert box.wait(0) == []


def test_a_peer_that_falls_silent_is_noticed(ringer):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", _RECEIVER], **pipes) as child:
        try:
            print(SERVER.public.decode(), SERVER.secret.decode(), CLIENT.public.decode(), sep="\n", file=child.stdin)
            child.stdin.close()
            ringer.connect("far", child.stdout.readline().strip(), SERVER.public)
            until(lambda: ringer.ring("far", bell(1)))
            assert child.stdout.readline() == "1\n"
            child.send_signal(signal.SIGSTOP)
            # a bell each 5 ms would take minutes to fill the buffers of a TCP connection: it is gone, not full
            until(lambda: not ringer.ring("far", bell(2)))
        finally:
            child.kill()


@pytest.mark.parametrize("endpoint", ["tcp://0.0.0.0:*", "tcp://*:*", "tcp://localhost:*"])
def test_other_addresses_must_be_asked_for(context, endpoint):
    with pytest.raises(ConfigError, match="other machines reach it"):
        BellBox(endpoint, hwm=4, guard=GUARD, context=context)


def test_other_addresses_can_be_asked_for(context, ringer):
    guard = Guard(SERVER, GUARD.clients, exposed=True)
    with BellBox("tcp://0.0.0.0:*", hwm=4, guard=guard, context=context) as box:
        ringer.connect("infer", box.endpoint.replace("0.0.0.0", "127.0.0.1"), SERVER.public)
        ring_until_heard(ringer, "infer", box, bell())


def test_there_is_no_tcp_without_keys(context, ringer):
    with pytest.raises(ConfigError, match="never used without CURVE"):
        BellBox(LOCAL, hwm=4, context=context)
    with pytest.raises(ConfigError, match="never used without CURVE"):
        ringer.connect("infer", "tcp://127.0.0.1:5555")
    with Ringer(hwm=4, context=context) as keyless, pytest.raises(ConfigError, match="never used without CURVE"):
        keyless.connect("infer", "tcp://127.0.0.1:5555", SERVER.public)


@pytest.mark.parametrize("endpoint", ["tcp://127.0.0.1:*", "tcp://*:5"])
def test_a_ringer_needs_a_host_and_a_port(ringer, endpoint):
    with pytest.raises(ConfigError, match="a host and a port are needed"):
        ringer.connect("infer", endpoint, SERVER.public)


def test_a_context_guards_one_box_and_a_port_has_one_owner(box, ringer, context):
    with pytest.raises(ConfigError, match="can guard one tcp endpoint only"):
        BellBox(LOCAL, hwm=4, guard=GUARD, context=context)
    with zmq.Context() as other, pytest.raises(ConfigError, match=f"{box.endpoint}: Address already in use"):
        BellBox(box.endpoint, hwm=4, guard=GUARD, context=other)
    ringer.connect("infer", box.endpoint, SERVER.public)
    ring_until_heard(ringer, "infer", box, bell())


def test_close_gives_port_and_thread_back(context):
    before = threading.enumerate()
    box = BellBox(LOCAL, hwm=4, guard=GUARD, context=context)
    assert len(threading.enumerate()) == len(before) + 1
    box.close()
    assert threading.enumerate() == before

    def again():
        try:
            return BellBox(box.endpoint, hwm=4, guard=GUARD, context=context)
        except ConfigError:  # the socket is closed in the background
            return None

    until(again).close()


@pytest.mark.parametrize("key", [b"", b"x" * 39, b"x" * 41, b" " * 40])
def test_what_is_no_key_is_refused_and_not_shown(key, ringer):
    for make in (
        lambda: Keys(key, CLIENT.secret),
        lambda: Keys(CLIENT.public, key),
        lambda: Keys(STRANGER.public, CLIENT.secret),
        lambda: Guard(SERVER, frozenset([key])),
        lambda: ringer.connect("infer", "tcp://127.0.0.1:5555", key),
    ):
        with pytest.raises(ConfigError) as error:
            make()
        assert CLIENT.secret.decode() not in str(error.value)


def test_secrets_are_in_no_repr_and_no_log(box, ringer, context, caplog):
    caplog.set_level(logging.DEBUG)
    test_an_unknown_client_is_not_heard(box, ringer, context)
    ringer.connect("infer", box.endpoint, SERVER.public)
    shown = caplog.text + repr([SERVER, CLIENT, STRANGER, GUARD, box, ringer]) + str([SERVER, GUARD]) + f"{GUARD}"
    assert SERVER.public.decode() in shown
    assert "CURVE" in caplog.text
    for keys in (SERVER, CLIENT, STRANGER):
        assert keys.secret.decode() not in shown


def test_every_pair_is_new():
    assert len({Keys.new().secret for _ in range(8)}) == 8
