"""SOURCE arguments in, streams out: the kind of each, `name=SOURCE`, folders and globs, unique safe names."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from streamseg.capture.listing import IMAGE_SUFFIXES, VIDEO_SUFFIXES, is_folder, is_glob, list_media
from streamseg.capture.redact import is_url, redact
from streamseg.config import LONGEST_SOURCE, StreamConfig
from streamseg.errors import ConfigError, SourceError

Kind = Literal["synthetic", "live", "camera", "images", "video"]

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_CAMERA = re.compile(r"\d+|/dev/video\d+")
_LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps")
_SCHEMES = (*_LIVE_SCHEMES, "http", "https", "synthetic")
_FINITE_SUFFIXES = frozenset({".mp4", ".m4v", ".mkv", ".mov", ".avi", ".webm"})
_LONGEST_NAME = 64


def parse_source(argument: str) -> StreamConfig:
    """A SOURCE of the command line, with or without `name=`, as a stream.

    Raises:
        ConfigError: nothing in it, not UTF-8, a name over 64 characters, or a URL of a scheme that is not read.
    """
    name, equals, rest = argument.partition("=")
    named = bool(equals) and _NAME.fullmatch(name) is not None
    source = rest if named else argument
    if not source.strip():
        raise ConfigError(f"SOURCE {argument!r}: nothing to open; allowed are a file, folder, glob, URL or camera")
    if named and len(name) > _LONGEST_NAME:
        raise ConfigError(f"SOURCE name {name!r}: {len(name)} characters; allowed are {_LONGEST_NAME}")
    _check_utf8(source)
    kind_of(source)
    return StreamConfig(source=source, name=name if named else None)


def kind_of(source: str) -> Kind:
    """Which class reads a source; a folder or glob without a video in it counts as images.

    Raises:
        ConfigError: a URL of another scheme, without a host, or with white space; images and videos mixed.
    """
    if len(source) > LONGEST_SOURCE or "\0" in source:
        told = "a character 0 in it" if "\0" in source else f"{len(source)} characters, not at most {LONGEST_SOURCE}"
        raise ConfigError(f"SOURCE {redact(source)[:80]!r}: {told}; no file or URL is called so")
    scheme = _SCHEME.match(source)
    if scheme:
        return _kind_of_url(source, scheme[1].lower())
    if _CAMERA.fullmatch(source):
        return "camera"
    if not is_glob(source) and not is_folder(source):
        return "images" if Path(source).suffix.lower() in IMAGE_SUFFIXES else "video"
    suffixes = {path.suffix.lower() for path in _listed(source)}
    if suffixes & IMAGE_SUFFIXES and suffixes & VIDEO_SUFFIXES:
        raise ConfigError(f"{source}: holds images and videos; allowed is one kind (try a glob such as *.mp4)")
    return "video" if suffixes & VIDEO_SUFFIXES else "images"


def _kind_of_url(source: str, scheme: str) -> Kind:
    shown = redact(source)
    if re.search(r"\s", source):
        raise ConfigError(f"{scheme} URL: white space in it; write it as %20")
    if scheme not in _SCHEMES:
        raise ConfigError(f"{shown}: scheme {scheme!r} is not read; allowed are {', '.join(_SCHEMES)}")
    if scheme == "synthetic":
        return "synthetic"
    try:
        parts = urlsplit(source)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        form = f"{scheme}://[user:password@]host[:port]/path, special characters of a password as %2F"
        raise ConfigError(f"{shown}: no host, or not a port number, in it; a URL is {form}")
    finite = scheme not in _LIVE_SCHEMES and PurePosixPath(parts.path).suffix.lower() in _FINITE_SUFFIXES
    return "video" if finite else "live"


def is_live(source: str) -> bool:
    """Frames come when they come: cameras, rtsp, rtmp, and http(s) but for files (.mp4 .m4v .mkv .mov .avi .webm)."""
    return kind_of(source) in ("live", "camera")


def expand(streams: Sequence[StreamConfig]) -> list[StreamConfig]:
    """One stream per video of a folder or glob, and a name for every stream: unique, safe, at most 64 characters.

    What cannot be found stays a stream, whose open() says so: the others go on.

    Raises:
        ConfigError: as kind_of, a name given twice, or a file whose name is not UTF-8.
    """
    each = [stream for given in streams for stream in _each_video(given)]
    given_names = [stream.name for stream in each if stream.name]
    twice = next((name for name in given_names if given_names.count(name) > 1), None)
    if twice:
        raise ConfigError(f"stream name {twice!r} is given twice; names must differ")
    taken = set(given_names)
    return [stream if stream.name else _named(stream, taken) for stream in each]


def _each_video(stream: StreamConfig) -> list[StreamConfig]:
    source = stream.source
    if kind_of(source) != "video" or not (is_glob(source) or (not is_url(source) and is_folder(source))):
        return [stream]
    paths = _listed(source)
    for path in paths:
        _check_utf8(str(path))
    if stream.name is None or len(paths) == 1:
        return [stream.model_copy(update={"source": str(path)}) for path in paths]
    taken: set[str] = set()
    names = [_unique(f"{stream.name}-{_safe(path.stem)}", taken) for path in paths]
    return [
        stream.model_copy(update={"source": str(path), "name": name}) for path, name in zip(paths, names, strict=True)
    ]


def _check_utf8(source: str) -> None:
    """Names that are not would fit into no message, JSON or log."""
    if any("\ud800" <= char <= "\udfff" for char in source):
        raise ConfigError(f"SOURCE {source[:200]!r}: not UTF-8; rename the file")


def _listed(source: str) -> list[Path]:
    try:
        return list_media(source)
    except SourceError:
        return []


def _named(stream: StreamConfig, taken: set[str]) -> StreamConfig:
    return stream.model_copy(update={"name": _unique(_wish(stream.source), taken)})


def _wish(source: str) -> str:
    """The name a source would have if it were alone."""
    if _CAMERA.fullmatch(source):
        return f"camera-{source.removeprefix('/dev/video')}"
    if _SCHEME.match(source):
        parts = urlsplit(redact(source))
        return _safe(f"{parts.hostname or ''}{parts.path}")
    path = Path(source).absolute()
    if is_glob(source):
        # frames/*.png is named after its folder
        path = next((p for p in path.parents if not is_glob(str(p))), path)
    return _safe(path.name if is_folder(str(path)) else path.stem)


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "stream"


def _unique(wish: str, taken: set[str]) -> str:
    """The wish, or with -2, -3 ... the first that is not taken; adds it to those taken."""
    name, number = wish[:_LONGEST_NAME], 1
    while name in taken:
        number += 1
        name = f"{wish[: _LONGEST_NAME - len(str(number)) - 1]}-{number}"
    taken.add(name)
    return name
