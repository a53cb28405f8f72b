"""`streamseg camera`: what is typed, what is served, how it ends."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from streamseg.camera import child
from streamseg.camera.kinds import KINDS
from streamseg.camera.serving import Place, parse_place
from streamseg.cli import main
from streamseg.errors import ConfigError
from streamseg.testing import read_mark
from tests.servers import require_rtsp

SMALL = ("--size", "160x96", "--seconds", "1s", "--key-every", "200ms")


@contextlib.contextmanager
def running(*arguments: str, log: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and the URL that it prints."""
    command = [sys.executable, "-m", "streamseg", "camera", *arguments]
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def events(log: Path) -> str:
    return log.read_text(encoding="utf-8")


def test_from_the_first_client_to_ctrl_c(tmp_path: Path) -> None:
    require_rtsp()
    log = tmp_path / "log"
    login = ("--user", "guard", "--password", "top-secret")
    plan = ("--fault", "resolution:80x48@200ms/400ms", "--repeat", "10s")
    with running("--rtsp", ":0/gate", *login, *plan, *SMALL, log=log) as (process, url):
        assert url.startswith("rtsp://127.0.0.1:") and url.endswith("/gate")
        with av.open(url.replace("//", "//guard:top-secret@"), options={"rtsp_transport": "tcp"}) as container:
            seen = [frame for _, frame in zip(range(25), container.decode(video=0), strict=False)]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert {(frame.width, frame.height) for frame in seen} == {(160, 96), (80, 48)}
    assert all(read_mark(frame.to_ndarray(format="gray")) is not None for frame in seen)
    text = events(log)
    assert "event=begins fault=resolution:80x48@0.2s/0.4s picture=" in text
    assert "event=playing client=127.0.0.1" in text
    assert "secret" not in text
    with pytest.raises(av.error.ConnectionRefusedError):
        av.open(url)


def test_nothing_is_left_when_it_is_killed(tmp_path: Path) -> None:
    require_rtsp()
    with running("--rtsp", ":0", *SMALL, log=tmp_path / "log") as (process, url):
        assert url.endswith("/cam")
        [server] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
        process.wait()
    # the server ends where its orders end
    deadline_s = time.monotonic() + 20
    while Path(f"/proc/{server}/cmdline").exists() and Path(f"/proc/{server}/cmdline").read_bytes():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


@pytest.mark.parametrize("way", ["--rtsp", "--http"])
def test_a_port_in_use(way: str, capfd: pytest.CaptureFixture[str]) -> None:
    if way == "--rtsp":
        require_rtsp()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert main(["camera", way, address, *SMALL]) == 1
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("streamseg: error")]
    assert lines == [f"streamseg: error: streamseg camera: {address} cannot be listened on; choose a free port"]


def test_without_gstreamer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(child, "find_python", lambda: None)
    assert main(["camera", "--rtsp", ":0", *SMALL]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "Debian, Ubuntu: apt-get install python3-gi" in said
    assert "Fedora: dnf install python3-gobject" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nowhere to serve; give --rtsp :8554/cam or --http :8080/cam.mjpg"),
        (("--rtsp", "gate"), r"--rtsp 'gate': allowed is [HOST]:PORT[/PATH], such as :8554/cam"),
        (("--rtsp", ":99999"), "--rtsp ':99999'"),
        (("--rtsp", ":0", "--fault", "melt@5s"), "unknown kind 'melt'"),
        (("--rtsp", ":0", "--user", "guard"), "--user and --password belong together"),
        (("--rtsp", ":0", "--size", "big"), "'big' cannot be used; allowed is WIDTHxHEIGHT"),
        (("--rtsp", ":0", "--seconds", "0s"), "'0s' cannot be used; allowed are 5s, 500ms, 2m, 1.5, and more than 0"),
        (("--http", ":0", "rtsp://10.0.0.7/x"), "cannot be looped"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", *arguments]) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert said in line


def test_jpeg_over_rtsp_has_its_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    require_rtsp()
    assert main(["camera", "--rtsp", ":0", "--codec", "mjpeg", "--size", "162x96"]) == 2
    assert "mjpeg over RTSP in 162x96; multiples of 8 up to 2040 are allowed" in capsys.readouterr().err


def test_help_explains_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", "--help"]) == 0
    shown = capsys.readouterr().out.partition("Faults")[2]
    assert [kind for kind in KINDS if f"\n  {kind} " not in shown] == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (":8554/cam", ("127.0.0.1", 8554, "/cam")),
        ("0.0.0.0:8554", ("0.0.0.0", 8554, "/cam")),
        ("[::1]:8554/a/b", ("::1", 8554, "/a/b")),
        ("rtsp://localhost:1/x", ("localhost", 1, "/x")),
        ("8554", ("127.0.0.1", 8554, "/cam")),
    ],
)
def test_places(text: str, place: tuple[str, int, str]) -> None:
    assert parse_place(text, "--rtsp") == Place(*place)


@pytest.mark.parametrize("text", ["", "cam", ":8554/", ":x/cam", ":65536/cam", "8554:/cam"])
def test_no_places(text: str) -> None:
    with pytest.raises(ConfigError, match="--rtsp"):
        parse_place(text, "--rtsp")


def test_addresses() -> None:
    assert [Place(host, 1, "/x").address for host in ("::1", "10.0.0.7")] == ["[::1]:1", "10.0.0.7:1"]
