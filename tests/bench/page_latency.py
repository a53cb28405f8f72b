"""How old the picture is that a browser shows: python tests/bench/page_latency.py --help.

A file whose pictures bear their numbers is played at its own speed, and watched on the page in Chromium. Now and then
the number that is shown is read off the video; how many frames capture has handed out by then says how old it is at
most. Frames a second of the file are the unit: FPS of them are a second.
"""

import argparse
import base64
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.testing import read_mark
from tests.broadcast.marked import FPS
from tests.broadcast.test_watching_runs import served
from tests.runtime.test_controls import Api
from tests.web.browser import Browser, browser

_SHOWN = """
const video = document.querySelector('[data-stream=gate] video'), canvas = document.createElement('canvas');
canvas.width = video.videoWidth; canvas.height = video.videoHeight;
canvas.getContext('2d').drawImage(video, 0, 0);
return canvas.toDataURL('image/png').split(',')[1];
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Watch, and tell ages in seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--looks", type=int, default=60, help="default 60")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), noisy=True) as (_, running):
        api = Api(running)
        with browser(running.url) as window:
            window.open(f"#token={running.token}")
            window.wait(lambda: window.all("[data-stream=gate] [data-video=playing]"))
            time.sleep(5)
            ages = [age for _ in range(asked.looks) if (age := _look(window, api)) is not None]
    told = f"median {statistics.median(ages):.2f} s, longest {max(ages):.2f} s, of {len(ages)} looks"
    print(f"age of the picture that the page shows, at most: {told}")


def _look(window: Browser, api: Api) -> float | None:
    """Age of the picture, s; None where no number can be read."""
    content = np.frombuffer(base64.b64decode(window.run(_SHOWN)), np.uint8)
    captured = api.stream("gate")["captured"]
    time.sleep(0.3)
    number = read_mark(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE))
    return None if number is None else (captured - number) / FPS


if __name__ == "__main__":
    main()
