"""The RTSP server itself, on GStreamer's gst-rtsp-server: encoded pictures in, RTP out, faults between the two.

Runs as a process of its own under a Python that has GStreamer's bindings (see `child`). It reads orders from stdin and
tells what happens on stdout, a line of JSON each; it ends with stdin.
"""

import json
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

from streamseg.camera.clip import Clip  # noqa: E402
from streamseg.camera.condition import Condition, Format  # noqa: E402
from streamseg.camera.outlet import PAYLOADERS, Outlet  # noqa: E402

_TICK_MS = 5
_THREADS = 16
_ROLE = "viewer"
_NOBODY = "nobody"


class RtspCamera:
    """One camera at one address.

    Args:
        order: host, port (0: any free one), path, user, password, epoch_ns (start on the monotonic clock), folder (of
            the clips), ends_after_s (for each client, or None), seed, condition.
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self._path = str(order["path"])
        self._epoch_s = order["epoch_ns"] / 1e9
        self._folder = Path(order["folder"])
        self._ends_after_s = order["ends_after_s"]
        self._seed = int(order["seed"])
        self._condition = Condition.from_json(order["condition"])
        self._clips: dict[str, Clip] = {}
        self._outlets: list[Outlet] = []
        self._clients: list[Any] = []
        self._lock = threading.Lock()
        self._server = GstRtspServer.RTSPServer.new()
        self._server.set_address(order["host"])
        self._server.set_service(str(order["port"]))
        self._server.get_thread_pool().set_max_threads(_THREADS)
        self._server.connect("client-connected", self._on_client)
        self._factories = {codec: self._factory(codec) for codec in PAYLOADERS}
        user, password = order["user"], order["password"]
        self._login = _login(user, password) if user else None
        self._nobody = _login(_NOBODY, secrets.token_hex())
        self._mount()

    def attach(self) -> int:
        """Listen; the port, or -1 where that is not possible."""
        if not self._server.attach(None):
            return -1
        GLib.timeout_add(_TICK_MS, self._tick)
        return int(self._server.get_bound_port())

    def change(self, condition: Condition) -> None:
        """From now on in this condition; who is connected stays so."""
        with self._lock:
            self._condition = condition
            self._mount()
            for outlet in self._outlets:
                # a client of another codec keeps what it was told of
                outlet.change(
                    condition, self._clip(condition.format) if outlet.codec == condition.format.codec else None
                )

    def drop(self) -> None:
        """Close every connection and end every session."""
        self._server.get_session_pool().filter(lambda *_: GstRtspServer.RTSPFilterResult.REMOVE)
        for client in list(self._clients):
            client.close()

    def _mount(self) -> None:
        """Show what the condition allows at the camera's path."""
        mounts = self._server.get_mount_points()
        if self._condition.hidden:
            mounts.remove_factory(self._path)
        else:
            mounts.add_factory(self._path, self._factories[self._condition.format.codec])
        self._server.set_auth(self._nobody if self._condition.refuses else self._login)

    def _clip(self, wanted: Format) -> Clip:
        if wanted.key not in self._clips:
            self._clips[wanted.key] = Clip.read(self._folder, wanted)
        return self._clips[wanted.key]

    def _factory(self, codec: str) -> Any:
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch(f"( appsrc name=source ! {PAYLOADERS[codec]} name=pay0 )")
        permissions = GstRtspServer.RTSPPermissions.new()
        permissions.add_permission_for_role(_ROLE, "media.factory.access", True)
        permissions.add_permission_for_role(_ROLE, "media.factory.construct", True)
        factory.set_permissions(permissions)
        factory.connect("media-configure", self._on_media, codec)
        return factory

    def _on_client(self, _server: Any, client: Any) -> None:
        address = client.get_connection().get_ip()
        client.connect("closed", self._on_closed, address)
        client.connect("play-request", lambda *_: tell("playing", client=address))
        self._clients.append(client)
        tell("connected", client=address)

    def _on_closed(self, client: Any, address: str) -> None:
        if client in self._clients:
            self._clients.remove(client)
        tell("closed", client=address)

    def _on_media(self, _factory: Any, media: Any, codec: str) -> None:
        with self._lock:
            clip = self._clip(self._condition.format._replace(codec=codec))
            outlet = Outlet(media, clip, self._condition, seed=self._seed)
            if self._ends_after_s is None:
                outlet.join(self._epoch_s)
            else:
                outlet.play(self._ends_after_s)
            self._outlets.append(outlet)
        media.connect("unprepared", self._on_unprepared, outlet)

    def _on_unprepared(self, _media: Any, outlet: Outlet) -> None:
        with self._lock:
            if outlet in self._outlets:
                self._outlets.remove(outlet)

    def _tick(self) -> bool:
        with self._lock:
            for outlet in self._outlets:
                outlet.push(time.monotonic())
        return True


def _login(user: str, password: str) -> Any:
    """Digest authentication with one user who may see everything."""
    auth = GstRtspServer.RTSPAuth.new()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken.new()
    token.set_string("media.factory.role", _ROLE)
    auth.add_digest(user, password, token)
    return auth


def tell(event: str, **what: Any) -> None:
    """A line for whoever started this process."""
    sys.stdout.write(json.dumps({"event": event, **what}) + "\n")
    sys.stdout.flush()


def obey(camera: RtspCamera, loop: Any) -> None:
    """Carry out orders until there are no more; each is acknowledged once it is in force."""
    for line in sys.stdin:
        order = json.loads(line)
        if "condition" in order:
            camera.change(Condition.from_json(order["condition"]))
        else:
            camera.drop()
        tell("done", number=order["number"])
    loop.quit()


def main() -> int:
    """Serve; the first line of stdin says what."""
    Gst.init(None)
    camera = RtspCamera(json.loads(sys.stdin.readline()))
    port = camera.attach()
    if port < 0:
        tell("refused")
        return 1
    tell("listening", port=port)
    loop = GLib.MainLoop()
    threading.Thread(target=obey, args=(camera, loop), daemon=True).start()
    loop.run()
    return 0
