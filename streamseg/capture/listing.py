"""A folder or glob in, its image and video files out, in natural order (frame2 before frame10)."""

import glob
import re
from pathlib import Path

from streamseg.errors import SourceNotFound, SourceRefused

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
_RECORDINGS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".flv", ".wmv", ".3gp", ".ogv", ".mxf", ".ivf"}
_STREAMS = {".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".mjpg", ".mjpeg", ".y4m", ".h264", ".264", ".h265", ".hevc"}
VIDEO_SUFFIXES = frozenset(_RECORDINGS | _STREAMS)
_WILD = re.compile(r"[*?\[]")


def is_glob(source: str) -> bool:
    """It holds wildcards, and is not itself the name of something that exists."""
    return bool(_WILD.search(source)) and not _exists(source)


def is_folder(source: str) -> bool:
    """It is the name of a folder that can be seen."""
    try:
        return Path(source).is_dir()
    except OSError:
        return False  # too long for a name, or in a folder that may not be entered


def list_media(source: str) -> list[Path]:
    """Image and video files of a folder (not of folders in it) or glob (** goes down); a file is itself.

    Raises:
        SourceNotFound: no such folder or file.
        SourceRefused: the folder may not be read.
    """
    if is_glob(source):
        # Path.glob takes no absolute patterns
        found = [Path(name) for name in glob.glob(source, recursive=True)]  # noqa: PTH207
    elif is_folder(source):
        found = _entries(source)
    elif _exists(source):
        return [Path(source)]
    else:
        raise SourceNotFound(f"{source}: no such file or folder")
    allowed = IMAGE_SUFFIXES | VIDEO_SUFFIXES
    media = [path for path in found if path.suffix.lower() in allowed and not path.name.startswith(".")]
    return sorted((path for path in media if path.is_file()), key=_natural)


def _exists(source: str) -> bool:
    try:
        return Path(source).exists()
    except OSError:
        return False


def _entries(source: str) -> list[Path]:
    try:
        return list(Path(source).iterdir())
    except PermissionError as error:
        raise SourceRefused(f"{source}: no permission to list the folder") from error


def _natural(path: Path) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", str(path))
    return [(1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts]
