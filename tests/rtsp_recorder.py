"""A real RTSP server for tests (GStreamer's) that records what is pushed to it (RTSP RECORD).

with RtspRecorder(tmp_path) as server: av.open(server.url, "w", format="rtsp")
"""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import av

from streamseg.camera.child import find_python
from streamseg.testing import read_mark
from tests.conftest import require_debian
from tests.servers import require_rtsp

_SERVER = """
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer
Gst.init(None)
folder, port, user, password, certificate = sys.argv[1:]
server = GstRtspServer.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory.new()
factory.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
factory.set_latency(0)
factory.set_launch(
    "( rtph264depay name=depay0 ! h264parse config-interval=-1 ! "
    "video/x-h264,stream-format=byte-stream,alignment=au ! filesink name=file sync=false async=false buffer-mode=2 )"
)
permissions = GstRtspServer.RTSPPermissions.new()
for name in ("media.factory.access", "media.factory.construct"):
    permissions.add_permission_for_role("pusher", name, True)
factory.set_permissions(permissions)
count = 0
def configure(_factory, media):
    global count
    import os
    while os.path.exists(f"{folder}/{count:03d}.h264"):
        count += 1
    open(f"{folder}/{count:03d}.h264", "wb").close()
    media.get_element().get_by_name("file").set_property("location", f"{folder}/{count:03d}.h264")
factory.connect("media-configure", configure)
server.get_mount_points().add_factory("/in", factory)
if user or certificate:
    auth = GstRtspServer.RTSPAuth.new()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", "pusher")
    if certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(certificate))
        auth.set_default_token(token)
    else:
        auth.add_digest(user, password, token)
    server.set_auth(auth)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""


class RtspRecorder:
    """Records each push to /in into a file of its own; may be killed, and started again on the same port.

    Args:
        folder: where the recordings go.
        user, password: for digest authentication; none: everybody may push.
        certificate: a file with a certificate and its key: for rtsps instead.
    """

    def __init__(self, folder: Path, *, user: str = "", password: str = "", certificate: Path | None = None) -> None:
        require_rtsp()
        parsers = list(Path("/usr/lib").glob("*/gstreamer-1.0/libgstvideoparsersbad.so"))
        require_debian("gstreamer1.0-plugins-bad", bool(parsers))  # has h264parse
        self.folder, self._login, self._certificate, self._port = folder, (user, password), certificate, 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "RtspRecorder":
        self.folder.mkdir(exist_ok=True)
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.kill()

    @property
    def url(self) -> str:
        user, password = self._login
        login = f"{user}:{password}@" if user else ""
        scheme = "rtsps" if self._certificate else "rtsp"
        return f"{scheme}://{login}127.0.0.1:{self._port}/in"

    def start(self) -> None:
        """Serve, again if it did before."""
        command = [find_python(), "-c", _SERVER, str(self.folder), str(self._port), *self._login]
        command.append(str(self._certificate or ""))
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._port = int(self._process.stdout.readline())

    def kill(self) -> None:
        """End it; connections break."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None

    def hang(self, stands: bool) -> None:
        """It stands still: connections open, nothing read, no request answered. Or goes on."""
        os.kill(self._process.pid, signal.SIGSTOP if stands else signal.SIGCONT)

    def pushes(self) -> list[list[int]]:
        """The numbers drawn into the pictures of each push, in their order."""
        return [marks(path) for path in sorted(self.folder.glob("*.h264")) if path.stat().st_size]

    def received(self) -> int:
        """Bytes that have come so far."""
        return sum(path.stat().st_size for path in self.folder.glob("*.h264"))


def marks(path: Path) -> list[int]:
    """The numbers drawn into a video's pictures; in a recording that broke off the last one may be torn."""
    recorded = path.suffix == ".h264"
    with av.open(str(path), format="h264" if recorded else None) as container:
        found = [read_mark(picture.to_ndarray(format="gray")) for picture in container.decode(video=0)]
    if recorded and found and found[-1] is None:
        del found[-1]
    assert None not in found, "a picture without a number"
    return found
