"""Real servers for tests: the faulty camera (RTSP by GStreamer, MJPEG over HTTP), with a plan, or without faults.

with FaultyCamera("freeze@1s/0.5s,drop@2s", size=(160, 96)) as camera: av.open(camera.url)
with rtsp_server(clip, user="u", password="p") as server: av.open(server.url)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streamseg.camera.camera import Camera, Settings
from streamseg.camera.child import DEBIAN_PACKAGES, find_python
from streamseg.camera.plan import Fault, parse_plan
from streamseg.camera.serving import Login, Place
from tests.conftest import require_debian

ANYWHERE = Place("127.0.0.1", 0, "/stream")


class FaultyCamera(Camera):
    """A small camera on a free port; see Camera for the plan's second 0.

    Args:
        plan: faults as `streamseg camera --fault` takes them.
        repeat: as --repeat.
        **settings: what differs from a test's usual: see streamseg.camera.camera.Settings.
    """

    def __init__(self, plan: str = "", *, repeat: str | None = None, **settings: Any) -> None:
        usual: dict[str, Any] = {"size": (160, 96), "fps": 25.0, "seconds": 4.0, "key_every_s": 0.2}
        if "http" not in settings:
            usual["rtsp"] = ANYWHERE
        chosen = Settings(**usual | settings)
        if chosen.rtsp is not None:
            require_rtsp()
        super().__init__(chosen, parse_plan(plan, repeat=repeat))


class RtspServer:
    """Serves a clip at /stream on 127.0.0.1; may be stopped and restarted, on the same port."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._down: Fault | None = None

    @property
    def url(self) -> str:
        """Without user and password."""
        return self._camera.url

    @property
    def pid(self) -> int:
        assert self._camera.pid is not None
        return self._camera.pid

    def start(self) -> None:
        """Serve again."""
        assert self._down is not None
        self._camera.end(self._down)

    def stop(self) -> None:
        """End the server; its connections break."""
        self._down = self._camera.begin("restart")


@contextmanager
def rtsp_server(
    path: Path, *, user: str | None = None, password: str | None = None, seconds: float = 120
) -> Iterator[RtspServer]:
    """Serve a clip in a loop from its beginning to each client, with digest authentication if a user is given."""
    require_rtsp()
    login = Login(user, password or "") if user else None
    settings = Settings(
        rtsp=ANYWHERE, source=str(path), login=login, ends_after_s=seconds, marks=False, key_every_s=0.2
    )
    with Camera(settings) as camera:
        yield RtspServer(camera)


def require_rtsp() -> None:
    """Skip the test where GStreamer's RTSP server is missing; in CI, fail."""
    require_debian(DEBIAN_PACKAGES, find_python() is not None)
