from pathlib import Path

from streamseg.config import Config
from streamseg.sinks.objects import ObjectsSink
from tests.sinks.scenes import extraction, info, refuses_what_was_lost
from tests.sinks.test_objects import lines, sink_in


def test_every_line_is_safe_at_once_and_a_successor_cuts_off_what_it_does_not_know(tmp_path: Path) -> None:
    sink = sink_in(tmp_path, rotate_s=0.1)
    told = []
    for seq in range(7):
        sink.write(extraction(seq))
        told.append(sink.settle())
    sink.close()
    whole = {path.name: path.read_bytes() for path in tmp_path.glob("*.jsonl")}
    for last, position in reversed(list(enumerate(told))):
        again = ObjectsSink(Config.model_validate({"output": {"rotate_s": 0.1}}), tmp_path)
        assert again.open(info(), position) == last
        known = [line["seq"] for path in sorted(tmp_path.glob("*.jsonl"), key=last_name) for line in lines(path)]
        assert known == list(range(last + 1))
        for seq in range(last, 7):  # the first one again, though it is safe
            assert again.write(extraction(seq))
        again.close()
        assert {path.name: path.read_bytes() for path in tmp_path.glob("*.jsonl")} == whole


def last_name(path: Path) -> tuple[int, str]:
    return len(path.name), path.name


def test_one_who_died_before_it_told_anything_is_followed_by_parts_of_the_same_length(tmp_path: Path) -> None:
    first = sink_in(tmp_path, rotate_s=0.1)
    first.write(extraction(0, 1_000_000_000))
    first.close()
    again = ObjectsSink(Config.model_validate({"output": {"rotate_s": 0.1}}), tmp_path)
    assert again.open(info()) == 0
    for seq in range(5):
        again.write(extraction(seq, 1_000_000_000 + seq * 40_000_000))
    again.close()
    names = "objects.jsonl", "objects-0002.jsonl"
    assert [[line["seq"] for line in lines(tmp_path / name)] for name in names] == [[0, 1, 2], [3, 4]]


def test_before_the_first_line_there_is_a_position_too(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    position = sink.settle()
    sink.write(extraction(0))
    sink.close()
    again = ObjectsSink(Config(), tmp_path)
    assert again.open(info(), position) == -1
    again.write(extraction(0))
    again.close()
    assert [line["seq"] for line in lines(tmp_path / "objects.jsonl")] == [0]


def test_a_file_that_lost_what_was_safe_is_an_error(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    sink.write(extraction(0))
    position = sink.settle()
    sink.close()
    refuses_what_was_lost(lambda: ObjectsSink(Config(), tmp_path), tmp_path / "objects.jsonl", position)
