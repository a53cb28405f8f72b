"""events.jsonl: lines as its schema has them, whole, and closed with the stream."""

import json

import pytest

from streamseg.config import Config, StreamConfig
from streamseg.errors import SinkError
from streamseg.sinks.events import EventsSink
from tests.sinks.scenes import extraction, info, make_track, validator

STREAM = StreamConfig(
    source="gate.mp4",
    name="gate",
    zones=[{"name": "door", "polygon": [(0, 0), (60, 0), (60, 60), (0, 60)], "dwell_s": 0.1}],
    lines=[{"name": "line", "points": [(45, 0), (45, 64)]}],
)


def sink(folder, **output):
    return EventsSink(Config.model_validate({"output": {"dir": folder} | output}), STREAM, folder / "gate")


def frame(seq, x):
    box = float(x), 10.0, x + 20.0, 50.0
    return extraction(seq, tracks=(make_track(3, box=box),))


def read(folder):
    return [json.loads(line) for line in (folder / "gate/events.jsonl").read_text().splitlines()]


def test_lines_are_as_the_schema_has_them(tmp_path):
    one = sink(tmp_path)
    assert one.open(info("gate")) == -1
    for seq, x in enumerate((10, 10, 10, 10, 55)):
        assert one.write(frame(seq, x))
    one.close()
    lines = read(tmp_path)
    check = validator("events")
    for line in lines:
        check.validate(line)
    kinds = [(line["event"], line["seq"]) for line in lines]
    assert kinds == [("appeared", 0), ("enter", 0), ("dwell", 3), ("leave", 4), ("cross", 4), ("ended", 4)]
    assert lines[0]["box"] == [10.0, 10.0, 20.0, 40.0] and lines[-1]["seconds"] == 0.16
    assert not check.is_valid(lines[1] | {"zone": None}) and not check.is_valid(lines[4] | {"direction": None})


def test_a_frame_given_again_tells_nothing_again(tmp_path):
    one = sink(tmp_path)
    one.open(info("gate"))
    one.write(frame(0, 10))
    position = one.settle()
    one.write(frame(1, 55))
    one._lines.close()  # killed: nothing is said of what was there
    successor = sink(tmp_path)
    assert successor.open(info("gate"), position) == 0
    for seq, x in ((0, 10), (1, 55)):
        assert successor.write(frame(seq, x))
    successor.close()
    assert [line["event"] for line in read(tmp_path)] == ["appeared", "enter", "leave", "cross", "ended"]


def test_parts_begin_where_the_configuration_says(tmp_path):
    one = sink(tmp_path, rotate_s=0.1)
    one.open(info("gate"))
    for seq in range(10):
        one.write(frame(seq, 10 if seq % 4 < 2 else 55))
    one.close()
    assert (tmp_path / "gate/events-0002.jsonl").exists()


def test_a_closed_sink_says_so(tmp_path):
    one = sink(tmp_path)
    one.open(info("gate"))
    one.close()
    one.close()
    with pytest.raises(SinkError, match=r"events\.jsonl: is closed"):
        one.write(frame(0, 10))
