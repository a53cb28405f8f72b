"""Events, and on request objects, to an MQTT broker; one connection a stream, whose last will tells that it is gone."""

import contextlib
import logging
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

from streamseg.config import Config, StreamConfig
from streamseg.config_metadata import MqttConfig
from streamseg.errors import ConfigError, SinkError
from streamseg.sinks.courier import Fate
from streamseg.sinks.delivery import Cargo, DeliverySink
from streamseg.sinks.outbox import Letter
from streamseg.sinks.secrets_env import MQTT_MISSING, mqtt_password

if TYPE_CHECKING:
    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessageInfo
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

log = logging.getLogger(__name__)

ONLINE, OFFLINE = b"online", b"offline"
_KEEPALIVE_S = 20
"""The broker takes a connection for dead, and tells the last will, after one and a half times as long."""
_RECONNECT_S, _RECONNECT_MAX_S = 1, 30
_LOOK_EVERY_S = 0.25
_GOODBYE_S = 0.8
_CLIENT_ID_MOST = 23
"""A broker may refuse longer ones (MQTT 3.1.1, 3.1.3.1)."""


def mqtt_sink(config: Config, stream: StreamConfig) -> DeliverySink:
    """The sink of one stream; opening it needs paho-mqtt, and the password in the environment where one is named."""
    mqtt, masks = config.mqtt, config.objects.masks
    cargo = Cargo(mqtt.queue, mqtt.finish_s, mqtt.events, mqtt.objects, masks)
    topic = mqtt.topic.replace("{stream}", stream.name or "")
    return DeliverySink("mqtt", stream, cargo, lambda run: MqttCarrier(mqtt, topic, run))


class MqttCarrier:
    """Publishes letters one at a time; with qos 1 each stays in hand until the broker has acknowledged it.

    A thread of paho's keeps the connection, and makes it anew with growing waits. A successor has the name that its
    predecessor had at the broker, which ends the old connection: its last will cannot come after the new one's state.

    Args:
        config: where the broker is, and what it is given.
        topic: without what follows the last slash.
        run: the run's own name.
    """

    def __init__(self, config: MqttConfig, topic: str, run: str):
        self._config, self._topic = config, topic
        self._place = f"{config.host}:{config.port}"
        self._up = threading.Event()
        self._acknowledged: set[int] = set()
        self._told = threading.Condition()
        self._failing = False
        self._client = self._connected(_paho(), f"streamseg{run}"[:_CLIENT_ID_MOST])

    def carry(self, letter: Letter, stopping: threading.Event) -> Fate:
        topic = f"{self._topic}/{letter.kind}"
        qos = self._config.qos if letter.kind == "events" else 0
        while not stopping.is_set():
            if not self._up.wait(_LOOK_EVERY_S):
                continue
            with self._told:
                self._acknowledged.clear()  # a number from long ago would acknowledge this letter
            info = self._client.publish(topic, letter.body, qos)
            if self._went(info, stopping, kept=qos > 0):
                return "delivered"
        return "stopped"

    def end(self) -> None:
        """Tell that the stream is offline, as the last will would, and disconnect."""
        if self._up.is_set() and self._config.retain_state:
            info = self._client.publish(f"{self._topic}/state", OFFLINE, 1, retain=True)
            with self._told:
                self._told.wait_for(lambda: info.mid in self._acknowledged, _GOODBYE_S)
        self._client.disconnect()
        self._client.loop_stop()
        # the two refer to each other: without this its descriptors stay open until a garbage collection
        self._client.on_connect = self._client.on_disconnect = None
        self._client.on_connect_fail = self._client.on_publish = None

    def _connected(self, paho: ModuleType, client_id: str) -> "Client":
        config = self._config
        client: Client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id)
        if config.user is not None:
            client.username_pw_set(config.user, mqtt_password(config))
        if config.tls:
            try:
                client.tls_set(None if config.ca_file is None else str(config.ca_file))
            except OSError as error:
                raise SinkError(f"mqtt.ca_file {config.ca_file}: {error.strerror or error}") from error
        if config.retain_state:
            client.will_set(f"{self._topic}/state", OFFLINE, 1, retain=True)
        client.reconnect_delay_set(_RECONNECT_S, _RECONNECT_MAX_S)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_connect_fail, client.on_publish = self._on_connect_fail, self._on_publish
        client.connect_async(config.host or "", config.port, _KEEPALIVE_S)
        client.loop_start()
        return client

    def _went(self, info: "MQTTMessageInfo", stopping: threading.Event, *, kept: bool) -> bool:
        """Wait until a message is acknowledged (qos 0: written); kept: the client sends it again by itself."""
        with self._told:
            while not stopping.is_set() and (kept or self._up.is_set()):
                if self._told.wait_for(lambda: info.mid in self._acknowledged, _LOOK_EVERY_S):
                    return True
        return False

    def _on_connect(
        self, client: "Client", _: Any, _flags: "ConnectFlags", code: "ReasonCode", _more: "Properties | None"
    ) -> None:
        if code.is_failure:
            self._told_ill(str(code))
            return
        if self._config.retain_state:
            client.publish(f"{self._topic}/state", ONLINE, 1, retain=True)
        log.info("mqtt=%s topic=%s state=online", self._place, self._topic)
        self._failing = False
        self._up.set()

    def _on_disconnect(
        self, _client: "Client", _: Any, _flags: "DisconnectFlags", code: "ReasonCode", _more: "Properties | None"
    ) -> None:
        self._up.clear()
        if code.is_failure:
            self._told_ill(str(code))

    def _on_connect_fail(self, _client: "Client", _: Any) -> None:
        self._told_ill("cannot be reached")

    def _on_publish(self, _client: "Client", _: Any, mid: int, _code: "ReasonCode", _more: "Properties") -> None:
        with self._told:
            self._acknowledged.add(mid)
            self._told.notify_all()

    def _told_ill(self, reason: str) -> None:
        if not self._failing:
            log.warning("mqtt=%s topic=%s tries again: %s", self._place, self._topic, reason)
        self._failing = True


def _paho() -> ModuleType:
    with contextlib.suppress(ImportError):
        import paho.mqtt.client

        return paho.mqtt.client
    raise ConfigError(MQTT_MISSING)
