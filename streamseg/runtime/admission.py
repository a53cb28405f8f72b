"""What streams that are added over HTTP may read: hosts that may be named, folders that files may lie in."""

from pathlib import Path
from urllib.parse import urlsplit

from streamseg.capture.reach import Hosts, literal
from streamseg.capture.redact import is_url, redact
from streamseg.capture.spec import kind_of
from streamseg.config_runtime import LOOPBACK, WebConfig
from streamseg.errors import ConfigError

_DEVICES = "/dev"


class Admission:
    """Judges the sources of added streams.

    On loopback, whoever may add streams may read files anyway: nothing is refused there, unless the configuration says
    so. Elsewhere a stream may name no file, and neither this machine nor link-local addresses.

    Attributes:
        hosts: those that a source may name and lead to; None: any. Capture looks names up, each time it connects.

    Args:
        web: its keys host, add_hosts and add_folders matter here.
    """

    def __init__(self, web: WebConfig):
        near = web.host in LOOPBACK
        self.hosts = None if near and web.add_hosts is None else Hosts(web.add_hosts)
        self._folders = None if near and web.add_folders is None else web.add_folders or ()

    def check(self, source: str) -> None:
        """ConfigError where a source may not be added, as far as that is known without looking up names."""
        kind = kind_of(source)
        if kind == "synthetic":
            return
        if is_url(source):
            self._check_host(source)
        else:
            self._check_file(_DEVICES if kind == "camera" else source)

    def _check_host(self, source: str) -> None:
        host = urlsplit(source).hostname or ""
        found = literal(host)
        if self.hosts is not None and found and self.hosts.refuses(host, found):
            raise ConfigError(f"source {redact(source)}: streams that are added may not name this host (web.add_hosts)")

    def _check_file(self, source: str) -> None:
        if self._folders is None:
            return
        path = Path(source).resolve()
        if not any(path.is_relative_to(folder.resolve()) for folder in self._folders):
            told = ", ".join(map(str, self._folders)) or "none"
            raise ConfigError(f"source {source}: lies in no folder of web.add_folders; there are: {told}")
