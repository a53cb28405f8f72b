"""Where a source may lead: addresses in every spelling, redirects, playlists, names that mean something else by now."""

import base64
import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from streamseg.capture import reach as reach_module
from streamseg.capture.file import FileSource
from streamseg.capture.gate import proxy_for
from streamseg.capture.live import LiveSource
from streamseg.capture.reach import Hosts, Reach, literal, scope_of
from streamseg.config import CaptureConfig
from streamseg.errors import SourceInvalid, SourceRefused, SourceUnreachable

from .conftest import WriteClip

LOOPBACK = ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "017700000001", "0", "::1", "::", "::ffff:127.0.0.1"]
LOOPBACK += ["::ffff:7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "localhost"]
CLOUDS = ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "::ffff:169.254.169.254", "fe80::1"]
PRIVATE = ["10.1.2.3", "192.168.0.9", "172.16.5.4", "100.64.0.1", "fd00::7", "224.0.0.1"]
PUBLIC = ["8.8.8.8", "134744072", "2001:4860:4860::8888"]


@pytest.mark.parametrize("host", [*LOOPBACK, *CLOUDS, *PRIVATE])
def test_a_public_server_leads_to_none_of_ours(host: str) -> None:
    with pytest.raises(SourceRefused, match=r"8\.8\.8\.8 may not lead to"):
        Reach("https://good.example@8.8.8.8/live.m3u8").places(host, 80)


@pytest.mark.parametrize("host", PUBLIC)
def test_but_to_other_public_ones(host: str) -> None:
    assert Reach("http://8.8.8.8/").places(host, 80)[0].port == 80


@pytest.mark.parametrize(
    ("own", "far", "allowed"),
    [
        ("192.168.0.9", "10.0.0.1", True),
        ("192.168.0.9", "127.0.0.1", False),
        ("192.168.0.9", "169.254.169.254", False),
        ("localhost", "10.0.0.1", True),
        ("localhost", "169.254.169.254", False),
        ("169.254.3.4", "169.254.3.5", True),
        ("169.254.3.4", "127.0.0.1", False),
    ],
)
def test_from_the_own_network_into_it(own: str, far: str, allowed: bool) -> None:
    reach = Reach(f"http://{own}/x")
    if allowed:
        assert reach.places(far, 1)
    else:
        with pytest.raises(SourceRefused):
            reach.places(far, 1)


def test_scopes() -> None:
    scopes = {
        scope: {scope_of(address) for host in hosts for address in literal(host)}
        for scope, hosts in (("loopback", LOOPBACK), ("private", PRIVATE), ("public", PUBLIC), ("link-local", CLOUDS))
    }
    assert scopes == {scope: {scope} for scope in scopes}


@pytest.mark.parametrize("host", [*LOOPBACK, *CLOUDS])
def test_added_streams_name_neither_this_machine_nor_what_is_link_local(host: str) -> None:
    with pytest.raises(SourceRefused, match="added stream"):
        Reach("rtsp://10.0.0.1/", Hosts(None)).places(host, 80)


def test_added_streams_name_what_is_listed() -> None:
    listed = Hosts(("Camera.Example", "10.1.0.0/16", "localhost"))
    assert not listed.refuses("camera.example.", [ip_address("1.2.3.4")])
    assert not listed.refuses("a", [ip_address("10.1.9.9")])
    assert listed.refuses("a", [ip_address("10.1.9.9"), ip_address("10.2.0.1")]), "one of its addresses is elsewhere"
    assert listed.refuses("evil.camera.example", [ip_address("1.2.3.4")])
    assert listed.refuses("camera.example.evil", [ip_address("1.2.3.4")])


class _Handler(BaseHTTPRequestHandler):
    files: Path
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(f"{self.server.server_address[0]}{self.path}")
        file = self.files / self.path[1:]
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path.partition("?")[2])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif file.is_file():
            content = file.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        else:
            self.send_error(404)

    def log_message(self, *_: Any) -> None:
        pass


class Servers:
    """One at 127.0.0.1, within; one at 127.0.0.2, which is taken for a public address. asked: of both, in turn."""

    def __init__(self, folder: Path, opened: ExitStack):
        self.asked: list[str] = []
        handler = type("Handler", (_Handler,), {"files": folder, "asked": self.asked})
        self.within, self.outside = (self._serve(host, handler, opened) for host in ("127.0.0.1", "127.0.0.2"))

    def _serve(self, host: str, handler: type[_Handler], opened: ExitStack) -> str:
        server = opened.enter_context(ThreadingHTTPServer((host, 0), handler))
        server.daemon_threads = True
        opened.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"http://{host}:{server.server_port}"


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    def scope(address: Any) -> Any:
        return "public" if str(address) == "127.0.0.2" else scope_of(address)

    monkeypatch.setattr(reach_module, "scope_of", scope)
    monkeypatch.delenv("http_proxy", raising=False)
    with ExitStack() as opened:
        yield Servers(tmp_path, opened)


def _read(url: str, **capture: Any) -> int:
    return len(list(FileSource(url, CaptureConfig(**capture), "web")))


def test_a_redirect_within_what_may_be_reached_is_followed(servers: Servers, write_clip: WriteClip) -> None:
    write_clip("clip.mp4", frames=5)
    assert _read(f"{servers.outside}/to?/clip.mp4") == 5
    assert _read(f"{servers.within}/to?{servers.outside}/clip.mp4") == 5
    assert servers.asked[-1] == "127.0.0.2/clip.mp4"


def test_a_redirect_from_outside_into_this_machine_is_not(servers: Servers, write_clip: WriteClip) -> None:
    write_clip("clip.mp4", frames=5)
    inner = servers.within.replace("127.0.0.1", "2130706433")
    with pytest.raises(SourceRefused, match=r"2130706433: a loopback address, where 127\.0\.0\.2 may not lead to"):
        _read(f"{servers.outside}/to?{inner}/clip.mp4")
    with pytest.raises(SourceRefused, match=r"169\.254\.169\.254: a link-local address"):
        _read(f"{servers.within}/to?http://169.254.169.254/latest/meta-data.mp4")
    assert not any(asked.startswith("127.0.0.1/clip") for asked in servers.asked)


def test_nor_is_a_playlist(servers: Servers, write_clip: WriteClip, tmp_path: Path) -> None:
    write_clip("a.ts", frames=20)
    for name, where in (("good", servers.outside), ("evil", servers.within)):
        (tmp_path / f"{name}.m3u8").write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.8,\n{where}/a.ts\n#EXT-X-ENDLIST\n"
        )
    good = LiveSource(f"{servers.outside}/good.m3u8", CaptureConfig(max_frames=20), "good")
    assert len(list(good)) == 20
    evil = LiveSource(f"{servers.outside}/evil.m3u8", CaptureConfig(reconnect_tries=0), "evil")
    with pytest.raises((SourceRefused, SourceInvalid, SourceUnreachable), match="loopback address"):
        evil.open()
    assert not any(asked.startswith("127.0.0.1/") for asked in servers.asked)


def test_nor_is_a_name_that_means_this_machine_by_now(
    servers: Servers, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip("clip.mp4", frames=5)
    real, meant = reach_module._resolve, ["127.0.0.2", "127.0.0.2"]

    def resolve(host: str, port: int, flags: int = 0) -> Any:
        if host == "turning.example":
            host = meant.pop() if meant else "127.0.0.1"
        return real(host, port, flags)

    monkeypatch.setattr(reach_module, "_resolve", resolve)
    url = servers.outside.replace("127.0.0.2", "turning.example")
    source = FileSource(f"{url}/clip.mp4", CaptureConfig(), "web")
    source.open()
    source.close()
    with pytest.raises(SourceRefused, match="a loopback address"):
        source.open()


def test_limits_of_added_streams_hold_for_what_they_lead_to(servers: Servers, write_clip: WriteClip) -> None:
    write_clip("clip.mp4", frames=5)
    listed = Hosts(("127.0.0.2",))
    assert len(list(FileSource(f"{servers.outside}/clip.mp4", CaptureConfig(), "web", listed))) == 5
    with pytest.raises(SourceRefused, match="added stream"):
        FileSource(f"{servers.outside}/to?{servers.within}/clip.mp4", CaptureConfig(), "web", listed).open()


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "rtmp", "http", "https"])
def test_a_name_is_looked_up_before_an_added_stream_connects(scheme: str) -> None:
    source = LiveSource(f"{scheme}://good.example@localhost:1/x", CaptureConfig(reconnect_tries=0), "s", Hosts(None))
    with pytest.raises(SourceRefused, match="added stream"):
        source.open()


def test_nobody_else_uses_the_gate(servers: Servers) -> None:
    own, other = Reach(f"{servers.within}/x"), Reach("http://8.8.8.8/")
    proxy = urlsplit(proxy_for(own) or "")
    proxy_for(other)

    def ask(target: str, password: str | None) -> int:
        connection = http.client.HTTPConnection(proxy.hostname or "", proxy.port)
        login = base64.b64encode(f"gate:{password}".encode()).decode()
        connection.request("GET", target, headers={} if password is None else {"Proxy-Authorization": f"Basic {login}"})
        with connection.getresponse() as answer:
            return answer.status

    assert ask(f"{servers.within}/x", None) == 407
    assert ask(f"{servers.within}/x", "guessed") == 407
    assert ask(f"{servers.within}/x", own.password) == 404, "there is no such file, but there is a way"
    assert ask(f"{servers.within}/x", other.password) == 403
    for odd in ("/x", "file:///etc/passwd", "http://", "http://h:x/", "gopher://h/"):
        assert ask(odd, own.password) == 403
    asked = len(servers.asked)
    password = own.password
    del own
    deadline_s = time.monotonic() + 30
    while ask("/x", password) != 407:  # who served it last may not be done yet
        assert time.monotonic() < deadline_s, "a source that is gone opens no door"
    assert len(servers.asked) == asked
