"""What streams that are added may read, as far as it is known without asking anybody."""

import pytest

from streamseg.config_runtime import WebConfig
from streamseg.errors import ConfigError
from streamseg.runtime.admission import Admission

OPEN = {"host": "0.0.0.0"}
HOSTS = [
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "169.254.169.254",
]
HOSTS += ["2852039166", "0xA9FEA9FE", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[fe80::1]"]


def admission(**web):
    return Admission(WebConfig(**web))


@pytest.mark.parametrize("scheme", ["rtsp", "RTMP", "https"])
@pytest.mark.parametrize("host", HOSTS)
def test_from_elsewhere_nobody_names_this_machine(scheme, host):
    for before in ("", "10.0.0.7@", "10.0.0.7:80@", "a:b@c@"):
        with pytest.raises(ConfigError, match=r"web\.add_hosts"):
            admission(**OPEN).check(f"{scheme}://{before}{host}/x")


@pytest.mark.parametrize(
    "source", ["/etc/passwd.mp4", "clip.mp4", "../x", "/dev/video0", "0", "file:clip.mp4", "/", "/etc/a://b.mp4"]
)
def test_nor_files(source):
    with pytest.raises(ConfigError, match=r"web\.add_folders; there are: none"):
        admission(**OPEN).check(source)


def test_but_cameras_of_the_network_and_what_is_made_here():
    for source in ("rtsp://10.0.0.7/1", "http://8.8.8.8/x.mp4", "rtsp://camera.example/1", "synthetic://street"):
        admission(**OPEN).check(source)


def test_a_message_shows_no_password():
    with pytest.raises(ConfigError) as refused:
        admission(**OPEN).check("rtsp://user:hush@127.0.0.1/x")
    assert "hush" not in str(refused.value)


def test_on_loopback_all_is_open_unless_it_is_said_otherwise(tmp_path):
    for source in ("rtsp://127.0.0.1/x", "clip.mp4", "0", "http://169.254.169.254/x.mp4"):
        admission().check(source)
    limited = admission(add_hosts=("10.0.0.0/8", "camera.example"), add_folders=(tmp_path,))
    limited.check("rtsp://10.9.9.9/x")
    limited.check(f"{tmp_path}/new.mp4")
    for source in ("rtsp://127.0.0.1/x", "rtsp://11.0.0.1/x", f"{tmp_path}x/new.mp4", f"{tmp_path}/../new.mp4", "0"):
        with pytest.raises(ConfigError):
            limited.check(source)


def test_links_lead_nowhere(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    with pytest.raises(ConfigError, match="lies in no folder"):
        admission(add_folders=(inside,)).check(f"{inside}/link/clip.mp4")


def test_cameras_of_the_machine_are_named_by_their_folder():
    admission(**OPEN, add_folders=("/dev",)).check("0")
    admission(**OPEN, add_folders=("/dev",)).check("/dev/video3")
