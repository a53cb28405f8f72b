"""A camera of this machine in (its index or /dev/video*), Frames out; a camera that is unplugged is waited for."""

import os
from pathlib import Path

from streamseg.capture.address import Address
from streamseg.capture.live import LiveSource
from streamseg.errors import SourceNotFound, SourceRefused


class CameraSource(LiveSource):
    """A Video4Linux camera; camera_size and camera_fps are asked of it, it may choose others."""

    def _address(self) -> Address:
        device = Path(f"/dev/video{self._source}" if self._source.isdecimal() else self._source)
        if not device.exists():
            present = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*"))) or "none"
            raise SourceNotFound(f"{device}: no such camera; present: {present}")
        if not os.access(device, os.R_OK | os.W_OK):
            raise SourceRefused(f"{device}: no permission to use the camera (is the user in the group video?)")
        options = {}
        if self._capture.camera_size is not None:
            options["video_size"] = "{}x{}".format(*self._capture.camera_size)
        if self._capture.camera_fps is not None:
            options["framerate"] = f"{self._capture.camera_fps:g}"
        return Address(str(device), str(device), format="video4linux2", options=options)
