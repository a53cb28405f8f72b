"""Faults of connections, as a client with a real decoder sees them over RTSP."""

import socket
import time
from urllib.parse import urlsplit

import av
import pytest

from streamseg.camera.serving import Login
from streamseg.errors import SinkError
from tests.camera.viewer import steps, view
from tests.servers import FaultyCamera

LOOP = 100


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_drop(camera: FaultyCamera, transport: str) -> None:
    with view(camera.url, transport) as viewer:
        viewer.see(5)
        camera.begin("drop")
        assert len(viewer.see_until_it_breaks()) < 90
    with view(camera.url, transport) as viewer:
        assert len(viewer.see(10)) == 10


def test_auth(camera: FaultyCamera) -> None:
    with view(camera.url) as viewer:
        auth = camera.begin("auth")
        viewer.see_until_it_breaks()
    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(camera.url)
    camera.end(auth)
    with view(camera.url) as viewer:
        assert len(viewer.see(5)) == 5


def test_auth_with_a_login() -> None:
    with FaultyCamera("auth@0s/1s", login=Login("guard", "pass word")) as camera:
        url = camera.url.replace("//", "//guard:pass%20word@")
        for wrong in (camera.url, url):
            with pytest.raises(av.error.HTTPUnauthorizedError):
                av.open(wrong)
        while camera.condition.refuses:
            time.sleep(0.02)
        with view(url) as viewer:
            assert len(viewer.see(5)) == 5
        for wrong in (camera.url, url.replace("guard", "other"), url.replace("word", "words")):
            with pytest.raises(av.error.HTTPUnauthorizedError):
                av.open(wrong)


def test_notfound(camera: FaultyCamera) -> None:
    with view(camera.url) as viewer:
        notfound = camera.begin("notfound")
        viewer.see_until_it_breaks()
    with pytest.raises(av.error.HTTPNotFoundError):
        av.open(camera.url)
    camera.end(notfound)
    with view(camera.url) as viewer:
        assert len(viewer.see(5)) == 5


def test_restart(camera: FaultyCamera) -> None:
    url, pid = camera.url, camera.pid
    with view(url) as viewer:
        restart = camera.begin("restart")
        assert camera.pid is None
        viewer.see_until_it_breaks()
    with pytest.raises(av.error.ConnectionRefusedError):
        av.open(url)
    camera.end(restart)
    assert camera.url == url and camera.pid not in (None, pid)
    with view(url) as viewer:
        assert len(viewer.see(5)) == 5


def test_a_restart_where_the_port_is_taken(camera: FaultyCamera) -> None:
    restart = camera.begin("restart")
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", urlsplit(camera.url).port))
        thief.listen()
        with pytest.raises(SinkError, match="cannot be listened on; choose a free port"):
            camera.end(restart)
    camera.end(restart)
    with view(camera.url) as viewer:
        assert len(viewer.see(5)) == 5


def test_hang(camera: FaultyCamera) -> None:
    with view(camera.url) as viewer:
        viewer.see(10)
        hang = camera.begin("hang")
        with pytest.raises((av.error.ExitError, av.error.InvalidDataError)):
            av.open(camera.url, timeout=0.5)
        time.sleep(0.7)
        camera.end(hang)
        seen = viewer.see(80)
    [gap] = [step for step in steps(seen) if step != 1]
    assert gap > 15


@pytest.mark.parametrize(("codec", "name"), [("h265", "hevc"), ("mjpeg", "mjpeg")])
def test_codec_after_a_new_connection(camera: FaultyCamera, codec: str, name: str) -> None:
    with view(camera.url) as viewer:
        assert viewer.codec == "h264"
        other = camera.begin(f"codec:{codec}")
        viewer.see_until_it_breaks()
    with view(camera.url) as viewer:
        assert viewer.codec == name
        assert steps(viewer.see(15)) == [1] * 14
        camera.end(other)
        viewer.see_until_it_breaks()
    with view(camera.url) as viewer:
        assert viewer.codec == "h264"


def test_a_stream_that_ends() -> None:
    with FaultyCamera(ends_after_s=1.0) as camera:
        for _ in range(2):
            with view(camera.url) as viewer:
                assert [s.number for s in viewer.see_until_it_breaks()] == list(range(25))
