"""Sinks in processes that are killed at any moment, and go on from what they told last.

A nursery process imports everything once, and forks a child for each task. The child does what a host does: open,
write, settle, keep the position where it outlives the process, let the frame go. It dies by a signal that nobody
handles: SIGKILL from itself after so many lines of the sinks' code, or SIGPROF from the kernel at whatever instruction
it is when it has worked for so long, however busy the machine; the next one is given every frame not let go.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any

import cv2
import msgspec
import numpy as np

import streamseg.sinks
from streamseg.config import Config, StreamConfig
from streamseg.records import Cutout, Extraction, Frame, Planes
from streamseg.sinks import build_sink
from streamseg.stages import Sink
from tests.sinks.scenes import disc_mask, info, make_track

SIZE_HW = 120, 160
STEP_NS = 40_000_000
LOOK_CHANGES_AT = 35
RANKINGS = (0,), (1, 0), (1, 0, 2), (0, 2, 1)
"""Best shots by rank, as how many shots ago they were taken."""
STREET = StreamConfig(
    source="street.mp4",
    name="street",
    zones=[{"name": "walk", "polygon": [(60, 60), (120, 60), (120, 90), (60, 90)], "dwell_s": 0.2}],
    lines=[{"name": "gate", "points": ((0.4, 0.0), (0.4, 1.0))}],
)
_ROOT = Path(__file__).resolve().parents[2]
_OURS = Path(streamseg.sinks.__file__).parent
_DEADLY = {str(path) for path in _OURS.glob("*.py")} - {str(_OURS / f"{name}.py") for name in ("canvas", "outlines")}
_RECORD = struct.Struct("<qI")


@dataclass(frozen=True, slots=True)
class Task:
    """One stream for one sink; video, clips, output, clean_plate, and those in more, are sections of the YAML."""

    kind: str
    folder: str
    frames: int
    audio_from: str | None = None
    video: dict[str, Any] = field(default_factory=dict)
    clips: dict[str, Any] = field(default_factory=dict)
    output: dict[str, Any] = field(default_factory=dict)
    clean_plate: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Death:
    """When a child dies: after so many lines of the sinks' code, after so many seconds of CPU time; or never."""

    lines: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the last position kept says."""

    seq: int = -1
    position: bytes = b""


class Memory:
    """The one slot of a frame store: rows are padded, readers may not write, and what is let go is overwritten."""

    def __init__(self) -> None:
        height, width = SIZE_HW
        sizes = (height, width), (height // 2, width // 2), (height // 2, width // 2)
        self._planes = [np.zeros((h, w + 32), np.uint8) for h, w in sizes]
        self._rgba = np.zeros((48, 64, 4), np.uint8)
        rng = np.random.default_rng(5)
        noise = [rng.integers(40, 256, plane.shape).astype(np.uint8) for plane in self._planes]
        self._texture = [cv2.GaussianBlur(plane, (0, 0), 4) for plane in noise]

    def extraction(self, seq: int) -> Extraction:
        """The frame of a seq, the same whenever it is asked for, with views of this memory."""
        for plane, texture in zip(self._planes, self._texture, strict=True):
            plane[:] = np.roll(texture, seq, axis=1)
        self._rgba[:] = np.random.default_rng(seq).integers(0, 256, self._rgba.shape)
        views = [_view(p[:, :-32]) for p in self._planes]
        x, y = 2 * seq % 90, seq % 40
        boxes = (10.0 + x, 30.25, 40.5 + x, 80.0), (60.0, 20.0 + y, 80.0, 70.5 + y)
        tracks = tuple(make_track(i + 1, box=box, mask=disc_mask(box)) for i, box in enumerate(boxes))
        crop = _view(self._rgba[: 24 + seq % 24, :40])
        first = 1 + seq // 20 * 10  # another object every twenty frames
        tracks = tuple(replace(track, id=first + i) for i, track in enumerate(tracks))
        ranking = tuple(seq - 3 * back for back in RANKINGS[seq // 3 % 4] if (seq - 3 * back) // 20 == seq // 20)
        cutouts = (
            Cutout(tracks[seq % 2], crop, (10, 30)),
            Cutout(tracks[0], crop, (10, 30), "best", 0.5, ranking=ranking),
        )
        pts_ns = seq * STEP_NS + seq * 7919 % 5 * 1_100_000
        aspect = Fraction(1) if seq < LOOK_CHANGES_AT else Fraction(4, 3)
        frame = Frame("street", seq, pts_ns, Planes(*views), aspect=aspect)
        return Extraction(frame, tracks, cutouts if seq % 3 == 0 else ())

    def let_go(self) -> None:
        """Nobody may look at it any more."""
        for array in (*self._planes, self._rgba):
            array[:] = 255


def _view(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def build(task: Task) -> Sink:
    output = {"dir": task.folder, "disk_free_mb": 0} | task.output
    config = Config.model_validate(
        {"output": output, "clean_plate": task.clean_plate, "video": task.video, "clips": task.clips} | task.more
    )
    return build_sink(task.kind, config, STREET, version="1")


def host(task: Task, stored: Stored, keep: Callable[[Stored], None], *, again: int = 0) -> None:
    """Run a sink to the end of its stream; again: that many frames are given though they are safe."""
    memory, sink = Memory(), build(task)
    sink.open(info(size_hw=SIZE_HW, audio_from=task.audio_from), stored.position)
    keep(Stored(stored.seq, sink.settle()))
    for seq in range(max(0, stored.seq + 1 - again), task.frames):
        assert sink.write(memory.extraction(seq))
        keep(Stored(max(seq, stored.seq), sink.settle()))
        memory.let_go()
    sink.close()


def run_undisturbed(task: Task) -> Path:
    """In this process; gives the stream's folder."""
    host(task, Stored(), lambda stored: None)
    return Path(task.folder) / "street"


class Nursery:
    """A process that forks children and says how each one ended."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sinks.kills"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT
        )

    def survive(self, task: Task, deaths: Iterator[Death], *, again: int = 0) -> int:
        """Run a task to its end through one death after the other; gives how many there were."""
        journal = Path(task.folder) / "journal"
        journal.parent.mkdir(parents=True, exist_ok=True)
        killed = 0
        for death in deaths:
            status = self._run(task, death, str(journal), again)
            if status == 0:
                return killed
            meant = signal.SIGPROF if death.lines is None else signal.SIGKILL
            assert status == -meant, f"the child ended by itself, status {status}: see its traceback"
            killed += 1
        status = self._run(task, Death(), str(journal), again)
        assert status == 0, f"status {status}: see its traceback"
        return killed

    def _run(self, task: Task, death: Death, journal: str, again: int) -> int:
        assert self._process.stdin and self._process.stdout
        order = {"task": asdict(task), "death": asdict(death), "journal": journal, "again": again}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery that is gone at the end."""
    made = Nursery()
    try:
        yield made
    finally:
        made.close()


class Journal:
    """Positions one after the other in a file; one that is torn was never kept."""

    def __init__(self, path: Path):
        self._file = os.open(path, os.O_RDWR | os.O_CREAT)
        content, at = path.read_bytes(), 0
        self.last = Stored()
        while at + _RECORD.size <= len(content):
            seq, size = _RECORD.unpack_from(content, at)
            end = at + _RECORD.size + size
            if end > len(content):
                break
            self.last, at = Stored(seq, content[at + _RECORD.size : end]), end
        os.ftruncate(self._file, at)
        os.lseek(self._file, at, os.SEEK_SET)

    def keep(self, stored: Stored) -> None:
        os.write(self._file, _RECORD.pack(stored.seq, len(stored.position)) + stored.position)


def _nurse() -> None:
    for line in sys.stdin.buffer:
        order = json.loads(line)
        death = Death(**order["death"])
        pid = os.fork()
        if not pid:
            _child(msgspec.convert(order["task"], Task), death, Path(order["journal"]), order["again"])
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _child(task: Task, death: Death, journal: Path, again: int) -> None:
    status = 1
    try:
        cv2.setNumThreads(1)
        kept = Journal(journal)
        if death.lines is not None:
            _die_after(death.lines)
        if death.seconds is not None:
            signal.setitimer(signal.ITIMER_PROF, max(1e-6, death.seconds))  # 0 would be never
        host(task, kept.last, kept.keep, again=again)
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def _die_after(lines: int) -> None:
    left = lines

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in _DEADLY:
            return None
        if event == "line":
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)


if __name__ == "__main__":
    _nurse()
