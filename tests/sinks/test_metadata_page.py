"""The examples of docs/metadata.md do what it says."""

import contextlib
import json
import re
import sys
import threading
import time
import types
from pathlib import Path

import msgspec
import pytest
import yaml

from streamseg.config import Config
from streamseg.sinks.signature import sign
from tests.brokers import free_port
from tests.sinks.scenes import info, validator
from tests.sinks.test_publish import appearing, sink

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "metadata.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_subscriber_prints_what_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    [program] = [block for block in blocks("python") if "zmq.SUB" in block]
    port = free_port()
    unpack = types.SimpleNamespace(unpackb=msgspec.msgpack.decode)
    monkeypatch.setitem(sys.modules, "msgpack", unpack)
    lines: list[str] = []

    class Enough(Exception):
        pass

    def keep(*words: object) -> None:
        lines.append(" ".join(map(str, words)))
        if len(lines) >= 4:
            raise Enough

    def subscribe() -> None:
        scope: dict[str, object] = {"print": keep}
        with contextlib.suppress(Enough):
            exec(program.replace("5556", str(port)), scope)
        scope["socket"].close(0)

    one = sink(f"tcp://127.0.0.1:{port}")
    one.open(info("gate"))
    thread = threading.Thread(target=subscribe, daemon=True)
    thread.start()
    for seq in range(1000):
        one.write(appearing(seq))
        thread.join(0.02)
        if not thread.is_alive():
            break
    one.close()
    assert len(program.splitlines()) == 10
    kinds = {re.sub(r"\d+", "N", line)[:18] for line in lines}
    assert len(lines) == 4 and all(kind.startswith(("gate/objects N N [", "gate/events N N ")) for kind in kinds)


def test_the_receiver_believes_only_what_was_signed_of_late() -> None:
    [program] = [block for block in blocks("python") if "hmac" in block]
    scope: dict[str, object] = {}
    exec(program, scope)
    is_genuine, key, body, now_s = (
        scope["is_genuine"],
        b"a key of the two of us",
        b'{"event": "enter"}',
        int(time.time()),
    )
    assert is_genuine(sign(key, body, now_s), body, key)
    assert not is_genuine(sign(b"another key of theirs", body, now_s), body, key)
    assert not is_genuine(sign(key, body, now_s), body + b" ", key)
    assert not is_genuine(sign(key, body, now_s).replace(str(now_s), str(now_s + 1)), body, key)
    assert not is_genuine(sign(key, body, now_s - 3600), body, key)
    assert not is_genuine("", body, key)


def test_the_event_is_one() -> None:
    event = json.loads(blocks("json")[0])
    del event["id"], event["stream"]
    validator("events").validate(event)


def test_the_yaml_is_valid() -> None:
    examples = blocks("yaml")
    assert len(examples) == 2
    for example in examples:
        Config.model_validate(yaml.safe_load(re.sub(r'"yX7.*?"', f'"{"a" * 40}"', example)))
