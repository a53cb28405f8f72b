import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco

from streamseg.config import Config
from streamseg.errors import SinkError
from streamseg.geometry import cover
from streamseg.records import Extraction
from streamseg.sinks.objects import ObjectsSink, frame_record, recover, utc_time
from tests.sinks.scenes import BOX, disc_mask, extraction, info, make_frame, make_track, validator


def sink_in(folder: Path, **output: object) -> ObjectsSink:
    sink = ObjectsSink(Config.model_validate({"output": output}), folder)
    sink.open(info())
    return sink


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_state_is_listed_and_the_line_keeps_its_schema(tmp_path: Path) -> None:
    tracks = (
        make_track(1),
        make_track(2, state="tentative", confirmed_label=None, label="vehicle"),
        make_track(3, state="lost", mask=None),
        make_track(4, box=(-30.0, -20.0, -5.0, -2.0), mask=disc_mask((-30.0, -20.0, -5.0, -2.0))),
    )
    sink = sink_in(tmp_path)
    assert sink.write(extraction(0, tracks=tracks))
    assert sink.write(extraction(1, tracks=()))
    sink.close()
    first, second = lines(tmp_path / "objects.jsonl")
    check = validator("objects")
    check.validate(first)
    check.validate(second)
    assert [(o["id"], o["state"], o["mask"] is None) for o in first["objects"]] == [
        (1, "active", False),
        (2, "tentative", False),
        (3, "lost", True),
        (4, "active", True),
    ]
    assert first["objects"][0]["box"] == [20.25, 12.5, 32.5, 31.5]
    assert first["objects"][0]["score"] == 0.8765
    assert second == {"seq": 1, "pts": 0.04, "time": None, "objects": []}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # inside pycocotools
def test_coco_tools_read_the_mask_where_its_offset_says(tmp_path: Path) -> None:
    item = frame_record(extraction())["objects"][0]
    x0, y0, x1, y1 = crop = cover(BOX, (64, 96))
    assert item["mask_offset"] == [x0, y0]
    assert item["mask"]["size"] == [y1 - y0, x1 - x0]
    decoded = coco.decode(item["mask"])
    np.testing.assert_array_equal(decoded, disc_mask().on(crop) > 127)
    assert 300 < decoded.sum() < 700


def test_masks_can_be_left_out() -> None:
    record = frame_record(extraction(), masks=False)
    validator("objects").validate(record)
    assert record["objects"][0]["mask"] is None
    assert record["objects"][0]["mask_offset"] is None


@pytest.mark.parametrize("pts_ns", [0, 1, 33_366_700, 3_600_123_456_789, 86_400_000_000_001, -40_000_000])
def test_pts_is_exact_to_a_nanosecond(pts_ns: int, tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    sink.write(extraction(0, pts_ns))
    sink.close()
    [line] = lines(tmp_path / "objects.jsonl")
    assert round(line["pts"] * 1e9) == pts_ns


@pytest.mark.parametrize(("looked", "told"), [(True, None), (False, False)])
def test_a_frame_that_the_network_did_not_look_at_says_so(looked: bool, told: bool | None) -> None:
    record = frame_record(replace(extraction(), looked=looked))
    validator("objects").validate(record)
    assert record.get("looked") is told


def test_time_is_utc_in_microseconds() -> None:
    moment = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)
    text = utc_time(round(moment.timestamp()) * 10**9 - 1)
    assert text == "2026-02-28T23:59:59.999999Z"
    record = frame_record(Extraction(make_frame(wall_ns=1_772_323_199_999_999_999), ()))
    validator("objects").validate(record)
    assert datetime.fromisoformat(record["time"]) == moment


def test_a_torn_last_line_is_cut_off_and_writing_goes_on(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    for seq in range(3):
        sink.write(extraction(seq))
    sink.close()
    path = tmp_path / "objects.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    again = ObjectsSink(Config(), tmp_path)
    assert again.open(info()) == 1
    again.write(extraction(2))
    again.close()
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("content", "seq", "left"),
    [
        (b"", -1, b""),
        (b'{"seq": 4', -1, b""),
        (b'{"seq": 4}\n', 4, b'{"seq": 4}\n'),
        (b'{"seq": 4}\n\x00\x00\x00\n', 4, b'{"seq": 4}\n'),
        (b'{"seq": 4}\n{"seq": 5}\n{"se', 5, b'{"seq": 4}\n{"seq": 5}\n'),
        (b'{"seq": 4}\n{"seq": "x"}\n', 4, b'{"seq": 4}\n'),
    ],
)
def test_recover_keeps_whole_records_only(tmp_path: Path, content: bytes, seq: int, left: bytes) -> None:
    path = tmp_path / "objects.jsonl"
    path.write_bytes(content)
    assert recover(path) == seq
    assert path.read_bytes() == left


def test_every_line_is_there_as_soon_as_it_is_written(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    for seq in range(3):
        sink.write(extraction(seq))
        assert [line["seq"] for line in lines(tmp_path / "objects.jsonl")] == list(range(seq + 1))
    sink.close()


def test_parts_by_media_time(tmp_path: Path) -> None:
    sink = sink_in(tmp_path, rotate_s=0.1)
    for seq in range(7):
        sink.write(extraction(seq, 5_000_000_000 + seq * 40_000_000))
    sink.close()
    names = sorted(path.name for path in tmp_path.glob("*.jsonl"))
    assert names == ["objects-0002.jsonl", "objects-0003.jsonl", "objects.jsonl"]
    assert [[line["seq"] for line in lines(tmp_path / name)] for name in ("objects.jsonl", *names[:2])] == [
        [0, 1, 2],
        [3, 4, 5],
        [6],
    ]
    again = ObjectsSink(Config(), tmp_path)
    assert again.open(info()) == 6
    again.write(extraction(7))
    again.close()
    assert [line["seq"] for line in lines(tmp_path / "objects-0003.jsonl")] == [6, 7]


def test_parts_by_size_stay_below_it(tmp_path: Path) -> None:
    sink = sink_in(tmp_path, rotate_mb=0.001)
    for seq in range(12):
        sink.write(extraction(seq))
    sink.close()
    parts = list(tmp_path.glob("*.jsonl"))
    assert len(parts) > 1
    assert all(part.stat().st_size <= 1000 for part in parts)
    assert sorted(line["seq"] for part in parts for line in lines(part)) == list(range(12))


def test_a_last_part_without_a_whole_line_counts_for_nothing(tmp_path: Path) -> None:
    sink = sink_in(tmp_path, rotate_s=0.04)
    sink.write(extraction(0))
    sink.write(extraction(1))
    sink.close()
    (tmp_path / "objects-0002.jsonl").write_bytes(b'{"seq": 1, "pt')
    again = ObjectsSink(Config(), tmp_path)
    assert again.open(info()) == 0
    again.close()


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "theirs.jsonl"
    outside.write_text("precious\n")
    folder = tmp_path / "street"
    sink_in(folder).close()
    (folder / "objects.jsonl").unlink()
    (folder / "objects.jsonl").symlink_to(outside)
    with pytest.raises(SinkError, match="symbolic link"):
        sink_in(folder)
    assert outside.read_text() == "precious\n"


@pytest.mark.parametrize(
    "broken",
    [
        {"more": 1},
        {"seq": -1},
        {"seq": 1.5},
        {"pts": "0"},
        {"time": "2026-01-01 00:00:00"},
        {"objects": None},
    ],
)
def test_the_schema_refuses_broken_lines(broken: dict) -> None:
    record = frame_record(extraction())
    check = validator("objects")
    assert check.is_valid(record)
    assert not check.is_valid(record | broken)


@pytest.mark.parametrize(
    "broken",
    [
        {"more": 1},
        {"id": 0},
        {"score": 1.2},
        {"box": [1, 2, 3]},
        {"box": [1, 2, 3, -4]},
        {"box": [1, 2, 3, 4, 5]},
        {"mask": None},
        {"mask_offset": None},
        {"mask": {"size": [2, 2], "counts": "p"}},
        {"mask": {"size": [2, 2]}},
        {"state": "gone"},
        {"state": "lost"},
    ],
)
def test_the_schema_refuses_broken_objects(broken: dict) -> None:
    record = frame_record(extraction())
    record["objects"][0] |= broken
    assert not validator("objects").is_valid(record)


def test_writing_needs_an_open_sink(tmp_path: Path) -> None:
    sink = sink_in(tmp_path)
    sink.close()
    sink.close()
    with pytest.raises(SinkError, match="closed"):
        sink.write(extraction())


def test_on_a_full_disk_only_whole_lines_stay(small_disk: Path) -> None:
    sink = sink_in(small_disk / "street")
    sink.write(extraction(0))
    (small_disk / "ballast").write_bytes(bytes(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize))
    written = 1
    with pytest.raises(SinkError, match=r"street/objects\.jsonl: cannot be written"):
        for written in range(1, 10_000):
            sink.write(extraction(written))
    sink.close()
    assert [line["seq"] for line in lines(small_disk / "street/objects.jsonl")] == list(range(written))
