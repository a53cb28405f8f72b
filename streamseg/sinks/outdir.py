"""The output folder: refused when it holds anything, cleared of exactly what streamseg wrote before.

A folder is streamseg's when it holds a marker file, which streamseg puts there before it writes anything else. In such
a folder files are recognised by name; everything else, and every symbolic link, stays.
"""

import logging
import re
from pathlib import Path

from streamseg.config_output import OutputConfig
from streamseg.errors import SinkError
from streamseg.sinks.disk import refuse_link, sink_errors

logger = logging.getLogger(__name__)

MARKER = ".streamseg"
_MARKER_TEXT = "This folder was made by streamseg; --overwrite removes from it the files that streamseg writes.\n"

CUTOUT_PART = ".cutout.part"
"""A cut-out that is being written, in the folder cutouts."""

CHECKPOINT = ".checkpoint"
"""What --resume goes on with, in a stream's folder."""

HLS = "hls"
"""The folder of HTTP Live Streaming in a stream's."""

_TEMPORARY = r"\..+\.(part|partial)"
_TOP_FILE = re.compile(rf"summary\.json|index\.sqlite(-wal|-shm)?|{_TEMPORARY}")
_STREAM_FILE = re.compile(
    rf"(annotated|clean-plate)(-\d{{4,}})?\.mp4|clean-plate\.png|(objects|events)(-\d{{4,}})?\.jsonl"
    rf"|{re.escape(CHECKPOINT)}|{_TEMPORARY}"
)
_TRACK_FOLDER = re.compile(r"\d+-[a-z0-9_-]+")
_CUTOUT_PART = re.compile(re.escape(CUTOUT_PART))
_CUTOUT_FILE = re.compile(rf"(\d+|best(-\d+)?|\.shot-\d+)\.(png|json)|{_TEMPORARY}")
_CLIP_FILE = re.compile(rf"\d+-[a-z0-9_-]+\.(webm|json)|{_TEMPORARY}")
_HLS_FILE = re.compile(rf"live\.m3u8|init-[0-9a-f]{{8}}\.mp4|\d{{8,}}\.m4s|{_TEMPORARY}")
_CLIP_PICTURE = re.compile(rf"\d+\.png|{_TEMPORARY}")


def prepare_output(output: OutputConfig) -> None:
    """Make the output folder ready for a run.

    Raises:
        SinkError: it cannot be written, is no folder, or holds something and output.overwrite is not set.
    """
    folder = output.dir
    with sink_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise SinkError(f"{folder}: is a file; the output must be a folder")
        goes_on = output.resume and is_ours(folder)
        if not output.overwrite and not goes_on and folder.is_dir() and any(folder.iterdir()):
            raise SinkError(
                f"{folder}: is not empty; give an empty folder, --overwrite to replace earlier "
                "results, or --resume to go on with them"
            )
    if output.overwrite:
        remove_results(folder)
    claim(folder, _TOP_FILE)


def remove_results(folder: Path) -> None:
    """Remove what streamseg wrote into an output folder; what a person put there stays, and is named in the log."""
    with sink_errors(folder):
        if not folder.is_dir():
            return
        if is_ours(folder):
            for stream in filter(is_ours, _folders(folder)):
                _clear_stream(stream)
            _clear(folder, _TOP_FILE)
        kept = sorted(path.name for path in folder.iterdir() if path.name != MARKER)
    if kept:
        logger.warning("kept what streamseg did not write folder=%s kept=%s", folder, ", ".join(kept[:8]))


def remove_stream(folder: Path) -> None:
    """Remove what streamseg wrote into a stream's folder; what a person put there stays."""
    with sink_errors(folder):
        if folder.is_dir() and is_ours(refuse_link(folder)):
            _clear_stream(folder)


def claim_stream(folder: Path) -> Path:
    """Make a stream's folder and mark it as streamseg's; it may be ours already. Gives the folder back.

    Raises:
        SinkError: it cannot be written, or holds files of someone else under names that streamseg uses.
    """
    return claim(refuse_link(folder), _STREAM_FILE)


def claim(folder: Path, names: re.Pattern[str]) -> Path:
    """Make a folder and mark it as streamseg's; names are those of the files that would be overwritten there."""
    with sink_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        taken = [path for path in folder.iterdir() if names.fullmatch(path.name)]
        if taken and not is_ours(folder):  # asked after the listing: another sink may have claimed it in between
            raise SinkError(f"{taken[0]}: was not written by streamseg and would be overwritten; move it away")
        folder.joinpath(MARKER).write_text(_MARKER_TEXT, encoding="utf-8")
    return folder


def _clear_stream(folder: Path) -> None:
    _clear_tracks(folder / "cutouts", _CUTOUT_PART, _CUTOUT_FILE)
    _clear_tracks(folder / "clips", _CLIP_FILE, _CLIP_PICTURE)
    _clear_tracks(folder / HLS, _HLS_FILE, _HLS_FILE)
    _clear(folder, _STREAM_FILE)
    if {path.name for path in folder.iterdir()} == {MARKER}:
        folder.joinpath(MARKER).unlink()
        folder.rmdir()


def _clear_tracks(folder: Path, names: re.Pattern[str], of_tracks: re.Pattern[str]) -> None:
    """Clear a folder and those of tracks in it, and remove what is empty then."""
    if folder.is_dir() and not folder.is_symlink():
        for track in _folders(folder):
            if _TRACK_FOLDER.fullmatch(track.name):
                _clear(track, of_tracks)
                _remove_if_empty(track)
        _clear(folder, names)
        _remove_if_empty(folder)


def _clear(folder: Path, names: re.Pattern[str]) -> None:
    for path in list(folder.iterdir()):
        if names.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            path.unlink()


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def is_ours(folder: Path) -> bool:
    """Whether streamseg made a folder, or was allowed to write into it."""
    marker = folder / MARKER
    return marker.is_file() and not marker.is_symlink()
