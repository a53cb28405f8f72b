"""A real MQTT broker for tests, and a subscriber that keeps what it hears.

with broker() as port, Subscriber(port, "streamseg/#") as heard: heard.wait(3)
"""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho

from tests.conftest import require_debian

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
PATIENCE_S = 30


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def broker(port: int | None = None, *lines: str) -> Iterator[int]:
    """Mosquitto on this machine, with lines of configuration; gives its port."""
    require_debian("mosquitto", Path(MOSQUITTO).exists())
    port = port or free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mosquitto.conf"
        lines = lines or ("allow_anonymous true",)
        config.write_text("\n".join((f"listener {port} 127.0.0.1", "user root", *lines)) + "\n")
        process = subprocess.Popen([MOSQUITTO, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: _answers(port))
            yield port
        finally:
            process.kill()
            process.wait()


class Subscriber:
    """Hears all messages of a topic filter: `messages` holds (topic, payload, retained), in the order they came."""

    def __init__(self, port: int, topic: str, **login: str):
        self.messages: list[tuple[str, bytes, bool]] = []
        self._subscribed = False
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if login:
            self._client.username_pw_set(**login)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: setattr(self, "_subscribed", True)
        self._client.on_message = lambda _c, _u, message: self.messages.append(
            (message.topic, message.payload, message.retain)
        )
        until(lambda: _answers(port))
        self._client.connect("127.0.0.1", port)

    def payloads(self, topic: str) -> list[bytes]:
        """What came on one topic."""
        return [payload for where, payload, _ in list(self.messages) if where == topic]

    def wait(self, count: int) -> None:
        """Wait for so many messages."""
        until(lambda: len(self.messages) >= count)

    def __enter__(self) -> Self:
        self._client.loop_start()
        until(lambda: self._subscribed)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def until(true: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
