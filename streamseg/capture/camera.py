"""A camera of this machine in (its index or /dev/video*), Frames out; a camera that is unplugged is waited for.

`python -m streamseg.capture.camera 0` prints size, rate and the first time stamps.
"""

import itertools
import os
import sys
from pathlib import Path

from streamseg.capture.address import Address
from streamseg.capture.live import LiveSource
from streamseg.config import CaptureConfig
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


def main() -> None:
    """Print what a camera sends."""
    source = CameraSource(sys.argv[1], CaptureConfig(), "camera")
    print(source.open())  # noqa: T201
    for frame in itertools.islice(source, 5):
        print(frame.seq, frame.pts_ns, frame.size_hw, frame.color, frame.notes)  # noqa: T201


if __name__ == "__main__":
    main()
