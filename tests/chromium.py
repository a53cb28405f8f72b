"""Chromium, headless: loads a page and takes a screenshot of it."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.conftest import require_debian


@dataclass(frozen=True, slots=True)
class Screenshot:
    """picture: uint8 [h, w, 3] RGB, None where there is none; said: what Chromium said of it, for a failing test."""

    picture: np.ndarray | None
    said: str


def require_chromium() -> str:
    """The program; skips where it is missing."""
    program = shutil.which("chromium")
    require_debian("chromium", program is not None)
    assert program is not None
    return program


def screenshot(url: str, *, size_wh: tuple[int, int], patience_s: float) -> Screenshot:
    """What a window of a size shows once the page and all its pictures are loaded; videos play by themselves."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "screen.png"
        command = [
            require_chromium(),
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
            "--autoplay-policy=no-user-gesture-required",
            f"--user-data-dir={folder}/profile",
            f"--window-size={size_wh[0]},{size_wh[1]}",
            f"--screenshot={path}",
            url,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience_s, check=False)
        picture = cv2.imread(str(path))
    said = f"status {done.returncode}: {done.stderr[-2000:]}"
    return Screenshot(None if picture is None else picture[:, :, ::-1], said)
