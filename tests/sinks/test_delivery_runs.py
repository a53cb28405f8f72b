"""A whole job that sends its events everywhere, and whose sinks are killed: all is told, by the same ids."""

import json
import tempfile
from pathlib import Path

import msgspec
import pytest
import zmq

from tests.brokers import Subscriber, broker, until
from tests.results import read_summary
from tests.runtime.jobs import kill_in_turn, left_behind, run
from tests.sinks.test_webhook import KEY, receiver

STREET = "street=synthetic://street?seconds=5&size=160x96&fps=10&seed=5"


@pytest.mark.timeout(180)
def test_what_a_job_tells_is_what_it_wrote_though_its_sinks_die(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMSEG_WEBHOOK_KEY", KEY)
    config = tmp_path / "run.yaml"
    config.write_text("runtime: {placement: fused}\nmqtt: {finish_s: 20}\nwebhook: {finish_s: 20, retry_max_s: 0.2}\n")
    with (
        tempfile.TemporaryDirectory(prefix="pub-") as folder,
        broker() as port,
        Subscriber(port, "streamseg/street/#") as mqtt,
        receiver(lambda number: 500 if number % 5 == 2 else 200) as server,
        zmq.Context() as context,
        context.socket(zmq.SUB) as published,
    ):
        published.linger, published.reconnect_ivl = 0, 20
        published.subscribe("street/")
        published.connect(f"ipc://{folder}/pub")
        flags = "--publish", f"ipc://{folder}/pub", "--mqtt", f"127.0.0.1:{port}", "--webhook", server.url
        with run(
            STREET,
            "--config",
            str(config),
            "--realtime",
            "--no-video",
            "--cutouts",
            "none",
            *flags,
            out=tmp_path / "out",
        ) as job:
            job.wait_for_lines("street", 5)
            assert kill_in_turn(job, "street", ["sinks-0"] * 2, seed=4) == 2
            assert job.finish() == 0
            assert left_behind(job) == []
        until(lambda: mqtt.payloads("streamseg/street/state")[-1:] == [b"offline"])
        messages = []
        while published.poll(200):
            messages.append(msgspec.msgpack.decode(published.recv_multipart()[1]))
        assert not any(Path(folder).iterdir())
    wanted = [json.loads(line) for line in (tmp_path / "out/street/events.jsonl").read_text().splitlines()]
    assert len(wanted) > 5
    assert told(mqtt.payloads("streamseg/street/events")) == wanted
    assert told([body for _, body in server.requests]) == wanted
    assert {message["run"] for message in messages if message["stream"] == "street"} == {messages[0]["run"]}
    for message in messages:
        if message["type"] == "event":
            event = {key: message[key] for key in wanted[0]}
            assert event in wanted
    stream = read_summary(job.out)["streams"]["street"]
    assert (stream["captured"], stream["emitted"], stream["restarts"]) == (50, 50, 2)


def told(bodies: list[bytes]) -> list[dict[str, object]]:
    """Events by the order in which their ids came first; doubles are the same, byte for byte."""
    first: dict[str, bytes] = {}
    for body in bodies:
        assert first.setdefault(json.loads(body)["id"], body) == body
    return [{key: value for key, value in json.loads(b).items() if key not in ("id", "stream")} for b in first.values()]
