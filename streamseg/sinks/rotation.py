"""When a file is closed and the next part begun, and what the parts are called: name.ext, name-0002.ext, ..."""

import re
from dataclasses import dataclass
from pathlib import Path

from streamseg.config_output import OutputConfig
from streamseg.sinks.disk import sink_errors


@dataclass(frozen=True, slots=True)
class Rotation:
    """Limits of one file: media time in nanoseconds, size in bytes; None is no limit."""

    span_ns: int | None = None
    size: int | None = None

    @classmethod
    def of(cls, output: OutputConfig) -> "Rotation":
        """The limits that output.rotate_s and output.rotate_mb (megabytes of 10^6 bytes) set."""
        span_ns = None if output.rotate_s is None else round(output.rotate_s * 1e9)
        size = None if output.rotate_mb is None else max(1, round(output.rotate_mb * 1e6))
        return cls(span_ns, size)

    def due(self, span_ns: int, size: int) -> bool:
        """True if a file that would cover span_ns of media time and hold size bytes reaches a limit."""
        late = self.span_ns is not None and span_ns >= self.span_ns
        return late or (self.size is not None and size >= self.size)


def part_path(folder: Path, name: str, index: int) -> Path:
    """The path of part index (from 1): of "annotated.mp4" the second part is "annotated-0002.mp4"."""
    stem, dot, extension = name.partition(".")
    return folder / (name if index == 1 else f"{stem}-{index:04d}{dot}{extension}")


def last_part(folder: Path, name: str) -> int:
    """The highest index of a part that exists in folder; 0 if there is none."""
    stem, _, extension = name.partition(".")
    pattern = re.compile(rf"{re.escape(stem)}-(\d{{4,}})\.{re.escape(extension)}")
    found = [pattern.fullmatch(path.name) for path in folder.glob(f"{stem}-*.{extension}")]
    return max([int(match[1]) for match in found if match], default=int((folder / name).exists()))


def remove_after(folder: Path, name: str, index: int) -> None:
    """Remove the parts after part index (0: all)."""
    for part in range(last_part(folder, name), index, -1):
        path = part_path(folder, name, part)
        with sink_errors(path):
            path.unlink(missing_ok=True)
