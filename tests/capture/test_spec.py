import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.capture import expand, is_live, parse_source
from streamseg.capture.spec import kind_of
from streamseg.config import StreamConfig
from streamseg.errors import ConfigError


@pytest.mark.parametrize(
    ("argument", "name", "source"),
    [
        ("street.mp4", None, "street.mp4"),
        ("cam=street.mp4", "cam", "street.mp4"),
        ("gate-1=rtsp://h/x?a=b", "gate-1", "rtsp://h/x?a=b"),
        ("http://h/x?a=b", None, "http://h/x?a=b"),
        ("synthetic://street?seconds=20&size=1280x720", None, "synthetic://street?seconds=20&size=1280x720"),
        ("./a=b.mp4", None, "./a=b.mp4"),
        ("a b=c.mp4", None, "a b=c.mp4"),
        ("=x.mp4", None, "=x.mp4"),
        ("a=b=c.mp4", "a", "b=c.mp4"),
        ("0", None, "0"),
        ("door=/dev/video2", "door", "/dev/video2"),
    ],
)
def test_parse_source(argument: str, name: str | None, source: str) -> None:
    stream = parse_source(argument)
    assert (stream.name, stream.source) == (name, source)


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("", "nothing to open"),
        ("cam=", "nothing to open"),
        (f"{'n' * 65}=x.mp4", "65 characters"),
        ("ftp://u:secret@h/x.mp4", "ftp://***@h/x.mp4: scheme 'ftp'"),
        ("file:///etc/passwd", "scheme 'file'"),
        ("rtsp://", "no host"),
        ("rtsp://:554/x", "no host"),
        ("rtsp://host:port/x", "not a port number"),
        ("rtsp://u:secret/1@10.0.0.7/x", "rtsp://***@10.0.0.7/x: no host, or not a port number"),
        ("rtsp://u:my secret@h/x", "%20"),
    ],
)
def test_parse_source_refuses(argument: str, words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as raised:
        parse_source(argument)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.text(max_size=40))
def test_parse_source_never_breaks_otherwise(argument: str) -> None:
    try:
        stream = parse_source(argument.replace("\0", ""))
    except ConfigError:
        return
    assert stream.source


@pytest.mark.parametrize(
    ("source", "kind", "live"),
    [
        ("rtsp://h/x", "live", True),
        ("rtsps://h/x", "live", True),
        ("RTSP://h/x", "live", True),
        ("rtmp://h/app/key", "live", True),
        ("http://h/live.m3u8", "live", True),
        ("http://h/video.mjpg", "live", True),
        ("http://h/x.ts", "live", True),
        ("https://h/clip.MP4?token=x", "video", False),
        ("https://h/clip.webm", "video", False),
        ("0", "camera", True),
        ("/dev/video12", "camera", True),
        ("synthetic://street", "synthetic", False),
        ("clip.mp4", "video", False),
        ("clip", "video", False),
        ("image.PNG", "images", False),
    ],
)
def test_kinds(source: str, kind: str, live: bool) -> None:
    assert kind_of(source) == kind
    assert is_live(source) == live


def _names(*sources: str) -> list[str | None]:
    return [stream.name for stream in expand([parse_source(source) for source in sources])]


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["a/street.mp4"], ["street"]),
        (["a/street.mp4", "b/street.mp4", "c/street.mkv"], ["street", "street-2", "street-3"]),
        (["a/x.mp4", "x=b/y.mp4"], ["x-2", "x"]),
        (["x-2=1.mp4", "x=2.mp4", "a/x.mp4"], ["x-2", "x", "x-3"]),
        (["my clip (1).final.mp4"], ["my-clip-1-final"]),
        (["日本.mp4", "...."], ["stream", "stream-2"]),
        (["rtsp://admin:pw@cam.local:554/h264/ch1?token=x"], ["cam-local-h264-ch1"]),
        (["rtsp://10.0.0.7/"], ["10-0-0-7"]),
        (["rtsp://[fe80::1]/x"], ["fe80-1-x"]),
        (["0", "/dev/video3"], ["camera-0", "camera-3"]),
        (["synthetic://street?seed=1", "synthetic://street?seed=2"], ["street", "street-2"]),
    ],
)
def test_names(sources: list[str], names: list[str]) -> None:
    assert _names(*sources) == names


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=90), max_size=6))
def test_names_are_unique_and_safe(stems: list[str]) -> None:
    streams = [StreamConfig(source=f"/nowhere/{stem}.mp4", name=None) for stem in stems]
    names = [stream.name for stream in expand(streams)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name or "") for name in names)


def test_a_file_name_that_is_not_utf8_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match="not UTF-8; rename the file"):
        parse_source("/nowhere/caf\udce9.mp4")


@pytest.mark.parametrize("pattern", ["", "*.mp4"])
def test_one_in_a_folder_is_refused_too(tmp_path: Path, pattern: str) -> None:
    for name in ("fine.mp4", "caf\udce9.mp4"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ConfigError, match=r"caf\\udce9.mp4': not UTF-8; rename the file"):
        expand([StreamConfig(source=str(tmp_path / pattern))])


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="'cam' is given twice"):
        _names("cam=a.mp4", "cam=b.mp4")


def _touch(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def _sources(*streams: str) -> list[tuple[str | None, str]]:
    return [(s.name, Path(s.source).name) for s in expand([parse_source(stream) for stream in streams])]


def test_videos_of_a_folder_are_a_stream_each(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "clips", "c10.mp4", "c9.MKV", "notes.txt", ".hidden.mp4")
    assert _sources(str(folder)) == [("c9", "c9.MKV"), ("c10", "c10.mp4")]
    assert _sources(f"{folder}/*10*") == [("c10", "c10.mp4")]
    assert _sources(f"day={folder}") == [("day-c9", "c9.MKV"), ("day-c10", "c10.mp4")]
    assert _sources(f"day={folder}/c9*") == [("day", "c9.MKV")]
    assert _sources(f"{tmp_path}/**/*.mp4") == [("c10", "c10.mp4")]


def test_a_stream_s_settings_go_to_each_of_its_videos(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "clips", "a.mp4", "b.mp4")
    streams = expand([StreamConfig(source=str(folder), name=None, score=0.7, region=None, classes=["car"])])
    assert [(s.score, s.classes) for s in streams] == [(0.7, ["car"])] * 2


def test_images_of_a_folder_are_one_stream(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "walk", "1.png", "2.jpg", "truth.json")
    assert _sources(str(folder)) == [("walk", "walk")]
    assert _sources(f"{folder}/*.png") == [("walk", "*.png")]


def test_images_and_videos_do_not_mix(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "mixed", "1.png", "2.mp4")
    with pytest.raises(ConfigError, match="holds images and videos"):
        _sources(str(folder))
    assert _sources(f"{folder}/*.mp4") == [("2", "2.mp4")]


def test_what_is_not_there_stays_a_stream(tmp_path: Path) -> None:
    empty = _touch(tmp_path / "empty")
    assert _sources(str(empty)) == [("empty", "empty")]
    assert _sources(f"{empty}/*.mp4") == [("empty", "*.mp4")]


def test_a_file_with_wildcards_in_its_name_is_that_file(tmp_path: Path) -> None:
    folder = _touch(tmp_path / "odd", "a[1].mp4", "a1.mp4")
    assert _sources(f"{folder}/a[1].mp4") == [("a-1", "a[1].mp4")]
