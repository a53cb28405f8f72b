"""Debian's Chromium, driven: what a person would click, and what they would see."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.conftest import require_debian

PATIENCE_S = 60
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--lang=en",
)


class Browser:
    """One window. url: of the server."""

    def __init__(self, driver: webdriver.Chrome, url: str):
        self.driver, self.url = driver, url

    def open(self, place: str = "") -> None:
        """Go to a place of the page, as following a link there does."""
        self.driver.get(f"{self.url}/{place}")

    def go(self, place: str) -> None:
        """Another view, without loading the page anew."""
        self.driver.execute_script("location.hash = arguments[0]", place)

    def wait(self, true: Callable[[], Any]) -> Any:
        """What it gives, once that is anything; what vanishes meanwhile is looked for again."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                if found := true():
                    return found
            except WebDriverException as error:
                last = error.msg
            else:
                last = ""
            assert time.monotonic() < deadline_s, f"waited in vain at {self.driver.current_url}: {last}\n{self.text}"
            time.sleep(0.1)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """The first one that is shown; waited for."""
        return self.wait(lambda: next((found for found in self.all(selector) if found.is_displayed()), None))

    def button(self, text: str) -> WebElement:
        return self.wait(
            lambda: next((b for b in self.all("button, a.button") if b.text == text and b.is_displayed()), None)
        )

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    @property
    def text(self) -> str:
        return str(self.run("return document.body.innerText.slice(0, 600)"))

    def status(self, path: str) -> int:
        """Of a request that the page itself makes, with all that the browser adds."""
        script = "const done = arguments[1]; fetch(arguments[0]).then((a) => { a.body?.cancel(); done(a.status) })"
        return int(self.driver.execute_async_script(script, path))

    def picture(self, selector: str) -> np.ndarray:
        """What an element looks like, uint8 [h, w, 3]."""
        content = np.frombuffer(self.one(selector).screenshot_as_png, np.uint8)
        return cv2.imdecode(content, cv2.IMREAD_COLOR)

    def complaints(self) -> list[str]:
        """What the browser says of the page; a request that was refused is none."""
        said = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [message for message in said if "the server responded with a status of 4" not in message]

    def elsewhere(self) -> list[str]:
        """Hosts that were asked for anything, other than the server."""
        names = self.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        return [name for name in names if urlsplit(name).netloc not in (urlsplit(self.url).netloc, "")]


@contextmanager
def browser(url: str, size_wh: tuple[int, int] = (1280, 900)) -> Iterator[Browser]:
    """A window of a fresh profile; skips where the driver is missing."""
    program = shutil.which("chromedriver")
    require_debian("chromium-driver", program is not None)
    options = webdriver.ChromeOptions()
    for flag in (*_FLAGS, f"--window-size={size_wh[0]},{size_wh[1]}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(program))
    try:
        driver.set_window_size(*size_wh)
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size_wh[0], "height": size_wh[1], "deviceScaleFactor": 1, "mobile": size_wh[0] < 600},
        )
        driver.set_script_timeout(PATIENCE_S)
        yield Browser(driver, url)
    finally:
        driver.quit()
