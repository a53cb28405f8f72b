"""A sink that waits for somebody at its stream's end: the station goes on meanwhile."""

import os
import threading
from collections.abc import Iterator
from fractions import Fraction

import pytest

from streamseg.config import ModelConfig, StreamConfig
from streamseg.records import StreamInfo
from streamseg.runtime.hosted import Hosted
from streamseg.runtime.ledger import Ledger
from streamseg.runtime.messages import Closed
from streamseg.runtime.sink_station import SinkStation
from streamseg.runtime.store import make_memory
from tests.brokers import until
from tests.sinks.test_webhook import KEY, appearing, config, receiver, sink

STAGE = "sink:webhook"


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    """A stream without frames; a predecessor could deliver none of its events."""
    monkeypatch.setenv("STREAMSEG_WEBHOOK_KEY", KEY)
    info = StreamInfo("gate", "gate.mp4", (64, 96), Fraction(25), live=False)
    with receiver(lambda _: 500) as away:
        before = sink(away.url, finish_s=0)
        before.open(info)
        before.write(appearing(0))
        position = before.settle()
        before.close()
    fd = make_memory("l", Ledger.size(2))
    stream = Hosted(
        0, "gate", StreamConfig(source="gate.mp4", name="gate"), False, (STAGE,), {}, Ledger(fd, 2), (32, 64), (), False
    )
    stream.info = info
    stream.ledger.commit(0, 0, position)
    yield stream
    os.close(fd)


def test_others_go_on_while_one_waits_for_its_receiver(hosted: Hosted) -> None:
    gate, told = threading.Event(), []
    with receiver(lambda _: 200 if gate.wait(30) else 500) as server:
        station = SinkStation(
            None, STAGE, config(server.url), version="1", closed=told.append, networks=[ModelConfig()]
        )
        station.open(hosted)
        station.end(0)
        assert station.step() is True, "the end was seen"
        assert station.step() is False and told == []
        gate.set()
        until(lambda: bool(told))
    assert told == [Closed(0, STAGE, None)]
    assert [body["event"] for body in server.bodies()] == ["appeared", "ended"]
