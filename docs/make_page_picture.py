"""Makes docs/page.jpg: the gallery of a run of the street that goes on. python docs/make_page_picture.py

Needs selenium and Debian's chromium and chromium-driver.
"""

import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.runtime.test_controls import served
from tests.web.browser import browser

STREET = "synthetic://street?seconds=60&size=1280x720&fps=25&seed=20"
SIZE, WAIT_S = (1280, 860), 75


def main() -> None:
    """Run, wait until there is something to see, and look."""
    folder = Path(tempfile.mkdtemp(prefix="page-"))
    with served(folder, f"street={STREET}", "--clips") as (_, api, _):
        time.sleep(WAIT_S)
        with browser(api.running.url, SIZE) as window:
            window.open(f"#token={api.token}")
            window.one("#grid")
            window.go("#/objects?least_s=1")
            window.wait(lambda: len(window.all("#gallery [data-track]")) > 12)
            time.sleep(3)
            content = np.frombuffer(window.driver.get_screenshot_as_png(), np.uint8)
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR)
    cv2.imwrite(str(Path(__file__).parent / "page.jpg"), picture, (cv2.IMWRITE_JPEG_QUALITY, 88))


if __name__ == "__main__":
    main()
