"""How long until the first frame: python tests/bench/startup.py [CLIP]

From the command to the first line of objects.jsonl, whole processes each time; once more with the cache of converted
networks empty, as on a machine's first run. Beside it what the command's own process needs to import.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

_STREET = "synthetic://street?seconds=10&size=1920x1080&fps=25&seed=5"
_LOOK_EVERY_S = 0.005


def first_frame_s(clip: str, environment: Mapping[str, str]) -> float:
    """Seconds from the command to the first frame at the sinks."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "out" / "s" / "objects.jsonl"
        command = [sys.executable, "-m", "streamseg", "run", f"s={clip}", "--no-video", "--out", str(lines.parents[1])]
        began_s = time.monotonic()
        job = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not (lines.exists() and lines.stat().st_size):
                if job.poll() is not None:
                    raise SystemExit(f"{' '.join(command)}: ended early, status {job.returncode}")
                time.sleep(_LOOK_EVERY_S)
            return time.monotonic() - began_s
        finally:
            job.terminate()
            job.wait()


def import_s() -> float:
    """Seconds of a command that does nothing."""
    began_s = time.monotonic()
    subprocess.run([sys.executable, "-m", "streamseg", "--version"], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", default=_STREET, help="default: the built-in street in 1080p")
    parser.add_argument("--times", type=int, default=5, help="default 5")
    asked = parser.parse_args()
    first_frame_s(asked.clip, os.environ)
    usual = [first_frame_s(asked.clip, os.environ) for _ in range(asked.times)]
    with tempfile.TemporaryDirectory() as cache:
        empty = first_frame_s(asked.clip, {**os.environ, "XDG_CACHE_HOME": cache})
    imports = [import_s() for _ in range(asked.times)]
    spread = f"{min(usual):.2f} to {max(usual):.2f}"
    print(f"first frame: median {np.median(usual):.2f} s, {spread}; on a machine's first run {empty:.2f} s")
    print(f"streamseg --version: median {np.median(imports):.2f} s")


if __name__ == "__main__":
    main()
