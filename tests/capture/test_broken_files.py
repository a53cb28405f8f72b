import os
import random
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from streamseg.capture.file import FileSource
from streamseg.capture.spec import kind_of
from streamseg.config import CaptureConfig
from streamseg.errors import SourceError, SourceInvalid, SourceNotFound, SourceRefused

from .conftest import WriteClip


def _source(path: Path | str, **capture: Any) -> FileSource:
    return FileSource(str(path), CaptureConfig(**capture), "clip")


def _opened_with(path: Path | str, kind: type[SourceError], *words: str) -> None:
    with pytest.raises(kind) as raised:
        _source(path).open()
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for word in words:
        assert word in message


def _until_broken(source: FileSource) -> tuple[int, SourceError]:
    count = 0
    with pytest.raises(SourceError) as raised:
        for _ in source:
            count += 1
    return count, raised.value


def test_missing(tmp_path: Path) -> None:
    _opened_with(tmp_path / "missing.mp4", SourceNotFound, "no such file")


@pytest.mark.parametrize("name", ["pipe:0.mp4", "a?b#c%20d.mp4", "concat:x|y.mp4", "clip%03d.mp4", "a'b \\n.mp4"])
def test_strange_names_are_only_names(write_clip: WriteClip, name: str) -> None:
    path = write_clip("clip.mp4", frames=3)
    assert len(list(_source(path.rename(path.with_name(name))))) == 3


def test_folder(tmp_path: Path) -> None:
    _opened_with(tmp_path, SourceInvalid, "not a file", "allowed are")


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    _opened_with(tmp_path / "empty.mp4", SourceInvalid, "not a video", "empty")


@pytest.mark.parametrize("name", ["text.mp4", "text.mkv", "text.txt", "text.nfo", "text.ans"])
def test_text(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("this is not a video\n" * 200)
    _opened_with(path, SourceInvalid, "not a video")


def test_noise(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp4"
    path.write_bytes(random.Random(1).randbytes(20000))
    _opened_with(path, SourceInvalid)


@pytest.mark.parametrize("name", ["list.m3u8", "list.ffconcat", "list.mp4"])
def test_a_playlist_cannot_reach_other_protocols(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    _opened_with(path, SourceInvalid)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable(write_clip: WriteClip) -> None:
    path = write_clip("secret.mp4")
    path.chmod(0)
    _opened_with(path, SourceRefused, "permission")


def test_audio_only(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    _opened_with(path, SourceInvalid, "no video stream", "audio")


def test_too_large_before_decoding(write_clip: WriteClip) -> None:
    path = write_clip("long.mkv", size=(8200, 16), frames=1, codec="ffv1")
    _opened_with(path, SourceInvalid, "8200 x 16", "8192 a side", "64 megapixels")


def test_mp4_without_index(write_clip: WriteClip) -> None:
    path = write_clip("clip.mp4", frames=60)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"moov") - 200])
    _opened_with(path, SourceInvalid, "truncated", "moov")


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.avi"])
def test_truncated(write_clip: WriteClip, name: str) -> None:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = write_clip(name, frames=150, codec=codec, mux={"movflags": "faststart"} if "mp4" in name else {})
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    source = _source(path)
    source.open()
    count, error = _until_broken(source)
    assert 30 < count < 140
    assert isinstance(error, SourceInvalid)
    assert f"of 6.00 s, after {count} frames" in str(error)


@pytest.mark.parametrize("mux", [{"movflags": "frag_keyframe+empty_moov"}, {}])
def test_a_whole_file_does_not_look_truncated(write_clip: WriteClip, mux: dict[str, str]) -> None:
    assert len(list(_source(write_clip("clip.mp4", frames=60, mux=mux, audio=True)))) == 60


def test_longer_sound_does_not_look_truncated(write_clip: WriteClip) -> None:
    stamps = [i * 10 for i in range(50)]
    assert len(list(_source(write_clip("clip.mkv", frames=50, fps=10, pts=stamps, audio=True)))) == 50


def test_damage_in_the_middle_is_counted(write_clip: WriteClip) -> None:
    path = write_clip("clip.ts", frames=100, size=(192, 128))
    content = bytearray(path.read_bytes())
    # whole packets' payloads overwritten, their 188-byte frames kept
    rng = random.Random(3)
    for packet in range(len(content) // 188 // 3, len(content) // 188 // 2):
        content[packet * 188 + 8 : packet * 188 + 180] = rng.randbytes(172)
    path.write_bytes(content)
    source = _source(path)
    source.open()
    frames = list(source)
    assert 40 < len(frames) < 100
    assert frames[-1].pts_ns > 3_500_000_000
    assert [f.seq for f in frames] == list(range(len(frames)))


def test_undecodable_packets_are_dropped_and_the_rest_read(write_clip: WriteClip) -> None:
    source = _source(_with_bad_packets(write_clip, range(20, 25), frames=60))
    frames = list(source)
    assert source.dropped["undecodable"] == 5
    assert len(frames) == 55


def test_gives_up_after_100_undecodable_in_a_row(write_clip: WriteClip) -> None:
    source = _source(_with_bad_packets(write_clip, range(20, 140), frames=150))
    count, error = _until_broken(source)
    assert count == 20
    assert source.dropped["undecodable"] == 100
    assert "100 packets in a row cannot be decoded" in str(error)


def _with_bad_packets(write_clip: WriteClip, bad: range, frames: int) -> Path:
    """A JPEG video (every packet on its own) in which some packets hold nothing that can be decoded."""
    path = write_clip("jpeg.mkv", frames=frames, codec="mjpeg", fmt="yuvj420p")
    target = path.with_name("bad.mkv")
    with av.open(str(path)) as source, av.open(str(target), "w") as output:
        copy = output.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(p for p in source.demux(video=0) if p.dts is not None):
            if index in bad:
                dead = av.Packet(b"\x00" * 64)
                dead.pts, dead.dts, dead.time_base = packet.pts, packet.dts, packet.time_base
                packet = dead
            packet.stream = copy
            output.mux(packet)
    return target


def test_close_without_reading(write_clip: WriteClip) -> None:
    source = _source(write_clip("clip.mp4"))
    source.open()
    source.close()
    assert list(source) == []


def test_whatever_a_file_holds_it_ends_in_frames_or_one_of_our_errors(write_clip: WriteClip) -> None:
    rng = random.Random(11)
    for name, codec in (
        ("clip.mp4", "libx264"),
        ("clip.mkv", "libx264"),
        ("clip.ts", "libx264"),
        ("clip.avi", "mpeg4"),
    ):
        path = write_clip(
            name, frames=10, codec=codec, size=(64, 48), mux={"movflags": "faststart"} if "mp4" in name else {}
        )
        whole = path.read_bytes()
        for _ in range(12):
            content = bytearray(whole[: rng.randrange(len(whole))] if rng.random() < 0.3 else whole)
            for _ in range(rng.randrange(1, 40)):
                if content:
                    content[rng.randrange(len(content))] = rng.randrange(256)
            path.write_bytes(content)
            source = _source(path, start=rng.choice([0, 0.2]))
            try:
                source.open()
                frames = list(source)
            except SourceError as error:
                assert "\n" not in str(error)
            else:
                assert [f.seq for f in frames] == list(range(len(frames)))


def test_a_text_shorter_than_any_box_is_not_called_truncated(tmp_path: Path) -> None:
    path = tmp_path / "note.mp4"
    path.write_text("hello\n")
    with pytest.raises(SourceInvalid, match="not a video"):
        FileSource(str(path), CaptureConfig(), "note").open()


def test_a_path_with_a_scheme_in_it_is_a_path(write_clip: WriteClip, tmp_path: Path) -> None:
    folder = tmp_path / "http:"
    folder.mkdir()
    path = write_clip("clip.mp4", frames=3).rename(folder / "clip.mp4")
    name = f"{folder}//{path.name}"
    assert kind_of(name) == "video" and len(list(_source(name))) == 3
