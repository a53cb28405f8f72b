"""Files that a command writes what it found into, beside printing it."""

from pathlib import Path

from streamseg.errors import ConfigError, SinkError


def require_folders(*files: Path | None) -> None:
    """ConfigError, before any work is done, where the folder of a file that was asked for is not there."""
    for file in filter(None, files):
        if not file.parent.is_dir():
            raise ConfigError(f"{file}: there is no folder {file.parent}")


def write_text(file: Path, text: str) -> None:
    """Write it as UTF-8; SinkError where that cannot be done."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{file}: cannot be written ({error.strerror})") from error
