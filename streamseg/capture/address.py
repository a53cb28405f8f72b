"""A SOURCE in, what libav is told to open out: URL, format, options; nothing but the protocols it needs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from streamseg.capture.gate import proxy_for
from streamseg.capture.reach import Reach
from streamseg.capture.redact import redact
from streamseg.errors import SourceRefused, SourceUnreachable

_HTTP = "http,https,tcp,tls,httpproxy,crypto,data"
_PROTOCOLS = {
    "file": "file",
    "rtsp": "rtsp,rtp,udp,tcp",
    "rtsps": "rtsp,rtsps,rtp,tcp,tls",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,tls,tcp",
    "http": _HTTP,
    "https": _HTTP,
}


_ANALYSED_US = "200000"
"""Of RTSP, whose servers describe the stream beforehand: else seven pictures go by before the first one is given."""


@dataclass(frozen=True, slots=True)
class Address:
    """What to open. shown is the SOURCE without credentials, for messages; url may hold them."""

    url: str = field(repr=False)
    shown: str
    remote: bool = False
    format: str | None = None
    options: dict[str, str] = field(default_factory=dict, repr=False)
    reach: Reach | None = None

    def check(self) -> None:
        """SourceRefused where its host may not be named; what goes through the gate is judged there, too."""
        if self.reach is not None and self.reach.limited:
            try:
                self.reach.check()
            except SourceRefused as error:
                raise SourceRefused(f"{self.shown}: {error}") from None
            except SourceUnreachable as error:
                raise SourceUnreachable(f"{self.shown}: cannot be reached ({error})") from None


def file_address(source: str) -> Address:
    """A local file: the prefix keeps libav from reading a protocol out of a file's name."""
    return Address(f"file:{Path(source)}", source, options={"protocol_whitelist": _PROTOCOLS["file"]})


def url_address(source: str, rtsp_transport: Literal["tcp", "udp"] = "tcp", reach: Reach | None = None) -> Address:
    """An rtsp, rtmp or http URL; of RTSP video only. What is encrypted (rtsps) comes by TCP, whatever is asked for.

    reach: where it may lead; http and what it leads to then go through the gate.
    """
    scheme = urlsplit(source).scheme
    url = scheme + source[len(scheme) :]  # libav knows its protocols in lower case only
    options = {"protocol_whitelist": _PROTOCOLS[scheme]}
    if scheme in ("http", "https"):
        proxy = proxy_for(reach) if reach is not None else None
        options |= {"http_proxy": proxy} if proxy else {}
    else:
        options |= {"fpsprobesize": "0"}  # else it watches twenty frames go by before it is open
    if scheme in ("rtsp", "rtsps"):
        transport = "tcp" if scheme == "rtsps" else rtsp_transport
        options |= {"rtsp_transport": transport, "allowed_media_types": "video"}
        options |= {"analyzeduration": _ANALYSED_US}
    return Address(url, redact(source), remote=True, options=options, reach=reach)
