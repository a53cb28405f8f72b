"""The section of the YAML that shows annotated streams elsewhere while they run: broadcast. See docs/streams-out.md."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from streamseg.config_section import Section

PUSH_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps")


def _checked(url: str) -> str:
    """The URL; a message must not repeat it, for it may hold a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PUSH_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        allowed = ", ".join(f"{scheme}://" for scheme in PUSH_SCHEMES)
        raise ValueError(f"no URL to push to; allowed are {allowed} with a host, and {{stream}} for the stream's name")
    return url


PushUrl = Annotated[str, Field(min_length=1, max_length=480), AfterValidator(_checked)]


class HlsConfig(Section):
    """HTTP Live Streaming: <stream>/hls/live.m3u8 and its segments, fragmented MP4, for any web server."""

    enabled: bool = Field(False, description="write hls/")
    segment_s: float = Field(4.0, gt=0, le=60, description="shortest segment, s; one ends with the next key frame")
    keep: int = Field(6, ge=3, le=10_000, description="segments in the playlist; older files are removed")


class BroadcastConfig(Section):
    """Annotated streams out while they run: one encode, any number of receivers. See docs/streams-out.md."""

    push: tuple[PushUrl, ...] = Field(
        (),
        max_length=8,
        description="rtsp(s):// and rtmp(s):// servers that every stream is sent to; {stream}: its name",
    )
    ca_file: Path | None = Field(None, description="certificates to trust of rtsps and rtmps; default: the system's")
    hls: HlsConfig = HlsConfig()
    browser: Literal["auto", "always", "never"] = Field(
        "auto", description="with web.enabled show streams to browsers; auto: if they are encoded anyway"
    )
    mjpeg_fps: float = Field(5.0, gt=0, le=30, description="most pictures a second of live.mjpg")
