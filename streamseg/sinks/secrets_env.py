"""Secrets come from environment variables named in the YAML; what is missing is told before a run begins."""

import importlib.util
import os

import zmq

from streamseg.config import Config
from streamseg.config_metadata import MqttConfig, PublishConfig, WebhookConfig
from streamseg.errors import ConfigError
from streamseg.runtime.curve import Keys

_SHORTEST_KEY = 16
MQTT_MISSING = "mqtt: needs paho-mqtt: pip install 'streamseg[mqtt]'"


def check_delivery(config: Config) -> None:
    """ConfigError if what is to be sent elsewhere lacks a secret or a package on this machine."""
    if config.publish.endpoint is not None:
        curve_keys(config.publish)
    if config.mqtt.host is not None:
        if importlib.util.find_spec("paho") is None:
            raise ConfigError(MQTT_MISSING)
        mqtt_password(config.mqtt)
    if config.webhook.url is not None:
        webhook_key(config.webhook)


def curve_keys(config: PublishConfig) -> Keys | None:
    """The key pair of a CURVE server, from its secret one; None where none is named."""
    if config.key_env is None:
        return None
    secret = _secret(config.key_env, "publish.key_env")
    try:
        return Keys(zmq.curve_public(secret), secret)
    except (zmq.ZMQError, ValueError) as error:
        raise ConfigError(
            f"publish.key_env: {config.key_env} holds no CURVE secret key, which has 40 characters of Z85"
        ) from error


def mqtt_password(config: MqttConfig) -> str | None:
    """The password at the broker; None where none is named."""
    return None if config.password_env is None else _secret(config.password_env, "mqtt.password_env").decode()


def webhook_key(config: WebhookConfig) -> bytes:
    """The key of signatures; ConfigError if it is shorter than 16 bytes."""
    key = _secret(config.key_env, "webhook.key_env")
    if len(key) < _SHORTEST_KEY:
        raise ConfigError(
            f"webhook.key_env: the key in {config.key_env} has {len(key)} characters; {_SHORTEST_KEY} are the least"
        )
    return key


def _secret(variable: str, key: str) -> bytes:
    """What an environment variable holds; the value is in no message."""
    value = os.environb.get(variable.encode(), b"")
    if not value:
        raise ConfigError(f"{key}: environment variable {variable} is not set; export {variable}=... before the run")
    return value
