"""Reading objects.jsonl back: what is there is found, what is broken is named."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from streamseg.errors import DataError
from streamseg.recorded import RecordedObjects, utc_ns
from tests.recordings import a_line, an_object, write


def test_frames_are_found_by_their_seq(tmp_path: Path) -> None:
    path = write(tmp_path / "objects.jsonl", *(a_line(seq, an_object(seq + 1)) for seq in (3, 4, 7)))
    recorded = RecordedObjects(path)
    assert len(recorded) == 3
    assert recorded.seqs.tolist() == [3, 4, 7]
    assert recorded.pts_ns.tolist() == [120_000_000, 160_000_000, 280_000_000]
    assert recorded.needs_hw == (40, 30)
    assert [recorded.of_seq(seq).objects[0].id for seq in (7, 3, 4)] == [8, 4, 5]
    assert recorded.where(2) == f"{path}:3"
    for seq in (2, 5, 8):
        with pytest.raises(KeyError):
            recorded.of_seq(seq)
    recorded.close()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_parts_and_packed_files_are_read_as_one(tmp_path: Path, suffix: str) -> None:
    for part, seqs in (("", (0, 1)), ("-0002", (2,)), ("-0003", (5, 6))):
        content = "".join(a_line(seq) for seq in seqs).encode()
        (tmp_path / f"objects{part}.jsonl{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    recorded = RecordedObjects(tmp_path / f"objects.jsonl{suffix}")
    assert recorded.seqs.tolist() == [0, 1, 2, 5, 6]
    assert [recorded.of_seq(seq).seq for seq in (6, 0, 2)] == [6, 0, 2]
    assert recorded.where(4) == f"{tmp_path / f'objects-0003.jsonl{suffix}'}:2"
    recorded.close()


@pytest.mark.parametrize("torn", ['{"seq": 2, "pts"', a_line(2)[:-3], "\0\0\0"])
def test_a_torn_last_line_is_left_out(tmp_path: Path, torn: str, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "objects.jsonl", a_line(0), a_line(1), torn)
    assert RecordedObjects(path).seqs.tolist() == [0, 1]
    assert f"{path}:3" in caplog.text


def test_only_of_the_last_part_the_end_may_be_torn(tmp_path: Path) -> None:
    path = write(tmp_path / "objects.jsonl", a_line(0), '{"seq": 1')
    write(tmp_path / "objects-0002.jsonl", a_line(2))
    with pytest.raises(DataError, match=r"objects\.jsonl:2: "):
        RecordedObjects(path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("what?\n", "malformed"),
        (a_line(1)[:-5] + "\n", "truncated"),
        (a_line(1, speed=3), "unknown field `speed`"),
        (a_line(1, an_object(label="")), r"length >= 1 - at `\$\.objects\[0\]\.label`"),
        (a_line(1, an_object(score=1.5)), r"<= 1\.0 - at `\$\.objects\[0\]\.score`"),
        (a_line(1, an_object(box=[1, 2, 3])), r"length 4.* at `\$\.objects\[0\]\.box`"),
        (a_line(1, an_object(state="asleep")), "state"),
        (a_line(1, an_object(mask=None)), "object 1: mask and mask_offset go together"),
        (a_line(1, an_object(mask={"size": [20, 20], "counts": "5"})), "run lengths add up to 5, not to 20 x 20"),
        (a_line(1, time="yesterday"), "yesterday"),
        (a_line(1, time="2026-01-01T00:00:00"), "has no zone"),
        (a_line(0), "seq 0 follows seq 0; seqs must grow"),
    ],
)
def test_a_broken_line_is_named_with_its_file_and_number(tmp_path: Path, line: str, told: str) -> None:
    path = write(tmp_path / "objects.jsonl", a_line(0), line, a_line(9))
    with pytest.raises(DataError, match=rf"^{path}:2: .*{told}") as raised:
        RecordedObjects(path)
    assert "\n" not in str(raised.value)


def test_a_file_without_frames_or_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read: No such file"):
        RecordedObjects(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match=r"empty\.jsonl: holds no line"):
        RecordedObjects(write(tmp_path / "empty.jsonl"))
    (tmp_path / "no.jsonl.gz").write_text(a_line(0))
    with pytest.raises(DataError, match=r"no\.jsonl\.gz: cannot be read"):
        RecordedObjects(tmp_path / "no.jsonl.gz")


@pytest.mark.parametrize(
    ("time", "ns"), [("1970-01-01T00:00:01.000002Z", 1_000_002_000), ("1970-01-02T00:00:00+01:00", 82_800 * 10**9)]
)
def test_times(time: str, ns: Any) -> None:
    assert utc_ns(time) == ns
