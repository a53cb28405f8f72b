"""Real servers for tests, each a child process: RTSP (GStreamer, under the system's own Python).

with rtsp_server(clip, user="u", password="p") as server: av.open(server.url)
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

SYSTEM_PYTHON = "/usr/bin/python3"
_PROBE = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
_ELEMENTS = {"qtdemux": "gstreamer1.0-plugins-good", "rtph264pay": "gstreamer1.0-plugins-good"}


class RtspServer:
    """Serves an H.264 mp4 at /stream on 127.0.0.1, from its beginning to each client; may be stopped and restarted."""

    def __init__(self, path: Path, user: str | None, password: str | None) -> None:
        self._path = path
        self._login = [user or "", password or ""]
        self._child: subprocess.Popen[str] | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        """Without user and password."""
        return f"rtsp://127.0.0.1:{self.port}/stream"

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        """Serve, on the same port as before if there was one."""
        command = [SYSTEM_PYTHON, __file__, str(self._path), str(self.port), *self._login]
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        assert line.strip().isdecimal(), f"the RTSP server did not start: {line!r}"
        self.port = int(line)

    def stop(self) -> None:
        """End the server; its connections break."""
        assert self._child is not None
        self._child.kill()
        self._child.wait()
        assert self._child.stdout is not None
        self._child.stdout.close()


@contextmanager
def rtsp_server(
    path: Path, *, user: str | None = None, password: str | None = None, seconds: float = 120
) -> Iterator[RtspServer]:
    """Serve an H.264 mp4, looped for about `seconds`, with digest authentication if a user is given."""
    _require_packages()
    with tempfile.TemporaryDirectory() as folder:
        looped = Path(folder) / "looped.mp4"
        loop(path, looped, seconds)
        server = RtspServer(looped, user, password)
        try:
            yield server
        finally:
            server.stop()


def loop(path: Path, target: Path, seconds: float) -> None:
    """Write a clip's video over and over, without encoding it again, until it lasts `seconds`."""
    import av

    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        tick = stream.time_base
        step = round(1 / stream.average_rate / tick)
        span = max(p.pts for p in packets) - min(p.pts for p in packets) + step
        times = [(p.pts, p.dts) for p in packets]
        with av.open(str(target), "w", options={"video_track_timescale": str(Fraction(1) / tick)}) as output:
            copy = output.add_stream_from_template(stream)
            for turn in range(max(1, round(seconds / (span * tick)))):
                for packet, (pts, dts) in zip(packets, times, strict=True):
                    packet.stream, packet.time_base = copy, tick
                    packet.pts, packet.dts = pts + turn * span, dts + turn * span
                    output.mux(packet)


def _require_packages() -> None:
    from tests.conftest import require_debian

    found = Path(SYSTEM_PYTHON).exists() and _runs(_PROBE)
    require_debian("gir1.2-gst-rtsp-server-1.0 python3-gi", found)
    for element, package in _ELEMENTS.items():
        probe = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst; Gst.init(None); "
        require_debian(package, _runs(f"{probe}raise SystemExit(Gst.ElementFactory.find('{element}') is None)"))


def _runs(code: str) -> bool:
    return subprocess.run([SYSTEM_PYTHON, "-c", code], capture_output=True, check=False).returncode == 0


def _serve() -> None:
    """The child: print the port, then serve until killed."""
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer

    parser = argparse.ArgumentParser()
    for argument in ("path", "port", "user", "password"):
        parser.add_argument(argument)
    args = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(args.port)
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(f'( filesrc location="{args.path}" ! qtdemux ! rtph264pay name=pay0 pt=96 config-interval=-1 )')
    server.get_mount_points().add_factory("/stream", factory)
    if args.user:
        _ask_for_password(server, factory, args.user, args.password)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


def _ask_for_password(server: object, factory: object, user: str, password: str) -> None:
    from gi.repository import GstRtsp, GstRtspServer

    auth = GstRtspServer.RTSPAuth.new()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", user)
    auth.add_digest(user, password, token)
    permissions = GstRtspServer.RTSPPermissions.new()
    permissions.add_permission_for_role(user, "media.factory.access", True)
    permissions.add_permission_for_role(user, "media.factory.construct", True)
    factory.set_permissions(permissions)
    server.set_auth(auth)


if __name__ == "__main__":
    sys.exit(_serve())
