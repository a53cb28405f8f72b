"""Frames and records are brought together by their time, or it is said which do not fit."""

from dataclasses import replace
from pathlib import Path

import pytest

from streamseg.capture.matched import Matched
from streamseg.errors import DataError
from streamseg.recorded import RecordedObjects
from streamseg.records import Frame
from streamseg.testing import ListSource
from tests.blobs import frames
from tests.recordings import a_line, an_object, write


def matched(tmp_path: Path, seqs: list[int], given: list[Frame], *, cut_short: bool = False) -> list[int]:
    recorded = RecordedObjects(write(tmp_path / "objects.jsonl", *(a_line(seq) for seq in seqs)))
    source = Matched(ListSource(given), recorded, cut_short=cut_short)
    assert source.open().frames == len(seqs)
    return [frame.seq for frame in source]


def test_every_record_gets_its_frame(tmp_path: Path) -> None:
    assert matched(tmp_path, [0, 1, 2], frames(3)) == [0, 1, 2]


def test_frames_that_were_dropped_are_left_out_and_counted(tmp_path: Path) -> None:
    recorded = RecordedObjects(write(tmp_path / "objects.jsonl", *(a_line(seq) for seq in (1, 2, 5))))
    source = Matched(ListSource(frames(9)), recorded)
    source.open()
    assert [frame.seq for frame in source] == [1, 2, 5]
    assert source.dropped == {"not recorded": 3}


def test_a_run_that_began_later_counts_from_0_where_the_video_does_not(tmp_path: Path) -> None:
    lines = [a_line(seq, pts=(seq + 4) * 0.04) for seq in range(3)]
    recorded = RecordedObjects(write(tmp_path / "objects.jsonl", *lines))
    found = list(Matched(ListSource(frames(7)), recorded))
    assert [(frame.seq, frame.pts_ns) for frame in found] == [(0, 160_000_000), (1, 200_000_000), (2, 240_000_000)]


def test_times_may_be_rounded(tmp_path: Path) -> None:
    rounded = [replace(frame, pts_ns=round(frame.pts_ns / 1e6 + 0.4) * 1_000_000 + 700_000) for frame in frames(4)]
    assert matched(tmp_path, [0, 1, 2, 3], rounded) == [0, 1, 2, 3]


def test_the_first_record_without_a_frame_is_named(tmp_path: Path) -> None:
    given = [frame for frame in frames(6) if frame.seq != 3]
    with pytest.raises(
        DataError, match=r"objects\.jsonl:4: no frame of the video belongs to seq 3 at 0\.120 s; .* 0\.080 and 0\.160 s"
    ):
        matched(tmp_path, list(range(6)), given)


def test_a_video_that_ends_too_early(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"objects\.jsonl:5: no frame .* seq 4 at 0\.160 s; the video ends .* 0\.120 s"):
        matched(tmp_path, list(range(6)), frames(4))
    assert matched(tmp_path, list(range(6)), frames(4), cut_short=True) == [0, 1, 2, 3]


def test_a_video_that_is_too_small(tmp_path: Path) -> None:
    recorded = RecordedObjects(write(tmp_path / "objects.jsonl", a_line(0, an_object(x=120))))
    with pytest.raises(DataError, match=r"need frames of 140 x 40 pixels or more, these have 128 x 96"):
        Matched(ListSource(frames(1)), recorded).open()
