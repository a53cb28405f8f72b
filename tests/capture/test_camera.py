from pathlib import Path

import pytest

from streamseg.capture.camera import CameraSource
from streamseg.config import CaptureConfig
from streamseg.errors import SourceInvalid, SourceNotFound


@pytest.mark.parametrize("source", ["97", "/dev/video97"])
def test_no_such_camera(source: str) -> None:
    with pytest.raises(SourceNotFound, match="/dev/video97: no such camera; present: "):
        CameraSource(source, CaptureConfig(), "door").open()


def test_not_a_camera(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.symlink_to("/dev/null")
    with pytest.raises(SourceInvalid, match="not a video"):
        CameraSource(str(device), CaptureConfig(reconnect_tries=0), "door").open()


def test_what_is_asked_of_a_camera() -> None:
    capture = CaptureConfig(camera_size=(1280, 720), camera_fps=15)
    address = CameraSource("/dev/null", capture, "door")._address()
    assert address.format == "video4linux2"
    assert address.options == {"video_size": "1280x720", "framerate": "15"}


@pytest.mark.skipif(not Path("/dev/video0").exists(), reason="needs a camera at /dev/video0")
def test_a_real_camera() -> None:
    source = CameraSource("0", CaptureConfig(max_frames=3), "door")
    info = source.open()
    assert [f.size_hw for f in source] == [info.size_hw] * 3
