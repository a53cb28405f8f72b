from typing import Any

import pytest

from streamseg.broadcast.check import check_broadcast
from streamseg.broadcast.shown import shown_url
from streamseg.commands.flags_to_config import merge
from streamseg.config import Config, StreamConfig
from streamseg.config_file import parse
from streamseg.errors import ConfigError
from streamseg.provenance import config_sha256
from streamseg.render import kinds_of
from streamseg.run import execute
from streamseg.sinks import sink_kinds

GATE = StreamConfig(source="a.mp4", name="gate")
DOOR = StreamConfig(source="b.mp4", name="door", push=("rtmp://h/live/x",))


def with_push(*urls: str, **more: Any) -> Config:
    return parse({"broadcast": {"push": urls}, **more}, "file")


@pytest.mark.parametrize(
    "url", ["rtsp://h/x", "rtsps://u:p@h:8554/{stream}", "rtmp://127.0.0.1/live/x?key=1", "rtmps://[::1]:443/a/b"]
)
def test_servers_that_may_be_pushed_to(url: str) -> None:
    assert with_push(url).broadcast.push == (url,)


@pytest.mark.parametrize(
    "url", ["http://h/x", "file:///etc/passwd", "rtsp:///x", "rtsp://h:99999/x", "rtsp://h/a b", "-f", "tcp://h:1", ""]
)
def test_others_are_refused_with_what_is_allowed(url: str) -> None:
    with pytest.raises(ConfigError, match=r"rtsp://, rtsps://, rtmp://, rtmps://|at least 1 character"):
        with_push(url)


def test_a_password_is_in_no_message() -> None:
    with pytest.raises(ConfigError) as refused:
        with_push("http://me:s3cret@h/x")
    assert "s3cret" not in str(refused.value) and "***@h" in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://me:s3cret@h:8554/gate", "rtsp://***@h:8554/gate"),
        ("rtmps://live.example.org/app/s3cret-key", "rtmps://live.example.org/app/***"),
        ("rtmp://h/app/s3cret?backup=s3cret", "rtmp://h/app/***"),
        ("rtmp://me:s3cret@h/live/gate", "rtmp://***@h/live/gate"),
        ("rtsp://h/in?token=s3cret", "rtsp://h/in?token=***"),
    ],
)
def test_no_password_and_no_key_is_shown(url: str, shown: str) -> None:
    assert shown_url(url, "gate") == shown


def test_a_stream_s_own_servers_go_before_those_of_all_and_its_name_is_filled_in() -> None:
    config = with_push("rtsp://h/{stream}", "rtmp://h/live/{stream}")
    assert config.push_of(GATE) == ["rtsp://h/gate", "rtmp://h/live/gate"]
    assert config.push_of(DOOR) == ["rtmp://h/live/x"]
    assert config.push_of(GATE.model_copy(update={"push": ()})) == []


def test_what_is_broadcast_is_encoded_even_if_no_file_keeps_it() -> None:
    no_video: dict[str, Any] = {"video": {"enabled": False}}
    assert "video" not in sink_kinds(parse(no_video, "file"))
    for more in (
        {"broadcast": {"push": ["rtsp://h/{stream}"]}},
        {"broadcast": {"hls": {"enabled": True}}},
        {"broadcast": {"browser": "always"}, "web": {"enabled": True}},
        {"streams": [{"source": "a.mp4", "push": ["rtsp://h/x"]}]},
    ):
        config = parse({**no_video, **more}, "file")
        assert "video" in sink_kinds(config)
        assert "video" not in kinds_of(config, None), "render pushes nothing"


def test_flags_stand_for_keys_and_leave_the_others_as_they_are() -> None:
    file = parse({"broadcast": {"hls": {"segment_s": 9}}, "streams": [{"source": "a", "push": ["rtsp://o/x"]}]}, "file")
    config = merge(file, {"push": ["rtsp://h/{stream}"], "hls": True})
    assert config.broadcast.hls.enabled and config.broadcast.hls.segment_s == 9
    assert config.push_of(config.streams[0]) == ["rtsp://h/"]
    assert merge(file, {"push": None, "hls": False}) == file


def test_two_streams_to_one_server_s_path_are_refused() -> None:
    config = with_push("rtsp://u:s3cret@h/x")
    with pytest.raises(ConfigError, match=r"both gate and other; write \{stream\}") as refused:
        check_broadcast(config, [GATE, GATE.model_copy(update={"name": "other"}), DOOR])
    assert "s3cret" not in str(refused.value)
    check_broadcast(config, [GATE, DOOR])


def test_a_stream_that_comes_later_is_not_pushed_by_a_run_that_encodes_nothing() -> None:
    with pytest.raises(ConfigError, match="push of stream door: this run encodes no video"):
        check_broadcast(parse({"video": {"enabled": False}}, "file"), [GATE, DOOR])


def test_one_process_broadcasts_nothing(tmp_path: Any) -> None:
    config = with_push("rtsp://h/x", runtime={"single_process": True}, output={"dir": str(tmp_path / "out")})
    config = config.model_copy(update={"streams": [StreamConfig(source="synthetic://street?seconds=1")]})
    with pytest.raises(ConfigError, match="broadcast: cannot be done"):
        execute(config)


def test_where_a_stream_is_shown_changes_no_result() -> None:
    assert config_sha256(Config(), DOOR) == config_sha256(Config(), DOOR.model_copy(update={"push": None}))
