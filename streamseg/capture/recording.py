"""What a recorded file tells of itself before and beside its pictures: readable at all, when made, how long."""

import os
from datetime import UTC, datetime
from pathlib import Path

from streamseg.capture.container import Opened
from streamseg.errors import SourceInvalid, SourceNotFound, SourceRefused

_OLDEST = datetime(1980, 1, 1, tzinfo=UTC)
_SECOND_NS = 1_000_000_000
_MICROSECOND_NS = 1_000


def check_file(source: str) -> None:
    """Raise what can be said of a local file better than libav says it."""
    path = Path(source)
    if not path.exists():
        raise SourceNotFound(f"{source}: no such file; allowed are files, folders, globs, URLs, cameras")
    if not path.is_file():
        raise SourceInvalid(f"{source}: not a file; allowed are video files, folders and globs of images or videos")
    if not os.access(path, os.R_OK):
        raise SourceRefused(f"{source}: no permission to read it")
    if path.stat().st_size == 0:
        raise SourceInvalid(f"{source}: not a video, the file is empty")
    if _lacks_index(path):
        raise SourceInvalid(f"{source}: truncated: the file ends before its index (moov)")


def _lacks_index(path: Path) -> bool:
    """An MP4 or MOV (ISO/IEC 14496-12 boxes) that ends before its moov box was written."""
    size = path.stat().st_size
    if size < 8:
        return False  # too short for any box: not an MP4 at all
    with path.open("rb") as file:
        position = 0
        while position + 8 <= size:
            file.seek(position)
            head = file.read(16)
            kind, length = head[4:8], int.from_bytes(head[:4], "big")
            if kind == b"moov" or (position == 0 and kind != b"ftyp"):
                return False
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8:
                break
            position += length
    return True


def creation_ns(opened: Opened) -> int | None:
    """UTC (ns since 1970) at which the file says it was begun, or None."""
    for metadata in (opened.container.metadata, opened.stream.metadata):
        try:
            made = datetime.fromisoformat(metadata.get("creation_time", ""))
        except ValueError:
            continue
        made = made if made.tzinfo else made.replace(tzinfo=UTC)
        if made > _OLDEST:
            since = made - datetime(1970, 1, 1, tzinfo=UTC)
            return (since.days * 86400 + since.seconds) * _SECOND_NS + since.microseconds * _MICROSECOND_NS
    return None


def told_duration_s(opened: Opened) -> float | None:
    """Length of the video stream as its file tells it, or None.

    A container's own length counts only if there is nothing else in it that could be longer than the video.
    """
    stream, container = opened.stream, opened.container
    told = []
    if stream.duration and stream.time_base:
        told.append(float(stream.duration * stream.time_base))
    if stream.frames and opened.fps:
        told.append(float(stream.frames / opened.fps))
    if not told and "DURATION" in stream.metadata:
        told.append(_tagged_s(stream.metadata["DURATION"]))
    if not told and container.duration and len(container.streams) == 1:
        told.append(container.duration / 1_000_000)
    return max(told, default=None) or None


def _tagged_s(text: str) -> float:
    """Seconds of a Matroska DURATION tag, "00:01:02.500000000"; 0 if it is written otherwise."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return 0.0
