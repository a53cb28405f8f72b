"""The ways of throughput.py, as commands; and how good the results of ours are."""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from streamseg.bench.clip import Clip
from streamseg.config import Config, VideoConfig
from streamseg.config_file import load
from tests.bench.throughput_environment import Rivals, plain_environment
from tests.results import read_summary

DECODING, ENCODING = "decode only", "decode and encode"
PLAIN, VIDEO, SKIPPING = "streamseg, no video", "streamseg, annotated video", "streamseg with skipping, no video"
TORCH, OPENVINO, LOOP = "Ultralytics, torch", "Ultralytics, OpenVINO", "OpenCV loop, our network"
_LOOPS = Path(__file__).with_name("throughput_loops.py")
_ROOT = Path(__file__).resolve().parents[2]
Frames = Callable[[str, Path, Clip], int]


def _told(output: str, folder: Path, clip: Clip) -> int:
    """By the last line of the output."""
    return int(json.loads(output.strip().splitlines()[-1])["frames"])


def _emitted(output: str, folder: Path, clip: Clip) -> int:
    return int(read_summary(folder / "out")["streams"]["clip"]["emitted"])


def _untold(output: str, folder: Path, clip: Clip) -> int:
    """Of programs that end well only where they have read everything."""
    return clip.frames


@dataclass(frozen=True, slots=True)
class Way:
    """A command; {out} in it is a folder for its results. frames: how many it has read. config: of one of ours."""

    name: str
    command: Sequence[str]
    frames: Frames
    environment: dict[str, str] = field(default_factory=lambda: {**plain_environment(), "PYTHONPATH": str(_ROOT)})
    ours: bool = False
    config: Path | None = None


def ways(clip: Clip, config: Path | None, skipping: Path | None, rivals: Rivals | None) -> list[Way]:
    """All that can be measured here: the limits, ours, and the others."""
    video = (load(config) if config else Config()).video
    every = [*_limits(clip, video, rivals), _ours(PLAIN, clip, config, "--no-video"), _ours(VIDEO, clip, config)]
    if skipping:
        every.append(_ours(SKIPPING, clip, skipping, "--no-video"))
    every.append(_loop(LOOP, "opencv", str(clip.path)))
    if rivals:
        both = {TORCH: "torch", OPENVINO: "openvino"}
        every += [Way(name, rivals.predict(kind, clip.path), _told, rivals.environment) for name, kind in both.items()]
    return every


def _limits(clip: Clip, video: VideoConfig, rivals: Rivals | None) -> Iterator[Way]:
    """Decoding, and decoding with encoding at the preset and quality of our own video."""
    path, preset, crf = str(clip.path), video.preset, str(video.crf)
    yield _loop(f"{DECODING}, PyAV", "decode", path)
    ffmpeg = str(rivals.ffmpeg) if rivals else shutil.which("ffmpeg")
    if ffmpeg:
        read = [ffmpeg, "-v", "error", "-nostdin", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough"]
        yield Way(f"{DECODING}, ffmpeg", [*read, "-f", "null", "-"], _untold)
    if shutil.which("gst-launch-1.0"):
        launch = [
            "gst-launch-1.0",
            "-q",
            "filesrc",
            f"location={path}",
            "!",
            "decodebin",
            "!",
            "fakesink",
            "sync=false",
        ]
        yield Way(f"{DECODING}, GStreamer", launch, _untold)
    yield _loop(f"{ENCODING}, PyAV {preset}", "encode", path, "{out}/video.mp4", preset, crf)
    if ffmpeg:
        write = ["-c:v", "libx264", "-preset", preset, "-crf", crf, "{out}/video.mp4"]
        yield Way(f"{ENCODING}, ffmpeg {preset}", [*read, *write], _untold)


def _loop(name: str, *arguments: str) -> Way:
    return Way(name, [sys.executable, str(_LOOPS), *arguments], _told)


def _ours(name: str, clip: Clip, config: Path | None, *flags: str) -> Way:
    settings = ["--config", str(config.resolve())] if config else []
    command = [sys.executable, "-m", "streamseg", "run", f"clip={clip.path}", *settings, *flags, "--out", "{out}/out"]
    return Way(name, command, _emitted, ours=True, config=config)


def judge(way: Way, data: Sequence[str]) -> dict[str, float]:
    """The means over data sets of mask AP50, and over clips of HOTA, with a way's network, runner, device and score."""
    model = (load(way.config) if way.config else Config()).model
    flags = ["--model", model.name, "--runner", model.runner, "--device", model.device]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scores.json"
        command = [sys.executable, "-m", "streamseg", "evaluate", *data, *flags, "--json", str(file)]
        subprocess.run(command, check=True, capture_output=True)
        scores = json.loads(file.read_text(encoding="utf-8"))
    rows = [row for part in scores.values() for row in part.values() if isinstance(row, dict)]
    means = {
        "mask AP50": [row["mask_ap50"] for row in rows if row.get("mask_ap50") is not None],
        "HOTA": [part["hota"] for part in scores.values() if part.get("hota") is not None],
    }
    return {name: statistics.mean(values) for name, values in means.items() if values}
