"""MQTT with a real broker: events at least once with ids that stay, a state with a last will, never in the way."""

import gc
import json
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError
from streamseg.sinks import build_sink, check_delivery
from tests.brokers import Subscriber, broker, free_port, until
from tests.conftest import require_debian
from tests.sinks.kills import Death, Task, nursery, run_undisturbed
from tests.sinks.scenes import extraction, info, make_track

STREAM = StreamConfig(source="gate.mp4", name="gate")
EVENTS, OBJECTS, STATE = (f"streamseg/gate/{kind}" for kind in ("events", "objects", "state"))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with broker() as number:
        yield number


def config(port: int, **mqtt: Any) -> Config:
    return Config.model_validate({"mqtt": {"host": "127.0.0.1", "port": port, "finish_s": 20} | mqtt})


def sink(port: int, **mqtt: Any):
    return build_sink("mqtt", config(port, **mqtt), STREAM, version="1")


def appearing(seq: int):
    """A frame with an object that was not there before, and without the one before."""
    return extraction(seq, tracks=(make_track(seq + 1),))


def told(heard: Subscriber, topic: str = EVENTS) -> list[tuple[str, int]]:
    return [(event["event"], event["track"]) for event in map(json.loads, heard.payloads(topic))]


WANTED = [("appeared", 1), ("ended", 1), ("appeared", 2), ("ended", 2)]


@pytest.mark.parametrize("qos", [0, 1])
def test_events_come_in_order_between_online_and_offline(port: int, qos: int) -> None:
    with Subscriber(port, "streamseg/gate/#") as heard:
        before = len(heard.messages)  # a state that is retained
        one = sink(port, qos=qos)
        assert one.open(info("gate")) == -1
        assert one.write(appearing(0)) and one.write(appearing(1))
        one.close()
        until(lambda: heard.payloads(STATE)[-1:] == [b"offline"] and len(heard.messages) >= before + 6)
        assert told(heard) == WANTED
        assert heard.payloads(STATE)[-2:] == [b"online", b"offline"]
        assert len({json.loads(body)["id"] for body in heard.payloads(EVENTS)}) == 4


def test_objects_come_as_lines_of_objects_jsonl(port: int) -> None:
    with Subscriber(port, "cameras/+/gate/#") as heard:
        one = sink(port, topic="cameras/north/{stream}", events=False, objects=True, retain_state=False)
        one.open(info("gate"))
        assert one.write(appearing(0))
        one.close()
        until(lambda: len(heard.messages) == 1)
    [(topic, body, retained)] = heard.messages
    line = json.loads(body)
    assert (topic, retained, line["seq"], line["stream"]) == ("cameras/north/gate/objects", False, 0, "gate")
    assert line["objects"][0]["id"] == 1 and line["objects"][0]["mask"]["counts"]


def test_a_broker_that_is_away_holds_up_nobody_and_gets_what_is_queued(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    one = sink(port, queue=10, objects=True)
    one.open(info("gate"))
    until(lambda: "cannot be reached" in caplog.text)
    written = [one.write(appearing(seq)) for seq in range(20)]
    assert written[:5] == [True] * 5 and written[-1] is False
    assert "the oldest events are lost queue=10" in caplog.text
    with broker(port), Subscriber(port, "streamseg/gate/#") as heard:
        one.close()
        until(lambda: told(heard)[-1:] == [("ended", 20)])
    assert len(told(heard)) == 10
    assert "delivered=" in caplog.text and "overflowed=30 undelivered=0" in caplog.text


def test_a_broker_that_is_started_anew_is_found_again() -> None:
    port = free_port()
    with broker(port), Subscriber(port, "streamseg/gate/#") as heard:
        one = sink(port)
        one.open(info("gate"))
        one.write(appearing(0))
        until(lambda: told(heard) == WANTED[:1])
    one.write(appearing(1))
    with broker(port), Subscriber(port, "streamseg/gate/#") as heard:
        one.close()
        until(lambda: told(heard)[-1:] == WANTED[-1:])
    assert told(heard) in (WANTED[1:], WANTED[2:])  # the first of them may have come before the subscriber did
    assert heard.messages[0][0] == STATE


def test_streams_that_come_and_go_leave_nothing(port: int) -> None:
    """Whether the broker is there or not."""

    def come_and_go(where: int, **keys: Any) -> tuple[int, int]:
        one = sink(where, **keys)
        one.open(info("gate"))
        one.write(appearing(0))
        one.close()
        until(lambda: not any(thread.name.startswith(("courier-", "paho-")) for thread in threading.enumerate()))
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    gc.collect()  # what other tests have left
    left = [come_and_go(where, **keys) for where, keys in [(port, {}), (free_port(), {"finish_s": 0})] * 4]
    assert left == left[:1] * 8


def test_its_last_will_says_that_it_is_gone(port: int) -> None:
    program = f"""if True:
        import os, signal, sys
        from tests.sinks.test_mqtt import appearing, info, sink
        one = sink({port})
        one.open(info("gate"))
        one.write(appearing(0))
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGKILL)
    """
    with Subscriber(port, "streamseg/gate/#") as heard:
        root = Path(__file__).resolve().parents[2]
        child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, cwd=root)
        until(lambda: told(heard) == WANTED[:1])
        assert heard.payloads(STATE)[-1] == b"online"
        child.communicate()
        until(lambda: heard.payloads(STATE)[-1] == b"offline")
    with Subscriber(port, STATE) as later:
        later.wait(1)
        assert later.messages == [(STATE, b"offline", True)]


def test_killed_at_any_line_no_event_is_missing_and_ids_stay(port: int, tmp_path: Path) -> None:
    rng = random.Random(9)
    deaths = [Death(lines=rng.randint(1, 400)) for _ in range(40)]
    more = config(port).model_dump(mode="json", include={"mqtt"})
    with Subscriber(port, "streamseg/street/#") as heard, nursery() as nurse:
        killed = nurse.survive(Task("mqtt", str(tmp_path), 60, more=more), iter(deaths), again=1)
        until(lambda: heard.payloads("streamseg/street/state")[-1:] == [b"offline"])
    assert killed > 10
    by_id: dict[str, set[bytes]] = {}
    for body in heard.payloads("streamseg/street/events"):
        by_id.setdefault(json.loads(body)["id"], set()).add(body)
    assert all(len(bodies) == 1 for bodies in by_id.values()), "one id, two events"
    folder = run_undisturbed(Task("events", str(tmp_path / "undisturbed"), 60))
    wanted = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    firsts = [json.loads(next(iter(bodies))) for bodies in by_id.values()]
    assert [{key: value for key, value in event.items() if key not in ("id", "stream")} for event in firsts] == wanted


def test_a_password_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    require_debian("mosquitto", shutil.which("mosquitto_passwd") is not None)
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "cam", "open sesame"], check=True, capture_output=True)
    login = {"user": "cam", "password_env": "BROKER_PASSWORD"}
    with broker(None, "allow_anonymous false", f"password_file {passwords}") as port:
        with pytest.raises(ConfigError, match=r"mqtt\.password_env: environment variable BROKER_PASSWORD is not set"):
            check_delivery(config(port, **login))
        for password in ("wrong", "open sesame"):
            monkeypatch.setenv("BROKER_PASSWORD", password)
            check_delivery(config(port, **login))
            with Subscriber(port, "streamseg/gate/#", username="cam", password="open sesame") as heard:
                one = sink(port, **login, finish_s=20 if password == "open sesame" else 0)
                one.open(info("gate"))
                one.write(appearing(0))
                until(lambda heard=heard: bool(heard.payloads(STATE)) or "uthori" in caplog.text)
                one.close()
                if password == "open sesame":
                    until(lambda heard=heard: told(heard) == WANTED[:2])
    assert "sesame" not in caplog.text


def test_an_encrypted_connection_to_a_broker_that_is_known(tmp_path: Path) -> None:
    require_debian("openssl", shutil.which("openssl") is not None)
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=broker"
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([*command.split(), *more], check=True, capture_output=True)
    lines = "allow_anonymous true", f"keyfile {key}", f"certfile {certificate}", f"listener {free_port()} 127.0.0.1"
    with broker(None, *lines) as port, Subscriber(int(lines[-1].split()[1]), "streamseg/gate/#") as heard:
        one = sink(port, tls=True, ca_file=str(certificate))
        one.open(info("gate"))
        one.write(appearing(0))
        one.close()
        until(lambda: told(heard) == WANTED[:2])


def test_without_paho_the_command_to_get_it_is_named(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paho", None)
    monkeypatch.setitem(sys.modules, "paho.mqtt", None)
    with pytest.raises(ConfigError, match=r"pip install 'streamseg\[mqtt\]'"):
        sink(port).open(info("gate"))


@pytest.mark.parametrize(
    "mqtt", [{"topic": "street"}, {"topic": "a/+/{stream}"}, {"qos": 2}, {"password_env": "P"}, {"ca_file": "a.pem"}]
)
def test_what_cannot_be_is_refused(mqtt: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"topic|qos|password_env|ca_file"):
        config(1883, **mqtt)
