"""Starts the RTSP server under a Python that has GStreamer: often the system's, which has none of our libraries."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from streamseg.errors import ConfigError

_ROOT = Path(__file__).resolve().parent.parent
_SYSTEM_PYTHON = "/usr/bin/python3"
# streamseg/__init__.py imports NumPy and more: a bare package of the same name and place stands in for it
_BARE_PACKAGE = (
    "import sys, types; package = types.ModuleType('streamseg'); package.__path__ = [sys.argv[1]]; "
    "sys.modules['streamseg'] = package; "
)
_SERVE = _BARE_PACKAGE + "from streamseg.camera.rtsp import main; sys.exit(main())"
_PROBE = _BARE_PACKAGE + (
    "from streamseg.camera.rtsp import Gst; Gst.init(None); "
    "sys.exit(not all(map(Gst.ElementFactory.find, ('appsrc', 'rtph264pay', 'rtph265pay', 'rtpjpegpay'))))"
)
DEBIAN_PACKAGES = (
    "python3-gi gir1.2-gst-plugins-base-1.0 gir1.2-gst-rtsp-server-1.0 "
    "gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
)
_FEDORA_PACKAGES = "python3-gobject gstreamer1-rtsp-server gstreamer1-plugins-base gstreamer1-plugins-good"
MISSING = (
    "streamseg camera: no Python here has GStreamer's RTSP server; "
    f"Debian, Ubuntu: apt-get install {DEBIAN_PACKAGES}; Fedora: dnf install {_FEDORA_PACKAGES}"
)


@cache
def find_python() -> str | None:
    """The first Python with the bindings and elements that the server needs: this one, the system's, the PATH's."""
    candidates = dict.fromkeys([sys.executable, _SYSTEM_PYTHON, shutil.which("python3") or _SYSTEM_PYTHON])
    return next((python for python in candidates if _runs(python)), None)


def require() -> str:
    """That Python.

    Raises:
        ConfigError: there is none; says how to get it.
    """
    python = find_python()
    if python is None:
        raise ConfigError(MISSING)
    return python


def start() -> subprocess.Popen[str]:
    """The server's process; it waits for its first order on stdin.

    Raises:
        ConfigError: see require.
    """
    python = require()
    # a session of its own: Ctrl-C at the terminal is for whoever started it
    command = [python, "-c", _SERVE, str(_ROOT)]
    return subprocess.Popen(  # noqa: S603  # one of find_python, and code of our own
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def _runs(python: str) -> bool:
    if not Path(python).exists():
        return False
    done = subprocess.run([python, "-c", _PROBE, str(_ROOT)], capture_output=True)  # noqa: S603
    return done.returncode == 0
