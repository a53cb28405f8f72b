"""Events by POST to a URL: signed, in order, tried again until they are taken or too old."""

import base64
import http.client
import logging
import ssl
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from streamseg.capture.backoff import Backoff
from streamseg.config import Config, StreamConfig
from streamseg.config_metadata import WebhookConfig
from streamseg.sinks.courier import Fate
from streamseg.sinks.delivery import Cargo, DeliverySink
from streamseg.sinks.outbox import Letter
from streamseg.sinks.secrets_env import webhook_key
from streamseg.sinks.signature import HEADER, sign

log = logging.getLogger(__name__)

_TRY_AGAIN = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


def webhook_sink(config: Config, stream: StreamConfig, version: str) -> DeliverySink:
    """The sink of one stream; opening it needs the key of signatures in the environment."""
    webhook = config.webhook
    cargo = Cargo(webhook.queue, webhook.finish_s)
    return DeliverySink("webhook", stream, cargo, lambda run: WebhookCarrier(webhook, webhook_key(webhook), version))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: an HTTP status, or None and what went wrong; for how long the receiver asks to wait."""

    status: int | None
    text: str
    wait_s: float = 0.0

    @property
    def taken(self) -> bool:
        """The receiver has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Asking again would give the same answer."""
        return self.status is not None and self.status < 500 and self.status not in _TRY_AGAIN


class WebhookCarrier:
    """Posts letters, each until it is taken, refused or too old. Redirects are not followed, proxies not asked.

    Args:
        config: whereto, and how patiently.
        key: of signatures.
        version: of streamseg, for the receiver's log.
    """

    def __init__(self, config: WebhookConfig, key: bytes, version: str):
        assert config.url, "a webhook without a URL is no sink"
        self._config, self._key = config, key
        parts = urlsplit(config.url)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host, self._port = parts.hostname or "", parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Content-Type": "application/json", "User-Agent": f"streamseg/{version}"}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        self._place = f"{parts.scheme}://{self._host}"
        """For the log: path and query may hold secrets."""
        self._failures = 0
        """In a row; one alone is no news."""

    def carry(self, letter: Letter, stopping: threading.Event) -> Fate:
        backoff = Backoff(self._config.retry_max_s)
        while True:
            answer = self._post(letter)
            if answer.taken:
                self._told_well()
                return "delivered"
            if answer.refused:
                log.error("webhook=%s id=%s given_up=1 answer=%s", self._place, letter.id, answer.text)
                return "given_up"
            if time.monotonic() - letter.since_s > self._config.give_up_s:
                log.error("webhook=%s id=%s given_up=1 too_old=1 answer=%s", self._place, letter.id, answer.text)
                return "given_up"
            self._told_ill(answer)
            if stopping.wait(max(backoff.next_s(), min(answer.wait_s, self._config.retry_max_s))):
                return "stopped"

    def end(self) -> None:
        """There is nothing to let go of: each request has its own connection."""

    def _post(self, letter: Letter) -> Answer:
        connection = self._connection()
        headers = {
            **self._headers,
            "Streamseg-Event-Id": letter.id,
            HEADER: sign(self._key, letter.body, int(time.time())),
        }
        try:
            connection.request("POST", self._target, letter.body, headers)
            response = connection.getresponse()
            wait = response.getheader("Retry-After", "")
            return Answer(response.status, str(response.status), float(wait) if wait.isdecimal() else 0.0)
        except (OSError, http.client.HTTPException) as error:
            return Answer(None, f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        timeout_s = self._config.timeout_s
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)

    def _told_ill(self, answer: Answer) -> None:
        self._failures += 1
        if self._failures == 2:
            log.warning("webhook=%s cannot deliver, tries again answer=%s", self._place, answer.text)

    def _told_well(self) -> None:
        if self._failures >= 2:
            log.info("webhook=%s delivers again", self._place)
        self._failures = 0
