"""The sections of the YAML that send metadata elsewhere: publish, mqtt, webhook. See docs/metadata.md."""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from streamseg.config_section import EnvName, Section

CurveKey = Annotated[str, Field(pattern=r"^[0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#-]{40}$")]


class PublishConfig(Section):
    """ZeroMQ PUB: objects of every frame, and events, for whoever subscribes on this machine. See docs/metadata.md."""

    endpoint: str | None = Field(
        None,
        pattern=r"^(ipc:///\S+|tcp://(\*|[\w.-]+):\d{1,5})$",
        description="ipc:///path/of/a/socket or tcp://127.0.0.1:5556; null: nothing is published",
    )
    objects: bool = Field(True, description="a message for every frame; with masks where objects.masks is set")
    events: bool = Field(True, description="a message for every event")
    queue: int = Field(1000, ge=1, le=100_000, description="messages that wait for a slow subscriber; it loses others")
    key_env: EnvName | None = Field(
        None, description="environment variable with the CURVE secret key; needed beyond 127.0.0.1"
    )
    subscribers: tuple[CurveKey, ...] = Field(
        (), description="public CURVE keys of those who may subscribe, with key_env"
    )

    @model_validator(mode="after")
    def _check(self) -> "PublishConfig":
        if self.endpoint is None:
            return self
        if not (self.objects or self.events):
            raise ValueError("objects and events: both are off; at least one must be on")
        tcp = self.endpoint.startswith("tcp:")
        if self.key_env is not None and not (tcp and self.subscribers):
            raise ValueError("key_env: is for a tcp endpoint with subscribers, which may not be empty")
        if tcp and self.key_env is None and not re.match(r"tcp://127\.\d+\.\d+\.\d+:", self.endpoint):
            raise ValueError("endpoint: other machines reach it; allowed are ipc, tcp://127.0.0.1, others with key_env")
        return self


class MqttConfig(Section):
    """MQTT 3.1.1: events, and on request objects, to a broker. Needs pip install 'streamseg[mqtt]'."""

    host: str | None = Field(None, min_length=1, description="of the broker; null: nothing is sent")
    port: int = Field(1883, ge=1, le=65535, description="usually 8883 with tls")
    tls: bool = Field(False, description="encrypt, and check the broker's certificate")
    ca_file: Path | None = Field(None, description="certificates to trust, with tls; default: the system's")
    user: str | None = Field(None, description="name to log in with")
    password_env: EnvName | None = Field(None, description="environment variable with the password of user")
    topic: str = Field(
        "streamseg/{stream}",
        pattern=r"^[^+#\s]*\{stream\}[^+#\s]*$",
        max_length=256,
        description="begin of the topics <topic>/events, <topic>/objects and <topic>/state",
    )
    qos: Literal[0, 1] = Field(1, description="of events; 1: at least once")
    objects: bool = Field(False, description="a message for every frame, which may be lost")
    events: bool = Field(True, description="a message for every event")
    retain_state: bool = Field(True, description="keep <topic>/state: online or offline")
    queue: int = Field(1000, ge=10, le=10_000, description="events that wait for the broker; the oldest are lost first")
    finish_s: float = Field(5.0, ge=0, le=20, description="at a stream's end wait so long for what is queued, s")

    @model_validator(mode="after")
    def _check(self) -> "MqttConfig":
        if self.password_env is not None and self.user is None:
            raise ValueError("password_env: needs user, too")
        if self.ca_file is not None and not self.tls:
            raise ValueError("ca_file: is for tls: true")
        return self


class WebhookConfig(Section):
    """POST of every event to a URL, signed. See docs/metadata.md."""

    url: str | None = Field(None, pattern=r"^https?://[!-~]+$", description="http(s)://...; null: nothing is sent")
    key_env: EnvName = Field(
        "STREAMSEG_WEBHOOK_KEY", description="environment variable with the key of signatures, 16 characters or more"
    )
    timeout_s: float = Field(10.0, gt=0, le=300, description="wait so long to connect, and for the answer")
    retry_max_s: float = Field(60.0, gt=0, le=3600, description="longest wait between two tries")
    give_up_s: float = Field(
        3600.0, gt=0, le=604_800, description="an event that cannot be delivered for so long is lost"
    )
    queue: int = Field(1000, ge=10, le=10_000, description="events that wait; the oldest are lost first")
    finish_s: float = Field(5.0, ge=0, le=20, description="at a stream's end wait so long for what is queued, s")

    @model_validator(mode="after")
    def _check(self) -> "WebhookConfig":
        if self.url is not None:
            try:
                parts = urlsplit(self.url)
                usable = bool(parts.hostname) and parts.port != 0
            except ValueError:
                usable = False
            if not usable:
                raise ValueError("url: has no host, or no port that there is; http(s)://HOST[:PORT]/PATH is needed")
        return self
