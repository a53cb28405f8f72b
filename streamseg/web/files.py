"""Answers with a file: whole or in parts, with what a cache needs, and never more of it than was announced."""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import formatdate
from mimetypes import guess_type
from pathlib import Path
from typing import BinaryIO

from fastapi import Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from streamseg.web.asking import Refused

_BLOCK = 256 << 10
_TYPES = {".jsonl": "application/x-ndjson", ".webm": "video/webm", ".webp": "image/webp"}
_HEADERS = {
    "Cache-Control": "private, no-cache",  # kept, but asked for again: a better shot may have taken its place
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def is_regular(path: Path) -> bool:
    """Whether there is a file of that name, and no link."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def listed(folder: Path, names: re.Pattern[str]) -> list[tuple[str, os.stat_result]]:
    """Files of a folder by name, links left out; those that go meanwhile, or all where it is none, too."""
    found = []
    with suppress(OSError):
        for path in sorted(path for path in folder.iterdir() if names.fullmatch(path.name)):
            with suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode):
                    found.append((path.name, status))
    return found


def answer_file(request: Request, path: Path) -> Response:
    """The file, or the parts of it that are asked for (RFC 9110, section 14). Refused (404) where there is none.

    A file that grows meanwhile is given as long as it was announced.
    """
    file, found = _opened(path)
    headers = _HEADERS | {"ETag": _tag(found), "Last-Modified": formatdate(found.st_mtime, usegmt=True)}
    media_type = _TYPES.get(path.suffix) or guess_type(path.name)[0] or "application/octet-stream"
    if _is_known(request, headers["ETag"]):
        file.close()
        return Response(None, 304, headers)
    if "range" in request.headers:
        file.close()
        return FileResponse(path, headers=headers, media_type=media_type, stat_result=found)
    headers |= {"Content-Length": str(found.st_size), "Accept-Ranges": "bytes"}
    return StreamingResponse(_blocks(file, found.st_size), headers=headers, media_type=media_type)


def answer_bytes(
    request: Request, path: Path, made: Callable[[bytes], bytes], media_type: str, variant: object
) -> Response:
    """What is made of a file's content, unless the caller has it from before; variant: what made depends on."""
    file, found = _opened(path)
    with file:
        headers = _HEADERS | {"ETag": _tag(found, variant)}
        if _is_known(request, headers["ETag"]):
            return Response(None, 304, headers)
        content = file.read()
    return Response(made(content), headers=headers, media_type=media_type)


def _opened(path: Path) -> tuple[BinaryIO, os.stat_result]:
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError:
        raise Refused(404, f"{path.name}: no such file") from None
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode):
        file.close()
        raise Refused(404, f"{path.name}: no such file")
    return file, found


def _tag(found: os.stat_result, variant: object = None) -> str:
    told = f"{found.st_ino} {found.st_mtime_ns} {found.st_size} {variant}"
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def _is_known(request: Request, tag: str) -> bool:
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return tag in known or known == ["*"]


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    with file:
        while size > 0 and (block := file.read(min(_BLOCK, size))):
            size -= len(block)
            yield block
