import logging
from fractions import Fraction
from pathlib import Path

import av
import pytest

from streamseg.sinks.audio import AudioTrack
from tests.sinks.scenes import beep_at_s, sound_file
from tests.sinks.videos import STEADY, opened, packet_times, pictures, write


@pytest.mark.parametrize("suffix", ["mp4", "ts", "mkv"])
def test_the_sound_is_copied_in_time(tmp_path: Path, suffix: str) -> None:
    source = sound_file(tmp_path / f"source.{suffix}")
    write(opened(tmp_path / "out", audio_from=str(source)), [seq * 40_000_000 for seq in range(50)])
    made = tmp_path / "out" / "annotated.mp4"
    assert len(pictures(made)) == 50
    assert beep_at_s(made) == pytest.approx(1.0, abs=0.03)


def test_the_sound_counts_from_where_the_video_begins(tmp_path: Path) -> None:
    source = sound_file(tmp_path / "source.mkv", video_from_s=7)
    write(opened(tmp_path / "out", audio_from=str(source)), [seq * 40_000_000 for seq in range(50)])
    assert beep_at_s(tmp_path / "out" / "annotated.mp4") == pytest.approx(1.0, abs=0.03)


def test_the_sound_begins_and_ends_with_the_pictures(tmp_path: Path) -> None:
    source = sound_file(tmp_path / "source.mp4", seconds=6)
    write(opened(tmp_path / "out", audio_from=str(source)), [seq * 40_000_000 for seq in range(80, 120)])
    times = packet_times(tmp_path / "out" / "annotated.mp4")
    assert 0 <= times[0] - Fraction(32, 10) < 0.03
    assert 4.8 - 0.03 < times[-1] < 4.8
    assert len(times) == pytest.approx(1.6 * 48_000 / 1024, abs=1.5)


@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_each_part_has_its_piece_of_the_sound(tmp_path: Path, suffix: str) -> None:
    source = sound_file(tmp_path / f"source.{suffix}")
    times_ns = [seq * 40_000_000 for seq in range(50)]
    write(opened(tmp_path / "out", output={"rotate_s": 0.5}, audio_from=str(source)), times_ns)
    parts = ["annotated.mp4", "annotated-0002.mp4", "annotated-0003.mp4", "annotated-0004.mp4"]
    pieces = [packet_times(tmp_path / "out" / part) for part in parts]
    everything = [t for t in packet_times(source) if 0 <= t < 2]
    got = [t for piece in pieces for t in piece]
    assert len(got) == len(everything)
    assert all(abs(a - b) <= Fraction(1, 48_000) for a, b in zip(got, everything, strict=True))
    assert beep_at_s(tmp_path / "out" / parts[1]) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("reason", ["no audio stream", "MP4 cannot hold pcm_mulaw", "No such file"])
def test_without_usable_sound_the_video_is_made_all_the_same(
    tmp_path: Path, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    source = tmp_path / "source.avi"
    if "pcm_mulaw" in reason:
        sound_file(source, codec="pcm_mulaw")
    elif "audio" in reason:
        write(opened(tmp_path / "silent"), STEADY)
        source = tmp_path / "silent" / "annotated.mp4"
    write(opened(tmp_path / "out", audio_from=str(source)), STEADY)
    made = tmp_path / "out" / "annotated.mp4"
    assert len(pictures(made)) == len(STEADY)
    with av.open(str(made)) as container:
        assert not container.streams.audio
    [record] = caplog.records
    assert reason in record.getMessage()


def test_sound_can_be_switched_off(tmp_path: Path) -> None:
    source = sound_file(tmp_path / "source.mp4")
    write(opened(tmp_path / "out", {"audio": False}, audio_from=str(source)), STEADY)
    with av.open(str(tmp_path / "out" / "annotated.mp4")) as container:
        assert not container.streams.audio


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [("mp4", "aac"), ("ts", "aac"), ("mkv", "libmp3lame"), ("avi", "pcm_s16le"), ("mkv", "libopus")],
)
@pytest.mark.parametrize("from_ns", [0, 3_000_000_000])
def test_sound_read_on_from_a_mark_is_that_of_one_reader(tmp_path: Path, suffix: str, codec: str, from_ns: int) -> None:
    path = str(sound_file(tmp_path / f"source.{suffix}", codec=codec, seconds=6, video_from_s=1))
    one, other = AudioTrack(path, "street"), AudioTrack(path, "street")
    one.open(from_ns)
    other.open(from_ns)
    for i, to_ns in enumerate(range(from_ns, 6_500_000_000, 33_000_000)):
        assert list(other.take(to_ns)) == list(one.take(to_ns))
        if i % 5 == 0:
            mark = other.mark
            other.close()
            other = AudioTrack(path, "street")
            other.resume(mark)
    one.close()
    other.close()
