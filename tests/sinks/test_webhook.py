"""Webhooks: signed, in order, tried again, never in the way; killed at any line, no event is lost and no id changes."""

import hashlib
import hmac
import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError
from streamseg.provenance import config_sha256
from streamseg.sinks import build_sink, check_delivery, sink_kinds
from streamseg.sinks.signature import sign
from tests.brokers import free_port, until
from tests.sinks.kills import Death, Task, nursery, run_undisturbed
from tests.sinks.scenes import extraction, info, make_track

KEY = "a key of more than sixteen characters"
STREAM = StreamConfig(source="gate.mp4", name="gate")


class Receiver(ThreadingHTTPServer):
    """A real server; answers(n) is the status of request n, from 0. requests: what it took, as (headers, body)."""

    daemon_threads = True
    block_on_close = False

    def __init__(
        self, answers: Callable[[int], int] = lambda _: 200, headers: dict[str, str] | None = None, port: int = 0
    ):
        super().__init__(("127.0.0.1", port), _Handler)
        self.answers, self.headers = answers, headers or {}
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        if len(body) < size:
            return  # the sender was killed in the middle of it
        number = len(self.server.requests)
        self.server.requests.append((dict(self.headers), body))
        self.server.paths.append(self.path)
        self.send_response(self.server.answers(number))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiver(*arguments: Any) -> Iterator[Receiver]:
    with Receiver(*arguments) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMSEG_WEBHOOK_KEY", KEY)


def config(url: str, **webhook: Any) -> Config:
    return Config.model_validate({"webhook": {"url": url, "finish_s": 20, "retry_max_s": 0.1} | webhook})


def sink(url: str, **webhook: Any):
    return build_sink("webhook", config(url, **webhook), STREAM, version="1")


def appearing(seq: int):
    """A frame with an object that was not there before, and without the one before."""
    return extraction(seq, tracks=(make_track(seq + 1),))


def told(server: Receiver, frames: int, **webhook: Any) -> list[tuple[str, int]]:
    """What a server hears of some frames: event and track."""
    one = sink(server.url, **webhook)
    assert one.open(info("gate")) == -1
    for seq in range(frames):
        assert one.write(appearing(seq))
    one.close()
    return [(body["event"], body["track"]) for body in server.bodies()]


WANTED = [("appeared", 1), ("ended", 1), ("appeared", 2), ("ended", 2)]


def test_events_come_in_order_signed_and_with_ids_of_their_own() -> None:
    with receiver() as server:
        assert told(server, 2) == WANTED
    for headers, body in server.requests:
        time_s, given = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["Streamseg-Signature"]).groups()
        made = hmac.new(KEY.encode(), f"{time_s}.".encode() + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(made, given)
        assert (headers["Content-Type"], headers["User-Agent"]) == ("application/json", "streamseg/1")
        assert json.loads(body)["id"] == headers["Streamseg-Event-Id"]
    assert len({body["id"] for body in server.bodies()}) == 4
    assert {body["stream"] for body in server.bodies()} == {"gate"}


def test_a_signature_of_a_known_key_body_and_time() -> None:
    wanted = hmac.new(b"k" * 16, b"1767225600.{}", hashlib.sha256).hexdigest()
    assert sign(b"k" * 16, b"{}", 1767225600) == f"t=1767225600,v1={wanted}"


@pytest.mark.parametrize("status", [500, 503, 408, 429])
def test_what_fails_is_tried_again_before_what_follows(status: int) -> None:
    with receiver(lambda number: status if number in (0, 1, 3) else 200) as server:
        heard = told(server, 2)
    assert heard == [WANTED[0]] * 3 + [WANTED[1]] * 2 + WANTED[2:]


@pytest.mark.parametrize("status", [400, 404, 410, 301, 307])
def test_what_is_refused_is_given_up_and_told(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """A redirect, too: what is signed for one address is not sent to another."""
    with (
        receiver() as other,
        receiver(lambda number: status if number == 0 else 200, {"Location": other.url}) as server,
    ):
        assert told(server, 2) == WANTED
        assert not other.requests
    assert f"given_up=1 answer={status}" in caplog.text
    assert "delivered=3 given_up=1 overflowed=0 undelivered=0" in caplog.text


def test_what_is_too_old_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    with receiver(lambda number: 500 if number == 0 else 200) as server:
        assert told(server, 2, give_up_s=1e-6) == WANTED
    assert "given_up=1 too_old=1 answer=500" in caplog.text


def test_a_receiver_that_stalls_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """All frames are written while the first request hangs; the oldest events are lost, but not the one in hand."""
    gate = threading.Event()
    with receiver(lambda _: 200 if gate.wait(30) else 500) as server:
        one = sink(server.url, queue=10)
        one.open(info("gate"))
        assert one.write(appearing(0))
        until(lambda: len(server.requests) == 1)
        written = [one.write(appearing(seq)) for seq in range(1, 101)]
        gate.set()
        one.close()
    assert written == [True] * 4 + [False] * 96
    heard = [(body["event"], body["track"]) for body in server.bodies()]
    assert heard[0] == ("appeared", 1)
    assert heard[-2:] == [("appeared", 101), ("ended", 101)]
    assert len(heard) + int(re.search(r"overflowed=(\d+)", caplog.text)[1]) == 2 * 101


def test_a_request_without_an_answer_is_made_again() -> None:
    hang = threading.Event()
    with receiver(lambda number: 200 if number or hang.wait(30) else 500) as server:
        heard = told(server, 1, timeout_s=0.2)
        hang.set()
    assert heard == [WANTED[0], *WANTED[:2]]


def test_a_receiver_that_is_away_gets_all_when_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    one = sink(f"http://127.0.0.1:{port}/hook")
    one.open(info("gate"))
    one.write(appearing(0))
    until(lambda: "cannot deliver" in caplog.text)
    with receiver(lambda _: 200, None, port) as server:
        one.close()
    assert [(body["event"], body["track"]) for body in server.bodies()] == WANTED[:2]


def test_what_cannot_be_delivered_in_the_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with receiver(lambda _: 500) as server:
        told(server, 2, finish_s=0.1)
    assert "undelivered=4" in caplog.text


def test_a_successor_sends_what_its_predecessor_could_not() -> None:
    with receiver(lambda _: 500) as failing:
        one = sink(failing.url, finish_s=0)
        one.open(info("gate"))
        one.write(appearing(0))
        position = one.settle()
        one.close()
    with receiver() as server:
        successor = sink(server.url)
        assert successor.open(info("gate"), position) == 0
        assert successor.write(appearing(0)) and successor.write(appearing(1))
        successor.close()
        assert [(body["event"], body["track"]) for body in server.bodies()] == WANTED
    assert server.bodies()[0]["id"] == failing.bodies()[0]["id"]


def test_killed_at_any_line_no_event_is_missing_and_ids_stay(tmp_path: Path) -> None:
    rng = random.Random(8)
    deaths = [Death(lines=rng.randint(1, 300)) for _ in range(60)]
    with receiver(lambda number: 503 if number % 7 == 3 else 200) as server, nursery() as nurse:
        task = Task("webhook", str(tmp_path), 60, more=config(server.url).model_dump(mode="json", include={"webhook"}))
        killed = nurse.survive(task, iter(deaths), again=1)
    assert killed > 15
    by_id: dict[str, set[bytes]] = {}
    for _, body in server.requests:
        by_id.setdefault(json.loads(body)["id"], set()).add(body)
    assert all(len(bodies) == 1 for bodies in by_id.values()), "one id, two events"
    assert len({name.split("-")[0] for name in by_id}) == 1, "another run"
    folder = run_undisturbed(Task("events", str(tmp_path / "undisturbed"), 60))
    wanted = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    firsts = [json.loads(next(iter(bodies))) for bodies in by_id.values()]
    assert [{key: value for key, value in event.items() if key not in ("id", "stream")} for event in firsts] == wanted


def test_secrets_are_in_no_log_and_change_no_digest(caplog: pytest.LogCaptureFixture) -> None:
    with receiver(lambda number: 500 if number < 2 else 200) as server:
        url = server.url.replace("//", "//user:pass%20word@") + "/T00/hidden?token=hidden"
        told_url = config(url)
        one = build_sink("webhook", told_url, STREAM, version="1")
        one.open(info("gate"))
        one.write(appearing(0))
        one.close()
    assert server.requests[0][0]["Authorization"] == "Basic dXNlcjpwYXNzIHdvcmQ="
    assert server.paths[0] == "/hook/T00/hidden?token=hidden"
    assert "webhook=http://127.0.0.1" in caplog.text
    assert not re.search("pass|word|hidden|user:|sixteen", caplog.text)
    assert config_sha256(told_url, STREAM) == config_sha256(Config(), STREAM)


@pytest.mark.parametrize("value", [None, "", "short"])
def test_a_run_without_a_key_does_not_begin(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STREAMSEG_WEBHOOK_KEY")
    if value is not None:
        monkeypatch.setenv("STREAMSEG_WEBHOOK_KEY", value)
    assert sink_kinds(config("http://a/b"))[-1] == "webhook"
    with pytest.raises(ConfigError, match=r"webhook\.key_env: .*STREAMSEG_WEBHOOK_KEY"):
        check_delivery(config("http://a/b"))
    check_delivery(Config())


@pytest.mark.parametrize("url", ["ftp://a/b", "file:///etc/passwd", "http://", "http://:80/", "http://a:99999/", "a/b"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        config(url)
