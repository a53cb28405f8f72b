import re
import struct
import weakref
from pathlib import Path

import numpy as np
import pytest

from streamseg.config import Config
from streamseg.sinks.fragments import DURATION_AT
from streamseg.sinks.video import VideoSink
from tests.sinks.scenes import extraction, info, refuses_what_was_lost, sound_file
from tests.sinks.videos import STEADY, VARIABLE, follow, indexed, left, opened, pictures, write, written


@pytest.mark.parametrize("resumed", [False, True])
def test_every_picture_lasts_until_the_next_one(tmp_path: Path, resumed: bool) -> None:
    sink = opened(tmp_path)
    for seq, pts_ns in enumerate(VARIABLE):
        sink.write(extraction(seq, pts_ns))
        if resumed:
            sink = follow(sink, tmp_path)
    sink.close()
    content = (tmp_path / "annotated.mp4").read_bytes()
    at = [place.start() - 4 for place in re.finditer(b"moof", content)]
    durations = [struct.unpack_from(">I", content, place + DURATION_AT)[0] for place in at]
    ticks = [round(pts_ns * 9 / 100_000) for pts_ns in VARIABLE]
    assert durations == [*np.diff(ticks), ticks[-1] - ticks[-2]]


def test_a_successor_goes_on_in_the_same_file_from_a_key_picture(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    for seq, pts_ns in enumerate(STEADY):
        assert sink.write(extraction(seq, pts_ns))
        if seq % 4 == 2:
            position = sink.settle()
            sink.write(extraction(seq + 1, STEADY[seq + 1]))
            left(sink)  # but what it tells of that frame nobody hears
            sink = VideoSink(Config(), tmp_path)
            assert sink.open(info(), position) == seq
    sink.close()
    path = tmp_path / "annotated.mp4"
    shown = pictures(path)
    assert [round(p.pts * p.time_base * 10**9) for p in shown] == STEADY
    assert [i for i, p in enumerate(shown) if p.key_frame] == [0, 3, 7, 11]
    assert [entry.ticks for entry in indexed(path)] == [shown[i].pts for i in (0, 3, 7, 11)]
    assert list(tmp_path.glob("*.mp4")) == [path]


def test_a_successor_takes_a_frame_again_that_is_safe_already(tmp_path: Path) -> None:
    sink = follow(written(opened(tmp_path), STEADY[:5]), tmp_path)
    for seq in range(3, 7):
        assert sink.write(extraction(seq, STEADY[seq]))
    sink.close()
    assert len(pictures(tmp_path / "annotated.mp4")) == 7


def test_a_successor_without_frames_finishes_the_file(tmp_path: Path) -> None:
    source = sound_file(tmp_path / "source.mp4")
    sink = written(opened(tmp_path / "one", audio_from=str(source)), STEADY)
    position = sink.settle()
    sink.close()
    path = tmp_path / "one" / "annotated.mp4"
    wanted = path.read_bytes()
    for torn in (wanted, wanted[:-7]):
        path.write_bytes(torn)
        again = VideoSink(Config(), tmp_path / "one")
        again.open(info(audio_from=str(source)), position)
        again.close()
        assert path.read_bytes() == wanted


def test_one_who_died_before_it_had_written_anything_leaves_no_part(tmp_path: Path) -> None:
    before = opened(tmp_path)
    position = before.settle()
    left(written(before, STEADY[:3]))
    sink = VideoSink(Config(), tmp_path)
    assert sink.open(info(), position) == -1
    assert not list(tmp_path.glob("*.mp4"))
    write(sink, STEADY)
    assert len(pictures(tmp_path / "annotated.mp4")) == len(STEADY)


def test_parts_that_a_successor_does_not_know_are_removed(tmp_path: Path) -> None:
    rotated = {"rotate_s": 0.2}
    sink = written(opened(tmp_path, output=rotated), STEADY[:3])
    position = sink.settle()
    for seq in range(3, 12):
        sink.write(extraction(seq, STEADY[seq]))
    left(sink)
    sink = VideoSink(Config.model_validate({"output": rotated}), tmp_path)
    assert sink.open(info(), position) == 2
    assert [path.name for path in tmp_path.glob("*.mp4")] == ["annotated.mp4"]
    sink.close()


def test_a_file_that_lost_what_was_safe_is_an_error(tmp_path: Path) -> None:
    position = left(written(opened(tmp_path), STEADY))
    refuses_what_was_lost(lambda: VideoSink(Config(), tmp_path), tmp_path / "annotated.mp4", position)


def test_pictures_of_another_encoder_go_into_a_part_of_their_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    position = left(written(opened(tmp_path, {"preset": "ultrafast"}), STEADY[:4]))
    sink = VideoSink(Config.model_validate({"video": {"preset": "medium"}}), tmp_path)
    sink.open(info(), position)
    for seq in range(4, 7):
        sink.write(extraction(seq, STEADY[seq]))
    sink.close()
    assert [len(pictures(tmp_path / name)) for name in ("annotated.mp4", "annotated-0002.mp4")] == [4, 3]
    [record] = caplog.records
    assert "new part" in record.getMessage()


def test_once_settled_it_keeps_nothing_of_a_frame(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    taken = extraction()
    arrays = [weakref.ref(array) for array in (taken.frame.planes.y, taken.tracks[0].mask.alpha)]
    sink.write(taken)
    del taken
    sink.settle()
    assert [array() for array in arrays] == [None, None]
    sink.close()
