"""Clips to measure with: a recording repeated, its pictures and their rate unchanged."""

from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pytest

from streamseg.bench.clip import Clip, make_clip, repeat
from streamseg.capture import open_source
from streamseg.config import CaptureConfig, StreamConfig
from streamseg.errors import ConfigError, SinkError, SourceInvalid, SourceNotFound
from streamseg.records import Frame
from tests.runtime.clips import write_street


def no_bar(what, total):
    return nullcontext(lambda: None)


def frames_of(path: Path) -> list[Frame]:
    source = open_source(StreamConfig(source=str(path), name="clip"), CaptureConfig())
    source.open()
    return list(source)


def test_turns_follow_each_other_without_a_gap_and_show_the_same_pictures(tmp_path):
    given = frames_of(write_street(tmp_path / "given.mp4", 10))
    clip = repeat(tmp_path / "given.mp4", 2.5, tmp_path / "clip.nut", source="given.mp4")
    frames = frames_of(clip.path)
    assert clip == Clip(tmp_path / "clip.nut", "given.mp4", "h264", (180, 320), 10.0, 25, 3)
    assert clip.seconds == 2.5
    assert len(frames) == 25
    for i, frame in enumerate(frames[:20]):  # a turn that is cut off in the order of decoding may end with a gap
        assert frame.pts_ns == i * 100_000_000
        assert np.array_equal(frame.planes.y, given[i % 10].planes.y)


def test_a_longer_recording_is_cut_off(tmp_path):
    write_street(tmp_path / "given.mp4", 12)
    clip = repeat(tmp_path / "given.mp4", 0.5, tmp_path / "clip.mkv", source="given.mp4")
    assert (clip.frames, clip.turns) == (5, 1)


def test_the_street_is_encoded_with_a_bar_that_counts_its_frames(tmp_path):
    told = []

    @contextmanager
    def bar(what, total):
        told.append(total)
        yield lambda: told.append("frame")

    clip = make_clip("synthetic://street?seconds=0.4&size=64x64&fps=10&seed=2", 1, tmp_path / "clip.mp4", bar)
    assert told == [4, *["frame"] * 4]
    assert (clip.codec, clip.size_hw, clip.fps, clip.frames, clip.turns) == ("h264", (64, 64), 10.0, 10, 3)
    assert len(frames_of(clip.path)) == 10


@pytest.mark.parametrize("source", ["rtsp://10.0.0.7/1", "0", "https://example.org/a.mp4", "synthetic://sea", "here"])
def test_what_is_no_recording_is_refused(tmp_path, source):
    (tmp_path / "here").mkdir()
    where = str(tmp_path / "here") if source == "here" else source
    with pytest.raises(ConfigError):
        make_clip(where, 1, tmp_path / "clip.nut", no_bar)


def test_errors_name_the_file(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    for name, error in {"missing.mp4": SourceNotFound, "text.mp4": SourceInvalid}.items():
        with pytest.raises(error, match=name):
            make_clip(str(tmp_path / name), 1, tmp_path / "clip.nut", no_bar)
    write_street(tmp_path / "given.mp4", 3)
    with pytest.raises(SinkError, match=r"missing/clip.nut: cannot hold .* TMPDIR"):
        repeat(tmp_path / "given.mp4", 1, tmp_path / "missing" / "clip.nut", source="given.mp4")
