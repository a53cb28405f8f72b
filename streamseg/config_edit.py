"""Writes what was changed while a run lasted back into its YAML; comments and everything else there stay."""

import io
import stat
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from streamseg.config import StreamConfig
from streamseg.config_file import load
from streamseg.errors import ConfigError

_PLACES = ("zones", "lines")


def save_places(path: Path, stream: StreamConfig) -> None:
    """Write a stream's zones and lines to its entry in a YAML file, all or nothing.

    Raises:
        ConfigError: the file cannot be read or written, has no entry of that name or source, or more than one.
    """
    load(path)  # what it holds is known to be right from here on
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(path.read_text(encoding="utf-8"))
    entry = _entry(path, document, stream)
    for key in _PLACES:
        rows = [_row(place.model_dump(mode="json", exclude_defaults=True)) for place in getattr(stream, key)]
        if rows:
            entry[key] = rows
        else:
            entry.pop(key, None)
    written = io.StringIO()
    yaml.dump(document, written)
    _replace(path, written.getvalue())


def _entry(path: Path, document: Any, stream: StreamConfig) -> Any:
    """The stream's mapping in the file."""
    entries = (document or {}).get("streams") or []
    found = [entry for entry in entries if entry.get("name") == stream.name]
    found = found or [entry for entry in entries if entry.get("source") == stream.source and not entry.get("name")]
    if len(found) != 1:
        named = ", ".join(str(entry.get("name") or entry.get("source")) for entry in entries) or "none"
        raise ConfigError(f"{path}: has {len(found) or 'no'} entries of stream {stream.name}; there are: {named}")
    return found[0]


def _row(place: dict[str, Any]) -> dict[str, Any]:
    """A zone or line as it is written by hand: each list of numbers on one line."""
    for key in ("polygon", "points", "classes"):
        if key in place:
            place[key] = CommentedSeq(place[key])
            place[key].fa.set_flow_style()
    return place


def _replace(path: Path, text: str) -> None:
    """Atomically; a link stays one, and the file keeps its mode."""
    target = path.resolve()
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.chmod(stat.S_IMODE(target.stat().st_mode))
        load(part)
        part.replace(target)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
