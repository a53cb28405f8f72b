"""Endpoints, and the directory and file of a Unix socket."""

import os
import socket
import stat

import pytest
import zmq

from streamseg.errors import ConfigError
from streamseg.runtime.endpoints import PATH_LIMIT_BYTES, Tcp, bind_ipc, listen, parse


def test_the_two_kinds():
    assert str(parse("ipc:///run/bells/infer-0")) == "/run/bells/infer-0"
    assert parse("tcp://127.0.0.1:5555") == Tcp("127.0.0.1", 5555)
    assert parse("tcp://lab-7.example:*") == Tcp("lab-7.example", None)


@pytest.mark.parametrize(
    "endpoint",
    ["", "ipc://", "ipc://here", "ipc://@abstract", "ipc://*", "inproc://a", "udp://127.0.0.1:5"],
)
def test_what_is_neither_ipc_nor_tcp_is_refused(endpoint):
    with pytest.raises(ConfigError, match="allowed are ipc:///absolute/path and tcp://HOST:PORT"):
        parse(endpoint)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:5\n", ":5", "a;b:5", "[::1]:5", "a b:5", "127.0.0.1:-1"],
)
def test_what_is_no_host_and_port_is_refused(address):
    with pytest.raises(ConfigError, match="allowed are ipc:///absolute/path and tcp://HOST:PORT"):
        parse(f"tcp://{address}")


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("127.8.9.1", True), ("10.0.0.1", False)])
def test_loopback_is_told_from_the_rest(host, loopback):
    assert Tcp(host, 5).loopback is loopback


@pytest.mark.parametrize("host", ["*", "0.0.0.0", "eth0", "localhost"])
def test_what_may_be_another_address_is_not_loopback(host):
    assert not Tcp(host, 5).loopback


def test_the_longest_path_can_be_bound_and_a_longer_one_is_named(folder):
    path = folder / ("x" * (PATH_LIMIT_BYTES - len(str(folder)) - 1))
    assert parse(f"ipc://{path}") == path
    with listen(path):
        assert path.is_socket()
    with pytest.raises(ConfigError, match=f"{path}x: 108 bytes long, .* at most 107"):
        parse(f"ipc://{path}x")
    with pytest.raises(ConfigError, match="bytes long"):
        parse(f"ipc:///{'é' * 54}")


def test_the_file_is_ours_alone_whatever_the_umask(folder):
    umask = os.umask(0)
    try:
        with listen(folder / "a"):
            assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o600
    finally:
        os.umask(umask)


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o710, 0o701, 0o500, 0o1777])
def test_a_directory_of_another_mode_is_refused(folder, mode):
    folder.chmod(mode)
    with pytest.raises(ConfigError, match=f"of mode {mode:04o}; sockets need a directory of mode 0700"):
        listen(folder / "a")
    folder.chmod(0o700)
    assert not any(folder.iterdir())


def test_what_is_no_directory_of_ours_is_refused(folder, monkeypatch):
    (folder / "file").touch()
    (folder / "link").symlink_to(folder)
    with pytest.raises(ConfigError, match="gone: No such file or directory"):
        listen(folder / "gone" / "a")
    with pytest.raises(ConfigError, match="file: no directory"):
        listen(folder / "file" / "a")
    with pytest.raises(ConfigError, match="link: no directory"):
        listen(folder / "link" / "a")
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(ConfigError, match=f"belongs to user {folder.stat().st_uid}"):
        listen(folder / "a")


def test_a_path_that_exists_is_left_alone(folder):
    (folder / "file").write_text("mine")
    (folder / "dangling").symlink_to(folder / "nothing")
    with listen(folder / "bound") as listener:
        for name in ("file", "dangling", "bound"):
            with pytest.raises(ConfigError, match=f"{name}: exists already"):
                listen(folder / name)
        assert (folder / "file").read_text() == "mine"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(folder / "bound"))
            with listener.accept()[0] as accepted:
                accepted.send(b"x")
            assert client.recv(1) == b"x"


def test_a_path_that_cannot_be_made_says_why(folder):
    with pytest.raises(ConfigError, match="x: "):
        listen(folder / ("x" * 300))
    assert not any(folder.iterdir())


def test_a_socket_that_cannot_be_bound_leaves_no_file(folder):
    closed = zmq.Context.instance().socket(zmq.PULL)
    closed.close()
    with pytest.raises(zmq.ZMQError):
        bind_ipc(closed, folder / "a")
    assert not any(folder.iterdir())
