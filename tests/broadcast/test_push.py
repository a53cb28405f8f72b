"""Pushes to real servers: GStreamer's over RTSP, nginx over RTMP. What they recorded is what was sent."""

import logging
import shutil
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from streamseg.broadcast import push as push_module
from streamseg.broadcast.pictures import EncodedPicture
from streamseg.broadcast.push import Push
from streamseg.broadcast.pusher_process import PusherProcess, PushFailed
from tests.broadcast.encoded import FPS, Source
from tests.conftest import require_debian
from tests.rtmp import free_port, rtmp_server
from tests.rtsp_recorder import RtspRecorder, marks

PATIENCE_S = 60


def wait_for(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.02)


class Playing:
    """A stream that is pushed to some URLs, at its own pace, until it is left; slow: the longest that put() took, s."""

    def __init__(self, *pushes: Push, source: "Source | Heavy | None" = None) -> None:
        self.pushes, self.source, self.slow_s = pushes, source or Source(), 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play)

    def __enter__(self) -> "Playing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for push in self.pushes:
            push.end()
        for push in self.pushes:
            push.join(PATIENCE_S)
            assert not push.running

    def _play(self) -> None:
        while not self._over.wait(1 / FPS):
            picture = self.source.next()
            for push in self.pushes:
                began_s = time.monotonic()
                push.put(picture)
                self.slow_s = max(self.slow_s, time.monotonic() - began_s)


def sent(push: Push, count: int) -> Callable[[], bool]:
    return lambda: push.status.sent >= count


def test_a_server_gets_every_picture_from_a_key_picture_on_to_the_last(tmp_path: Path) -> None:
    with RtspRecorder(tmp_path) as server:
        push = Push("gate", server.url)
        with Playing(push) as playing:
            wait_for(sent(push, 25))
        wait_for(lambda: bool(server.pushes()) and server.pushes()[0][-1] == playing.source.number - 1)
        [came] = server.pushes()
        assert came == list(range(came[0], playing.source.number))
        assert came[0] % 20 == 0, "no key picture"
        assert push.status.sent == len(came)
        assert (push.status.state, push.status.reconnects) == ("ended", 0)


def test_a_server_that_dies_and_comes_back_is_connected_to_again(tmp_path: Path) -> None:
    with RtspRecorder(tmp_path / "one") as server, RtspRecorder(tmp_path / "other") as other:
        push, beside = Push("gate", server.url), Push("gate", other.url)
        with Playing(push, beside) as playing:
            wait_for(sent(push, 5))
            server.kill()
            wait_for(lambda: push.status.state == "backing-off")
            assert push.status.reason
            server.start()
            before = push.status.sent
            wait_for(sent(push, before + 10))
            assert push.status.reconnects == 1
        for recorder in (server, other):
            wait_for(lambda recorder=recorder: recorder.pushes()[-1][-1] == playing.source.number - 1)
        for came in (*server.pushes(), *other.pushes()):
            assert came == list(range(came[0], came[-1] + 1)) and came[0] % 20 == 0
        assert len(server.pushes()) == 2 and len(other.pushes()) == 1
        assert beside.status.reconnects == 0 and len(other.pushes()[0]) == beside.status.sent


def test_a_server_that_hangs_holds_nobody_up_and_is_left_and_come_back_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamseg.broadcast.pusher_process._CONNECT_S", 2.0)
    with RtspRecorder(tmp_path) as server:
        server.hang(True)  # it accepts connections, for the kernel does, and answers none
        push = Push("gate", server.url)
        with Playing(push) as playing:
            wait_for(lambda: push.status.state == "backing-off")
            assert push.status.reason == "does not answer within 2 s"
            server.hang(False)
            wait_for(sent(push, 5))
        assert playing.slow_s < 1.0


class Heavy:
    """A stream of very large pictures, each a key picture."""

    def __init__(self) -> None:
        self.number = 0
        first = Source((640, 480)).next()
        padding = struct.pack(">IB", 300_000, 6) + bytes(299_999)  # a NAL unit that says nothing (SEI)
        self._head, self._data = first.head, padding + first.data

    def next(self) -> EncodedPicture:
        self.number += 1
        return EncodedPicture("heavy", self.number, self.number, self.number * 9000, True, self._head, self._data)


def test_a_server_that_takes_nothing_any_more_is_left_and_come_back_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamseg.broadcast.pusher_process._WRITE_S", 1.0)
    with RtspRecorder(tmp_path) as server:
        push = Push("gate", server.url)
        with Playing(push, source=Heavy()) as playing:
            wait_for(sent(push, 2))
            server.hang(True)
            wait_for(lambda: push.status.state == "backing-off")
            assert push.status.reason == "takes nothing for 1 s"
            server.hang(False)
            before = push.status.sent
            wait_for(sent(push, before + 2))
        assert push.status.reconnects >= 1 and playing.slow_s < 1.0


def test_a_wrong_password_is_told_and_not_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with RtspRecorder(tmp_path, user="me", password="s3cret-right") as server:
        good, bad = Push("gate", server.url), Push("gate", server.url.replace("right", "wrong"))
        with Playing(good, bad):
            wait_for(sent(good, 3))
            wait_for(lambda: bad.status.state == "backing-off")
            assert "401" in bad.status.reason
        shown = f"{good.status} {bad.status} {caplog.text}"
        assert "s3cret" not in shown and "rtsp://***@127.0.0.1" in shown


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that nobody has signed, with its key."""
    require_debian("openssl", shutil.which("openssl") is not None)
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=server"
    key, own = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", own]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    (tmp_path / "both.pem").write_bytes(key.read_bytes() + own.read_bytes())
    return tmp_path / "both.pem"


def test_over_tls_only_a_server_whose_certificate_is_trusted_gets_anything(tmp_path: Path, certificate: Path) -> None:
    with RtspRecorder(tmp_path / "server", certificate=certificate) as server:
        trusting, doubting = Push("gate", server.url, tmp_path / "certificate.pem"), Push("gate", server.url)
        with Playing(trusting, doubting):
            wait_for(sent(trusting, 3))
            wait_for(lambda: doubting.status.state == "backing-off")
            assert "CERTIFICATE_VERIFY_FAILED" in doubting.status.reason
        assert doubting.status.sent == 0


def test_the_pusher_itself_trusts_no_stranger(tmp_path: Path, certificate: Path) -> None:
    with RtspRecorder(tmp_path / "server", certificate=certificate) as server:
        head, strangers = Source().next().head, ssl.get_default_verify_paths().cafile or "/etc/ssl/certs"
        with pytest.raises(PushFailed):
            PusherProcess(server.url, head, strangers)
        PusherProcess(server.url, head, str(tmp_path / "certificate.pem")).finish()


def test_a_port_where_nobody_listens_costs_no_process_and_one_line(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries, probe = [], push_module._probe

    def counted(*what: str) -> None:
        tries.append(what)
        probe(*what)

    monkeypatch.setattr(push_module, "_probe", counted)
    push = Push("gate", f"rtsp://127.0.0.1:{free_port()}/in")
    with Playing(push):
        wait_for(lambda: len(tries) >= 2 and push.status.state == "backing-off")
        assert not psutil.Process().children()
        assert "refused" in push.status.reason
    assert caplog.text.count("state=backing-off") == 1


def test_an_rtmp_server_records_what_is_pushed(tmp_path: Path) -> None:
    with rtmp_server(record_in=tmp_path) as base:
        push = Push("gate", f"{base}/gate")
        with Playing(push) as playing:
            wait_for(sent(push, 25))
        [recording] = tmp_path.glob("*.flv")
        wait_for(lambda: len(marks(recording)) == push.status.sent)
        came = marks(recording)
        assert came == list(range(came[0], playing.source.number)) and came[0] % 20 == 0


def test_over_rtmps_only_a_server_whose_certificate_is_trusted_gets_anything(tmp_path: Path, certificate: Path) -> None:
    (server := tmp_path / "server").mkdir()
    with rtmp_server(record_in=server, certificate=certificate) as base:
        trusting, doubting = Push("gate", f"{base}/gate", tmp_path / "certificate.pem"), Push("door", f"{base}/door")
        with Playing(trusting, doubting):
            wait_for(sent(trusting, 25))
            wait_for(lambda: "CERTIFICATE_VERIFY_FAILED" in (doubting.status.reason or ""))
        assert doubting.status.sent == 0
        [recording] = server.glob("*.flv")
        assert recording.name.startswith("gate")
        wait_for(lambda: len(marks(recording)) == trusting.status.sent)


def test_an_rtmp_server_that_dies_and_comes_back_is_connected_to_again() -> None:
    port = free_port()
    push = Push("gate", f"rtmp://127.0.0.1:{port}/live/gate")
    with Playing(push):
        with rtmp_server(port=port):
            wait_for(sent(push, 5))
        wait_for(lambda: push.status.state == "backing-off")
        with rtmp_server(port=port):
            before = push.status.sent
            wait_for(sent(push, before + 5))
        assert push.status.reconnects >= 1
