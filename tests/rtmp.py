"""A real RTMP server for tests (nginx with its rtmp module), and a real publisher.

with rtmp_server() as base, publishing(f"{base}/gate"): av.open(f"{base}/gate")
"""

import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av

from tests.conftest import require_debian

NGINX = Path("/usr/sbin/nginx")
_MODULES = Path("/usr/lib/nginx/modules")
MODULE, _STREAM_MODULE = _MODULES / "ngx_rtmp_module.so", _MODULES / "ngx_stream_module.so"
_CONFIG = """
load_module {module};
daemon off;
master_process off;
user root;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ }}
rtmp {{
  server {{
    listen 127.0.0.1:{port};
    application live {{ live on; record {record}; record_path {folder}; record_suffix .flv; }}
  }}
}}
"""
_TLS_CONFIG = """
stream {{
  server {{
    listen 127.0.0.1:{tls_port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {certificate};
    proxy_pass 127.0.0.1:{port};
  }}
}}
"""


@contextmanager
def rtmp_server(
    *, record_in: Path | None = None, port: int | None = None, certificate: Path | None = None
) -> Iterator[str]:
    """Serve RTMP on this machine; gives the URL under which streams have their names.

    record_in: keeps what comes. certificate: a file with a certificate and its key: over TLS instead.
    """
    require_debian("nginx-light libnginx-mod-rtmp", NGINX.exists() and MODULE.exists())
    port = port or free_port()
    with tempfile.TemporaryDirectory() as temporary:
        folder = record_in or Path(temporary)
        config = Path(temporary) / "nginx.conf"
        record = "all" if record_in else "off"
        text = _CONFIG.format(module=MODULE, folder=folder, port=port, record=record)
        tls_port = free_port()
        if certificate is not None:
            require_debian("libnginx-mod-stream", _STREAM_MODULE.exists())
            text = f"load_module {_STREAM_MODULE};{text}"
            text += _TLS_CONFIG.format(certificate=certificate, tls_port=tls_port, port=port)
        config.write_text(text)
        nginx = subprocess.Popen([NGINX, "-c", config, "-e", folder / "error.log", "-p", temporary])
        try:
            _wait_for(port)
            yield f"rtmp://127.0.0.1:{port}/live" if certificate is None else f"rtmps://127.0.0.1:{tls_port}/live"
        finally:
            nginx.kill()
            nginx.wait()


@contextmanager
def publishing(url: str, picture: Callable[[int], "object"], size: tuple[int, int]) -> Iterator[None]:
    """Publish picture(i), uint8 [h, w, 3] RGB, 25 a second, until left."""
    over = threading.Event()
    publisher = threading.Thread(target=_publish, args=(url, picture, size, over))
    publisher.start()
    try:
        yield
    finally:
        over.set()
        publisher.join()


def free_port() -> int:
    """A port that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _publish(url: str, picture: Callable[[int], object], size: tuple[int, int], over: threading.Event) -> None:
    with av.open(url, "w", format="flv") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "5"}
        began_s, i = time.monotonic(), 0
        while not over.wait(max(0.0, began_s + i / 25 - time.monotonic())):
            frame = av.VideoFrame.from_ndarray(picture(i), format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            container.mux(stream.encode(frame))
            i += 1


def _wait_for(port: int) -> None:
    deadline_s = time.monotonic() + 10
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            assert time.monotonic() < deadline_s, "nginx did not start"
            time.sleep(0.02)
