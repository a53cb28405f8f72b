"""The page in a real browser, of a run that goes on: looked at, searched, drawn on, and kept from those who may not."""

import os
import time
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from streamseg.config_file import load
from tests.conftest import require_debian
from tests.runtime.test_controls import served
from tests.web.browser import Browser, browser

STREET = "synthetic://street?seconds=900&size=480x270&fps=8"
PORCH = "porch-token-is-long"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A run of two streams that serves its page, begun with a YAML: its API, its owner's link, the file."""
    import shutil

    require_debian("chromium-driver", shutil.which("chromedriver") is not None)
    folder = tmp_path_factory.mktemp("house")
    file = folder / "house.yaml"
    file.write_text(yaml.safe_dump({
        "jobs": 2,
        "streams": [{"source": f"{STREET}&seed=1", "name": "a"}, {"source": f"{STREET}&seed=2", "name": "b"}],
        "web": {"viewers": [{"name": "porch", "token_env": "PORCH_TOKEN", "streams": ["a"]}]},
    }))  # fmt: skip
    os.environ["PORCH_TOKEN"] = PORCH
    try:
        with served(folder, "--config", str(file), "--realtime", "--clips") as (job, api, _):
            job.wait_for_lines("a", 1)
            yield SimpleNamespace(job=job, api=api, url=api.running.url, link=f"#token={api.token}", file=file)
    finally:
        del os.environ["PORCH_TOKEN"]


@pytest.fixture
def owner(house):
    with browser(house.url) as window:
        window.open(house.link)
        window.one("#grid")
        yield window
        assert window.complaints() == []
        assert window.elsewhere() == []


def frames_shown(window: Browser) -> list[int]:
    counts = "[...document.querySelectorAll('[data-stream] video')].map((v) => v.getVideoPlaybackQuality())"
    return window.run(f"return {counts}.map((quality) => quality.totalVideoFrames)")


def cards(window: Browser) -> list[str]:
    """Objects whose cut-out is really there."""
    return [
        card.get_attribute("data-track")
        for card in window.all("#gallery [data-track]")
        if window.run("const i = arguments[0].querySelector('img'); return i && i.complete && i.naturalWidth", card)
    ]


def test_a_token_is_asked_for(house):
    with browser(house.url) as window:
        window.open()
        window.one("#token").send_keys("not-the-right-token")
        window.button("Sign in").click()
        window.wait(lambda: "not known" in window.one("#sign-in-error").text)
        window.one("#token").clear()
        window.one("#token").send_keys(house.api.token)
        window.button("Sign in").click()
        window.one("#grid [data-stream=a]")
        window.driver.refresh()
        window.one("#grid [data-stream=a]")  # the cookie is enough
        assert house.api.token not in window.run(
            "return document.cookie + location.href + JSON.stringify({...localStorage})"
        )
        window.one("#sign-out").click()
        window.one("#sign-in")
        assert window.status("/api/v1/streams") == 401


def test_the_grid_shows_video_that_moves_and_is_live(owner):
    owner.wait(lambda: len(owner.all("[data-stream] [data-video=playing]")) == 2)
    before, picture = frames_shown(owner), owner.picture("[data-stream=a] [data-video]")
    owner.wait(lambda: all(now >= then + 8 for now, then in zip(frames_shown(owner), before, strict=True)))
    later = owner.picture("[data-stream=a] [data-video]")
    assert picture.shape == later.shape and np.abs(picture.astype(int) - later).max() > 30, "other pixels"
    assert later.std() > 10, "a picture, no blank"
    behind = "const v = document.querySelector('[data-stream=a] video'); return v.buffered.end(0) - v.currentTime"
    owner.wait(lambda: owner.run(behind) < 1.0)
    tile = owner.one("[data-stream=a]")
    owner.wait(lambda: float(tile.find_element(By.CSS_SELECTOR, "[data-figure=fps]").text.split()[0]) > 0)
    assert "live" in tile.text.lower() or "running" in tile.text.lower()


def test_cut_outs_come_into_the_gallery_and_are_found_again(house, owner):
    owner.go("#/objects")
    owner.wait(lambda: cards(owner))
    labels = {track["label"] for track in house.api("GET", "/tracks?pictured=true&limit=500")["tracks"]}
    label = sorted(labels)[0]
    Select(owner.one("select[name=label]")).select_by_value(label)
    owner.wait(lambda: f"label={label}" in owner.driver.current_url and cards(owner))
    of = {f"{t['stream']}/{t['track']}": t["label"] for t in house.api("GET", "/tracks?limit=500")["tracks"]}
    assert {of.get(name, label) for name in cards(owner)} == {label}
    owner.one("#chips [data-filter=label]").click()
    owner.wait(lambda: "label=" not in owner.driver.current_url)
    owner.wait(lambda: cards(owner))


def test_an_object_has_its_page_and_others_that_look_like_it(house, owner):
    found = owner.wait(lambda: house.api("GET", "/tracks?stream=a&pictured=true&limit=500")["tracks"][1:])
    track = found[0]
    owner.go(f"#/object/a/{track['track']}")
    shot = owner.one("#shot")
    owner.wait(lambda: owner.run("return arguments[0].complete && arguments[0].naturalWidth > 0", shot))
    assert track["label"] in owner.one("#facts").text.lower() or track["label"] in owner.text.lower()
    owner.one("#path")
    owner.wait(lambda: owner.all("#alike [data-track]"))
    hrefs = [link.get_attribute("href") for link in owner.all("#downloads a")]
    assert any(href.endswith("best.png") for href in hrefs) and any(".webp" in href for href in hrefs)
    assert all(owner.status(href) == 200 for href in hrefs)
    ActionChains(owner.driver).send_keys("a").perform()
    path = f"/streams/a/tracks/{track['track']}"
    owner.wait(lambda: house.api("GET", path)["verdict"] == "approved")
    ActionChains(owner.driver).send_keys("r").perform()
    owner.wait(lambda: house.api("GET", path)["verdict"] == "rejected")


def test_a_zone_that_is_drawn_makes_events_and_is_saved(house, owner):
    owner.go("#/stream/a")
    owner.wait(lambda: owner.all("[data-stream=a] [data-video=playing]"))
    owner.one("#edit-places").click()
    owner.button("Add zone").click()
    stage = owner.one("#places")
    width, height = stage.size["width"], stage.size["height"]
    for x, y in ((-0.48, -0.45), (0.48, -0.45), (0.48, 0.45), (-0.48, 0.45)):
        ActionChains(owner.driver).move_to_element_with_offset(stage, int(x * width), int(y * height)).click().perform()
    ActionChains(owner.driver).send_keys("\ue007").perform()
    name = owner.one("[name=place-name]")
    name.clear()
    name.send_keys("yard")
    owner.button("Apply").click()
    [zone] = owner.wait(lambda: house.api.stream("a")["zones"])
    corners = np.array([[0.02, 0.05], [0.98, 0.05], [0.98, 0.95], [0.02, 0.95]])
    assert zone["name"] == "yard" and np.abs(np.array(zone["polygon"]) - corners).max() < 0.02
    owner.wait(lambda: house.api("GET", "/events?stream=a&zone=yard")["events"])
    owner.button("Save to YAML").click()
    owner.wait(lambda: load(house.file).streams[0].zones)
    assert load(house.file).streams[0].zones[0].name == "yard"
    owner.go("#/events")
    owner.wait(lambda: "yard" in owner.one("#events").text)


def test_a_viewer_of_one_stream_sees_nothing_of_another(house):
    with browser(house.url) as window:
        window.open(f"#token={PORCH}")
        window.one("#grid [data-stream=a]")
        window.wait(lambda: window.all("[data-stream=a] [data-video=playing]"))
        assert window.all("[data-stream=b]") == []
        track = house.api("GET", "/tracks?stream=b&pictured=true&limit=1")["tracks"][0]["track"]
        for path in ("", "/live.mjpg", "/live.mp4", "/files", f"/tracks/{track}", f"/tracks/{track}/cutouts/best.png"):
            assert window.status(f"/api/v1/streams/b{path}") == 404, path
        assert window.status("/api/v1/streams/a/files") == 200
        closed = (
            "const done = arguments[0]; const s = new WebSocket(`ws://${location.host}/api/v1/streams/b/ws`);"
            "s.onopen = () => done('open'); s.onclose = (event) => done(event.code)"
        )
        assert window.driver.execute_async_script(closed) != "open"
        assert not [b.text for b in window.all("button") if b.text in ("Pause", "Remove", "Add stream")]
        window.go("#/objects")
        window.wait(lambda: cards(window))
        assert {name.split("/")[0] for name in cards(window)} == {"a"}


def test_a_phone_scrolls_one_way_only(house):
    with browser(house.url, (360, 740)) as window:
        window.open(house.link)
        window.one("#grid [data-stream=a]")
        track = house.api("GET", "/tracks?stream=a&pictured=true&limit=1")["tracks"][0]["track"]
        for place in ("#/", "#/stream/a", "#/objects", f"#/object/a/{track}", "#/events", "#/metrics"):
            window.go(place)
            time.sleep(1.0)
            width = window.run("return Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")
            assert width <= 360, (place, width)
        assert window.complaints() == []


def test_pages_of_other_sites_get_nothing(house):
    with browser(house.url) as window:
        window.open(house.link)
        window.one("#grid")
        window.driver.get("data:text/html,<title>elsewhere</title>")
        script = (
            "const done = arguments[1]; fetch(arguments[0], {method: 'POST', mode: 'no-cors', credentials: 'include'})"
            ".then(() => done('sent'), () => done('refused'))"
        )
        window.driver.execute_async_script(script, f"{house.url}/api/v1/streams/a/pause")
        assert house.api.stream("a")["state"] == "running"
        page = window.driver.execute_async_script(
            "const done = arguments[1]; const f = document.createElement('iframe'); f.src = arguments[0];"
            "f.onload = () => { try { done(f.contentDocument ? 'read' : 'closed') } catch { done('closed') } };"
            "document.body.append(f)",
            house.url + "/",
        )
        assert page == "closed"
