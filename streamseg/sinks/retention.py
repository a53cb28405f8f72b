"""What is old goes: results beyond an age or a size are removed, the oldest first, while others are written.

Only what streamseg wrote and will not write again is looked at: parts of files that a newer part has followed, clips,
cut-outs, and best shots of tracks that are over. What a person has approved stays. Links are never followed.
"""

import functools
import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from streamseg.config_output import OutputConfig
from streamseg.index import Index
from streamseg.index.schema import Key
from streamseg.sinks.outdir import is_ours
from streamseg.sinks.rotation import last_part

log = logging.getLogger(__name__)

_PARTED = ("annotated.mp4", "clean-plate.mp4", "objects.jsonl", "events.jsonl")
_PART = re.compile(r"(?P<stem>annotated|clean-plate|objects|events)(?:-(?P<index>\d{4,}))?\.(?P<extension>mp4|jsonl)")
_CUTOUT = re.compile(r"\d+\.(png|json)")
_BEST = re.compile(r"best(-\d+)?\.(png|json)")
_CLIP = re.compile(r"\d+-[a-z0-9_-]+\.(webm|json)")
_TRACK = re.compile(r"\d+-[a-z0-9_-]+")
_LEFT_EMPTY_NS = 3600 * 1_000_000_000


@dataclass(frozen=True, slots=True, order=True)
class Result:
    """A file of a stream: when it was last written (ns since 1970), its path, its size in bytes."""

    at_ns: int
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Removed:
    """What a sweep did: files that went and their bytes; bytes of results that are left."""

    files: int
    size: int
    left: int


class Retention:
    """Keeps an output folder within its limits.

    Args:
        output: dir, keep_hours, keep_gb and disk_free_mb matter here.
        index: of the folder; a track that has no best shot any more, or is too old, goes from it first.
    """

    def __init__(self, output: OutputConfig, index: Index | None = None):
        self._folder, self._index = output.dir, index
        self._age_ns = None if output.keep_hours is None else round(output.keep_hours * 3600e9)
        self._size = None if output.keep_gb is None else round(output.keep_gb * 1e9)
        self._free = round(output.disk_free_mb * 1e6)

    @staticmethod
    def asked_for(output: OutputConfig) -> bool:
        """Whether there is any limit."""
        return output.keep_hours is not None or output.keep_gb is not None

    def sweep(self, now_ns: int, written_ns: Callable[[int], int] = int) -> Removed:
        """Remove what is beyond the limits; now_ns: UTC since 1970; written_ns: that of a file, by its time stamp.

        Too old, too much, or less free on the disk than disk_free_mb: in this order, the oldest first.
        """
        results = sorted(result for stream in self._streams() for result in _files(stream))
        left = sum(result.size for result in results)
        short = max(0, self._free - shutil.disk_usage(self._folder).free) if self._folder.exists() else 0
        approved = self._index.approved() if self._index else set[Key]()
        judge = _Judge(self._folder, approved)
        going, size = list[Result](), 0
        for result in results:
            too_old = self._age_ns is not None and written_ns(result.at_ns) < now_ns - self._age_ns
            too_much = self._size is not None and left > self._size
            if not (too_old or too_much or size < short):
                break
            if judge.may_go(result.path):
                going.append(result)
                size, left = size + result.size, left - result.size
        self._forget(going, approved, now_ns)
        for result in going:
            result.path.unlink(missing_ok=True)
        for stream in self._streams():
            _remove_empty(stream / "cutouts", now_ns)
            _remove_empty(stream / "clips", now_ns)
        return Removed(len(going), size, left)

    def _forget(self, going: list[Result], approved: set[Key], now_ns: int) -> None:
        """What is about to go is not to be found any more: rows first, for files without a row are found again."""
        if self._index is None:
            return
        places = [result.path.relative_to(self._folder).parts for result in going]
        keys = {(place[0], int(place[2].split("-")[0])) for place in places if place[-1] == "best.png"}
        if self._age_ns is not None:
            keys |= set(self._index.older_than((now_ns - self._age_ns) / 1e9))
        keys -= approved
        self._index.forget(sorted(keys))

    def _streams(self) -> list[Path]:
        if not is_ours(self._folder):
            return []
        return [path for path in self._folder.iterdir() if path.is_dir() and not path.is_symlink() and is_ours(path)]


class _Judge:
    """Tells which files of an output folder may go; in one sweep it looks once at each track, and for newest parts."""

    def __init__(self, folder: Path, approved: set[Key]):
        self._folder, self._approved = folder, approved
        self._newest = functools.cache(last_part)
        self._is_over = functools.cache(_is_over)

    def may_go(self, path: Path) -> bool:
        """Whether streamseg wrote a file, and will not touch it again."""
        stream, *place = path.relative_to(self._folder).parts
        if path.is_symlink():
            return False
        match place:
            case [name]:
                part = _PART.fullmatch(name)
                if part is None or f"{part['stem']}.{part['extension']}" not in _PARTED:
                    return False
                newest = self._newest(self._folder / stream, f"{part['stem']}.{part['extension']}")
                return int(part["index"] or 1) < newest
            case ["cutouts" | "clips", track, *_] if self._is_approved(stream, track):
                return False
            case ["cutouts", track, name] if _TRACK.fullmatch(track):
                return bool(_CUTOUT.fullmatch(name)) or (bool(_BEST.fullmatch(name)) and self._is_over(path.parent))
            case ["clips", name]:
                return bool(_CLIP.fullmatch(name))
            case ["clips", track, name] if _TRACK.fullmatch(track):
                return bool(_CUTOUT.fullmatch(name))
        return False

    def _is_approved(self, stream: str, place: str) -> bool:
        """place: a folder or file of a track, <id>-<label>."""
        number = place.partition("-")[0]
        return number.isdecimal() and (stream, int(number)) in self._approved


def _files(stream: Path) -> Iterator[Result]:
    """Every file of a stream's folder."""
    for folder, folders, names in os.walk(stream):
        folders[:] = [name for name in folders if not (Path(folder) / name).is_symlink()]
        for name in names:
            path = Path(folder) / name
            try:
                stat = path.lstat()
            except FileNotFoundError:
                continue  # its sink was faster
            yield Result(stat.st_mtime_ns, path, stat.st_size)


def _is_over(track: Path) -> bool:
    """Whether a track's best shots are final."""
    try:
        return json.loads(track.joinpath("best.json").read_bytes()).get("final") is True
    except (OSError, ValueError):
        return not any(track.glob(".shot-*"))


def _remove_empty(folder: Path, now_ns: int) -> None:
    """Remove folders of tracks that have been empty for an hour: one that was just made may be about to be filled."""
    if not folder.is_dir() or folder.is_symlink():
        return
    for track in folder.iterdir():
        if track.is_dir() and not track.is_symlink() and _TRACK.fullmatch(track.name):
            old = track.stat().st_mtime_ns < now_ns - _LEFT_EMPTY_NS
            if old and not any(track.iterdir()):
                track.rmdir()
