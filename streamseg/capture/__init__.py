"""Frames in: a SOURCE (file, folder, URL, camera, synthetic street) becomes a Source that yields Frames.

A new kind of source: one file here, one name in `_open_bare`. `python -m streamseg.capture SOURCE` shows what comes.
"""

from typing import TYPE_CHECKING

from streamseg.capture.freshest import Freshest
from streamseg.capture.pace import Paced
from streamseg.capture.redact import redact
from streamseg.capture.spec import expand, is_live, kind_of, parse_source
from streamseg.config import CaptureConfig, StreamConfig
from streamseg.stages import Source

if TYPE_CHECKING:
    from streamseg.capture.privacy import Veiled
    from streamseg.capture.reach import Hosts

__all__ = ["expand", "is_live", "open_source", "parse_source", "redact"]


def open_source(
    stream: StreamConfig, capture: CaptureConfig, *, newest_only: bool = True, hosts: "Hosts | None" = None
) -> "Veiled":
    """The source of a stream that expand() has named; its open() has still to be called.

    Live: only the newest frame is kept for whoever fetches, if newest_only (pace fast: every frame, as long as the
    sender waits). Recorded: as fast as it is fetched (pace realtime: no faster than media time). hosts: which ones a
    URL may name and lead to; None: any.
    """
    source: Source = _open_bare(stream, capture, hosts)
    if is_live(stream.source) and newest_only and capture.pace != "fast":
        source = Freshest(source)
    elif not is_live(stream.source) and capture.pace == "realtime":
        source = Paced(source)
    from streamseg.capture.privacy import Veiled

    return Veiled(source, stream.zones)


def _open_bare(stream: StreamConfig, capture: CaptureConfig, hosts: "Hosts | None") -> Source:
    """Each kind is imported when it is used: the street's renderer is large."""
    name = stream.name or "stream"
    match kind_of(stream.source):
        case "synthetic":
            from streamseg.capture.synthetic import SyntheticSource

            return SyntheticSource(stream.source, capture, name)
        case "camera":
            from streamseg.capture.camera import CameraSource

            return CameraSource(stream.source, capture, name)
        case "live":
            from streamseg.capture.live import LiveSource

            return LiveSource(stream.source, capture, name, hosts)
        case "images":
            from streamseg.capture.folder import FolderSource

            return FolderSource(stream.source, capture, name)
        case "video":
            from streamseg.capture.file import FileSource

            return FileSource(stream.source, capture, name, hosts)
