"""ZeroMQ PUB: messages as documented, numbered, to all who may subscribe; nobody holds up the sink."""

import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq

from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError, SinkError
from streamseg.sinks import build_sink, check_delivery
from streamseg.sinks.publish_messages import EventMessage, ObjectsMessage
from tests.brokers import free_port
from tests.sinks.scenes import extraction, info, make_track, validator

PATIENCE_MS = 30_000
Message = tuple[str, dict[str, Any]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of mode 0700, with a short path."""
    with tempfile.TemporaryDirectory(prefix="pub-") as name:
        yield Path(name)


@pytest.fixture
def endpoint(folder: Path) -> str:
    return f"ipc://{folder}/pub"


def config(endpoint: str, **publish: Any) -> Config:
    return Config.model_validate({"publish": {"endpoint": endpoint} | publish})


def sink(endpoint: str, name: str = "gate", **publish: Any):
    return build_sink("publish", config(endpoint, **publish), StreamConfig(source="a.mp4", name=name), version="1")


def appearing(seq: int):
    """A frame with an object that was not there before, and without the one before."""
    return extraction(seq, tracks=(make_track(seq + 1),))


@contextmanager
def subscriber(endpoint: str, topic: str = "", **options: Any) -> Iterator[zmq.Socket[bytes]]:
    """Connected, and known to the publisher: both sides are told when it has subscribed."""
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        for name, value in options.items():
            setattr(socket, name, value)
        socket.linger, socket.rcvtimeo = 0, PATIENCE_MS
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        socket.subscribe(topic)
        socket.connect(endpoint)
        assert monitor.poll(PATIENCE_MS), "nobody publishes there"
        socket.disable_monitor()
        monitor.close()
        yield socket


def heard(socket: zmq.Socket[bytes], count: int) -> list[Message]:
    messages = [socket.recv_multipart() for _ in range(count)]
    return [(topic.decode(), msgspec.msgpack.decode(body)) for topic, body in messages]


def first_heard(one, socket: zmq.Socket[bytes], seq: int = 0) -> int:
    """Write frames until one is heard: a subscription takes a moment to arrive. Gives the next seq."""
    while not socket.poll(0):
        one.write(appearing(seq))
        socket.poll(20)
        seq += 1
    return seq


def test_messages_are_as_documented(endpoint: str) -> None:
    one = sink(endpoint)
    assert one.open(info("gate")) == -1
    with subscriber(endpoint) as socket:
        end = first_heard(one, socket)
        one.write(appearing(end))
        one.close()
        messages = []
        while not messages or messages[-1][1].get("event") != "ended" or messages[-1][1]["track"] != end + 1:
            messages += heard(socket, 1)
    objects = [body for topic, body in messages if topic == "gate/objects"]
    events = [body for topic, body in messages if topic == "gate/events"]
    assert len(objects) + len(events) == len(messages)
    for kind, bodies, extra in (("objects", objects, set()), ("events", events, {"id"})):
        numbers = [body["number"] for body in bodies]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and len(numbers) > 1
        for body in bodies:
            assert (body["version"], body["stream"], body["type"]) == (
                1,
                "gate",
                kind.removesuffix("s") if extra else kind,
            )
            more = {"type", "version", "stream", "run", "number"} | extra
            validator(kind).validate({key: value for key, value in body.items() if key not in more})
    assert len({body["run"] for body in objects + events}) == 1
    assert len({body["id"] for body in events}) == len(events)


def test_the_types_decode_what_was_sent(endpoint: str) -> None:
    decode = msgspec.msgpack.Decoder(ObjectsMessage | EventMessage).decode
    one = sink(endpoint)
    one.open(info("gate"))
    with subscriber(endpoint) as socket:
        first_heard(one, socket)
        kinds = {type(decode(socket.recv_multipart()[1])) for _ in range(2)}
    one.close()
    assert kinds <= {ObjectsMessage, EventMessage}


@pytest.mark.parametrize(("keys", "topic"), [({"events": False}, "gate/objects"), ({"objects": False}, "gate/events")])
def test_one_kind_can_be_left_out(endpoint: str, keys: dict[str, bool], topic: str) -> None:
    one = sink(endpoint, **keys)
    one.open(info("gate"))
    with subscriber(endpoint) as socket:
        end = first_heard(one, socket)
        one.write(appearing(end))
        assert {name for name, _ in heard(socket, 2)} == {topic}
    one.close()


def test_streams_share_one_endpoint_which_lasts_as_long_as_any(endpoint: str, folder: Path) -> None:
    gate, door = sink(endpoint), sink(endpoint, "door")
    gate.open(info("gate"))
    door.open(info("door"))
    assert stat.S_IMODE((folder / "pub").stat().st_mode) == 0o600
    with subscriber(endpoint, "door/") as socket:
        gate.close()
        first_heard(door, socket)
        assert heard(socket, 1)[0][0].startswith("door/")
        door.close()
    assert not any(folder.iterdir())


def test_a_slow_subscriber_loses_messages_and_sees_it(endpoint: str) -> None:
    """Nothing is read until all frames are written, more than fit in any queue between."""
    one = sink(endpoint, queue=5, events=False)
    one.open(info("gate"))
    with subscriber(endpoint, rcvhwm=5, rcvbuf=4096) as socket:
        end = first_heard(one, socket)
        for seq in range(end, end + 3000):
            assert one.write(appearing(seq))
        numbers = []
        while socket.poll(200):
            numbers.append(heard(socket, 1)[0][1]["number"])
        assert 0 < len(numbers) < 3000
        seq = first_heard(one, socket, end + 3000)
        assert heard(socket, 1)[0][1]["number"] >= end + 3000 > numbers[-1] + 1
        assert seq > end + 3000
    one.close()


def test_a_successor_goes_on_with_run_and_numbers(folder: Path) -> None:
    """The predecessor is killed: its socket's file stays, and its last frame is given again."""
    endpoint, kept = f"ipc://{folder}/deep/pub", folder / "position"
    program = f"""if True:
        import os, signal
        from pathlib import Path
        from tests.sinks.test_publish import appearing, info, sink
        one = sink({endpoint!r})
        one.open(info("gate"))
        for seq in range(3):
            one.write(appearing(seq))
        Path({str(kept)!r}).write_bytes(one.settle())
        os.kill(os.getpid(), signal.SIGKILL)
    """
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root).returncode == -signal.SIGKILL
    assert (folder / "deep" / "pub").is_socket()
    assert stat.S_IMODE((folder / "deep").stat().st_mode) == 0o700
    position = kept.read_bytes()
    successor = sink(endpoint)
    assert successor.open(info("gate"), position) == 2
    with subscriber(endpoint) as socket:
        assert successor.write(appearing(2))
        end = first_heard(successor, socket, 3)
        [(_, body)] = heard(socket, 1)
    assert body["number"] == body["seq"] == end - 1 and body["run"].encode() in position
    successor.close()


def test_an_endpoint_that_is_taken_stays_with_its_owner(endpoint: str, folder: Path) -> None:
    one = sink(endpoint)
    one.open(info("gate"))
    program = f"from tests.sinks.test_publish import info, sink; sink({endpoint!r}).open(info('gate'))"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode and f"ConfigError: {folder}/pub: exists already" in done.stderr
    with subscriber(endpoint) as socket:
        first_heard(one, socket)
    one.close()


def test_a_port_that_is_taken_is_named() -> None:
    with zmq.Context() as context, context.socket(zmq.PULL) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")
        with pytest.raises(SinkError, match=rf"publish\.endpoint tcp://127\.0\.0\.1:{port}: Address already in use"):
            sink(f"tcp://127.0.0.1:{port}").open(info("gate"))


def test_a_folder_that_others_can_enter_is_refused(endpoint: str, folder: Path) -> None:
    folder.chmod(0o755)
    with pytest.raises(ConfigError, match="of mode 0755; sockets need a directory of mode 0700"):
        sink(endpoint).open(info("gate"))
    folder.chmod(0o700)


def test_beyond_this_machine_only_those_with_a_key_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    (server, secret), (friend, friends), (stranger, strangers) = (zmq.curve_keypair() for _ in range(3))
    port = free_port()
    monkeypatch.setenv("PUBLISH_KEY", secret.decode())
    one = sink(f"tcp://0.0.0.0:{port}", key_env="PUBLISH_KEY", subscribers=[friend.decode()])
    one.open(info("gate"))
    keys = {"curve_serverkey": server, "curve_publickey": friend, "curve_secretkey": friends}
    with subscriber(f"tcp://127.0.0.1:{port}", **keys) as socket:
        seq = first_heard(one, socket)
    for others in ({}, keys | {"curve_publickey": stranger, "curve_secretkey": strangers}):
        with zmq.Context() as context, context.socket(zmq.SUB) as socket:
            for name, value in others.items():
                setattr(socket, name, value)
            socket.linger = 0
            monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
            socket.subscribe("")
            socket.connect(f"tcp://127.0.0.1:{port}")
            if others:
                assert monitor.poll(PATIENCE_MS)
            for late in range(10):
                one.write(appearing(seq + late))
            seq += 10
            assert not socket.poll(100)
            socket.disable_monitor()
            monitor.close()
    one.close()


@pytest.mark.parametrize(
    ("publish", "reason"),
    [
        ({"endpoint": "tcp://0.0.0.0:5556"}, "other machines reach it"),
        ({"endpoint": "tcp://127.0.0.1.example.org:5556"}, "other machines reach it"),
        ({"endpoint": "tcp://*:5556", "key_env": "K"}, "subscribers, which may not be empty"),
        ({"endpoint": "udp://127.0.0.1:5"}, "pattern"),
        ({"endpoint": "ipc:///run/a", "objects": False, "events": False}, "at least one must be on"),
    ],
)
def test_what_is_not_safe_or_senseless_is_refused(publish: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Config.model_validate({"publish": publish})


def test_several_processes_cannot_own_one_endpoint() -> None:
    with pytest.raises(ValueError, match=r"one process must own it; runtime\.sink_workers is 2"):
        Config.model_validate({"publish": {"endpoint": "ipc:///run/a"}, "runtime": {"sink_workers": 2}})


@pytest.mark.parametrize("value", [None, "no key"])
def test_a_key_that_is_none_is_told(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUBLISH_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("PUBLISH_KEY", value)
    told = config("tcp://*:5556", key_env="PUBLISH_KEY", subscribers=["a" * 40])
    with pytest.raises(ConfigError, match=r"publish\.key_env: .*PUBLISH_KEY"):
        check_delivery(told)
