"""Installs what throughput.py measures us against, at pinned versions and apart from ours: a virtual environment."""

import json
import os
import subprocess
import urllib.request
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CACHE = Path("~/.cache/streamseg-bench").expanduser()
ULTRALYTICS = "ultralytics==8.4.190"
FFMPEG = "imageio-ffmpeg==0.6.0"
PINNED = (
    ULTRALYTICS, FFMPEG, "torch==2.13.0", "torchvision==0.28.0", "ultralytics-thop==2.2.3", "openvino==2026.4.1",
    "openvino-telemetry==2025.2.0", "opencv-python-headless==4.14.0.94", "numpy==2.4.6", "scipy==1.17.1",
    "pillow==13.0.0", "PyYAML==6.0.3", "requests==2.34.2", "psutil==7.2.2", "matplotlib==3.11.2", "polars==2.1.0",
    "polars-runtime-32==2.1.0", "packaging==26.3", "filelock==4.2.12", "fsspec==2026.9.0", "Jinja2==3.1.6",
    "MarkupSafe==3.0.4", "networkx==3.6.1", "sympy==1.14.0", "mpmath==1.3.0", "typing_extensions==4.16.0",
    "setuptools==84.2.1", "certifi==2026.10.18", "charset-normalizer==3.5.2", "idna==3.20", "urllib3==2.8.0",
    "contourpy==1.3.3", "cycler==0.12.1", "fonttools==4.68.0", "kiwisolver==1.5.1", "pyparsing==3.3.3",
    "python-dateutil==4.0.0",
)  # fmt: skip
"""All of it, as pip is not to look for dependencies: those of torch would be gigabytes of CUDA."""
WEIGHTS_URL = "https://github.com/ultralytics/assets/releases/download/v8.3.0/yolo11n-seg.pt"
OFFLINE = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_SCRIPT = Path(__file__).with_name("throughput_rivals.py")
_PATIENCE_S = 20


def plain_environment() -> dict[str, str]:
    """The variables of every way: no limits of threads that the caller's shell may have."""
    return {name: value for name, value in os.environ.items() if name not in _THREADS}


class NotInstalledError(Exception):
    """Why a rival cannot be measured here."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """Where they are, and what has to be said of them. ffmpeg: the program."""

    python: Path
    folder: Path
    ffmpeg: Path
    notes: tuple[str, ...]

    def predict(self, runner: str, clip: Path) -> list[str]:
        """The command that runs Ultralytics over a clip."""
        return [str(self.python), str(_SCRIPT), "predict", str(self.folder), runner, str(clip)]

    @property
    def environment(self) -> dict[str, str]:
        """Variables of that command."""
        return {**plain_environment(), **OFFLINE, "YOLO_CONFIG_DIR": str(self.folder)}


def rivals(weights: Path | None, tell: Callable[[str], None]) -> Rivals:
    """Install them, or take those that are installed; NotInstalledError says what is in the way."""
    folder = CACHE / ULTRALYTICS.replace("==", "--")
    python, note = folder / "bin" / "python", folder / "installed.txt"
    wanted = "\n".join(PINNED)
    if not note.exists() or note.read_text(encoding="utf-8") != wanted:
        tell(f"installing {ULTRALYTICS}, {FFMPEG} and what they need in {folder}")
        venv.create(folder, with_pip=True)
        _run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", *PINNED])
        note.write_text(wanted, encoding="utf-8")
    weights = weights or _download(folder / "given" / "yolo11n-seg.pt", tell)
    made = Rivals(python, folder, Path(), ())
    tell("exporting Ultralytics' network to OpenVINO")
    told = _run([str(python), str(_SCRIPT), "prepare", str(folder), *([str(weights)] if weights else [])], made)
    program = _run([str(python), "-c", "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"], made)
    return Rivals(python, folder, Path(program), tuple(_notes(json.loads(told))))


def _notes(told: dict) -> list[str]:
    versions = " ".join(f"{name} {version}" for name, version in told["versions"].items())
    notes = [f"rivals: {versions}; their network is another one than ours, trained on other pictures for other classes"]
    if told["random"]:
        notes.append(
            "Ultralytics' weights could not be had: theirs are random, so that it finds nothing and its NMS and masks "
            "cost it nothing, in its favour"
        )
    if told["stood_in"]:
        notes.append("torchvision has no operators for this torch: Ultralytics' own NMS (TorchNMS) stands in for it")
    return notes


def _download(file: Path, tell: Callable[[str], None]) -> Path | None:
    if file.exists():
        return file
    tell(f"fetching {WEIGHTS_URL}")
    try:
        with urllib.request.urlopen(WEIGHTS_URL, timeout=_PATIENCE_S) as answer:
            content = answer.read()
    except OSError as error:
        tell(f"not to be had: {error}")
        return None
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return file


def _run(command: list[str], rivals: Rivals | None = None) -> str:
    """The last line that a command prints, if any."""
    environment = rivals.environment if rivals else None
    folder = rivals.folder if rivals else None
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        advice = "where pip finds no CPU build of torch: PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu"
        raise NotInstalledError(f"{said[-1] if said else done.returncode} ({advice})")
    return (done.stdout.strip().splitlines() or [""])[-1]
