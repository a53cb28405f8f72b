"""What is named on a command line or in a request: sources, endpoints."""

from pathlib import Path

from hypothesis import strategies as st

from streamseg.capture import expand, parse_source, redact
from streamseg.capture.address import file_address, url_address
from streamseg.capture.redact import is_url
from streamseg.capture.spec import kind_of
from streamseg.errors import ConfigError
from streamseg.runtime import endpoints
from tests.fuzz.hostile import mutated
from tests.fuzz.target import Target

SECRET = "S3cretS3cret"
_SOURCES = [
    f"gate=rtsp://user:{SECRET}@10.0.0.7:554/stream1?x=1".encode(),
    f"https://user:{SECRET}@camera.example/live.m3u8".encode(),
    b"http://[::ffff:169.254.169.254]/latest/meta-data/x.mp4",
    b"http://2852039166/a.mp4",
    b"name=clip.mp4",
    b"/dev/video0",
    b"synthetic://street?seconds=20&size=1280x720",
    b"concat:a.mp4|b.mp4",
    b"subfile,,start,0,end,9,,:a.mp4",
    b"*.mp4",
]
_ENDPOINTS = [b"ipc:///run/a", b"tcp://127.0.0.1:5555", b"tcp://*:*"]


def _read_source(content: bytes) -> None:
    text = content.decode("utf-8", "surrogateescape")
    if not is_url(text) and any(sign in text for sign in "*?["):
        return  # how long a pattern takes is a matter of this machine's disks
    [stream, *_] = expand([parse_source(text)]) or [None]
    if stream is None:
        return
    kind = kind_of(stream.source)
    if kind == "live" or (kind == "video" and is_url(stream.source)):
        opened = url_address(stream.source)
        allowed = opened.options["protocol_whitelist"].split(",")
        assert opened.url.partition(":")[0] in allowed and "file" not in allowed, opened.url
        if f":{SECRET}@" in stream.source:
            assert SECRET not in redact(opened.shown), opened.shown
    elif kind == "video":
        opened = file_address(stream.source)
        assert opened.url == f"file:{Path(stream.source)}" and opened.options["protocol_whitelist"] == "file"


def _read_endpoint(content: bytes) -> None:
    endpoints.parse(content.decode("latin-1"))


ADDRESSES = (
    Target("sources", mutated(_SOURCES) | st.text().map(str.encode), _read_source, lambda: _SOURCES, (ConfigError,)),
    Target("endpoints", mutated(_ENDPOINTS), _read_endpoint, lambda: _ENDPOINTS, (ConfigError,)),
)
