"""Video files of every kind, and what chance, or malice, makes of them; a reader process that may be killed by them."""

import itertools
import json
import random
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from streamseg.capture.file import FileSource
from streamseg.config import CaptureConfig
from streamseg.errors import SourceError
from tests.capture.conftest import encode

MOST_S, MOST_MB = 20.0, 700.0
"""A file that takes longer, or a reader that becomes larger, is a failure."""
_FFV1: dict[str, Any] = {"codec": "ffv1", "frames": 8}
BASES: dict[str, dict[str, Any]] = {
    "plain.mp4": {},
    "index-first.mp4": {"mux": {"movflags": "faststart"}},
    "fragments.mp4": {"mux": {"movflags": "frag_keyframe+empty_moov"}},
    "b-frames.mkv": {"options": {"bf": "3"}},
    "sound.mp4": {"audio": True},
    "transport.ts": {"options": {"bf": "2"}},
    "rotated.mp4": {"rotation": 90},
    "odd.mkv": {"size": (93, 61), "fmt": "yuv444p"},
    "ten-bit.mkv": {"fmt": "yuv420p10le"},
    "four-two-two.mkv": {"fmt": "yuv422p"},
    "gray.mkv": {"fmt": "gray", **_FFV1},
    "alpha.mkv": {"fmt": "yuva420p", **_FFV1},
    "rgb.mkv": {"fmt": "bgr0", **_FFV1},
    "raw.avi": {"codec": "rawvideo", "frames": 5},
    "mpeg4.avi": {"codec": "mpeg4"},
    "jpeg.avi": {"codec": "mjpeg", "fmt": "yuvj420p"},
    "vp8.webm": {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "interlaced.mp4": {"options": {"flags": "+ilme+ildct"}},
    "changing-rate.mkv": {"pts": list(itertools.accumulate([0, *(10, 90, 33) * 6, 5]))},
    "before-zero.mkv": {"pts": [40 * index - 400 for index in range(20)]},
    "one-key-picture.mp4": {"gop": 1000},
}


def write_bases(folder: Path) -> list[Path]:
    """A small clip of each kind."""
    return [encode(folder / name, **settings) for name, settings in BASES.items()]


def mutate(content: bytes, chance: random.Random) -> bytes:
    """The file cut, flipped, with pieces swapped, repeated, left out or overwritten, its head above all."""
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 30])):
        if not changed:
            break
        head = chance.random() < 0.4
        at = chance.randrange(min(len(changed), 600) if head else len(changed))
        length = min(chance.choice([1, 2, 4, 8, 64, 1000]), len(changed) - at)
        match chance.randrange(7):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at : at + length] = bytes([chance.choice([0x00, 0x7F, 0x80, 0xFF])]) * length
            case 2:
                changed[at : at + length] = chance.randbytes(length)
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length]
            case 5:
                other = chance.randrange(len(changed))
                piece = changed[at : at + length]
                changed[at : at + length] = changed[other : other + length]
                changed[other : other + len(piece)] = piece
            case _:
                del changed[at if chance.random() < 0.3 else max(at, len(changed) - length) :]
    return bytes(changed)


@dataclass(frozen=True)
class Outcome:
    """What became of a file: frames, or refused, or else what must not be: broke, died, hung, swelled."""

    kind: str
    told: str


class Reader:
    """A process that reads one file after the other; another one takes its place when a file ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, path: Path) -> Outcome:
        """What becomes of a file."""
        if self._process is None:
            command = [sys.executable, "-m", "tests.capture.mutations"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        process, began_s = self._process, time.monotonic()
        assert process.stdin is not None and process.stdout is not None
        print(path, file=process.stdin, flush=True)
        if not select.select([process.stdout], [], [], MOST_S + 20)[0]:  # with the time that it takes to begin
            self._end()
            return Outcome("hung", f"{time.monotonic() - began_s:.0f} s")
        line = process.stdout.readline()
        if not line:
            self._end()
            return Outcome("died", f"status {process.returncode}")
        kind, told, took_s, largest_mb = json.loads(line)
        if took_s > MOST_S:
            return Outcome("hung", f"{took_s:.0f} s")
        if largest_mb > MOST_MB:
            self._end()
            return Outcome("swelled", f"{largest_mb:.0f} MB")
        return Outcome(kind, told)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _outcome(path: str) -> tuple[str, str]:
    source, count = FileSource(path, CaptureConfig(threads=1), "mutated"), 0
    try:
        source.open()
        for frame in source:
            if frame.seq != count:
                return "broke", f"frame {frame.seq} after {count}"
            count += 1
    except SourceError as error:
        return ("broke", "in several lines") if "\n" in str(error) else ("refused", str(error))
    except Exception as error:
        return "broke", repr(error)
    finally:
        source.close()
    return "frames", str(count)


def _largest_mb() -> float:
    """The most memory that this program has had; what getrusage tells began with its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def _answer() -> None:
    """Read the files that are named on stdin, a line each."""
    for line in sys.stdin:
        began_s = time.monotonic()
        kind, told = _outcome(line.rstrip("\n"))
        largest_mb = _largest_mb()
        print(json.dumps([kind, told, time.monotonic() - began_s, largest_mb]), flush=True)


if __name__ == "__main__":
    _answer()
