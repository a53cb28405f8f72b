"""The MJPEG camera, with a real client."""

import time
from collections.abc import Iterator

import av
import pytest

from streamseg.camera.serving import Login, Place
from streamseg.errors import SinkError
from tests.camera.viewer import steps, view
from tests.servers import ANYWHERE, FaultyCamera, require_rtsp

SOMEWHERE = Place("127.0.0.1", 0, "/cam.mjpg")


@pytest.fixture(scope="module")
def camera() -> Iterator[FaultyCamera]:
    with FaultyCamera(http=SOMEWHERE, fps=50.0, seconds=2.0) as running:
        yield running


def test_well(camera: FaultyCamera) -> None:
    with view(camera.http_url) as viewer:
        seen = viewer.see(20)
    assert viewer.codec == "mjpeg"
    assert steps(seen) == [1] * 19
    assert {s.size for s in seen} == {(160, 96)}


def test_both_ways_show_the_same_moment() -> None:
    require_rtsp()
    with FaultyCamera(rtsp=ANYWHERE, http=SOMEWHERE) as camera:
        for url in camera.urls:
            with view(url) as viewer:
                shown = viewer.see(40)[-1].number
                assert (camera.number_now() - shown) % 100 < 50


def test_freeze(camera: FaultyCamera) -> None:
    with view(camera.http_url) as viewer:
        seen = viewer.see(5)
        freeze = camera.begin("freeze")
        time.sleep(0.8)
        camera.end(freeze)
        seen += viewer.see(60)
    [gap] = [step for step in steps(seen) if step != 1]
    assert 15 < gap < 60


def test_resolution(camera: FaultyCamera) -> None:
    with view(camera.http_url) as viewer:
        viewer.see(5)
        resolution = camera.begin("resolution:320x192")
        sizes = {s.size for s in viewer.see(60)}
        camera.end(resolution)
    assert (320, 192) in sizes


def test_garbage(camera: FaultyCamera) -> None:
    with view(camera.http_url) as viewer:
        viewer.see(5)
        garbage = camera.begin("garbage:1")
        time.sleep(0.5)
        camera.end(garbage)
        seen = viewer.see(60)
    assert len([s for s in seen if s.number is not None]) > 20


@pytest.mark.parametrize("fault", ["drop", "restart"])
def test_broken_and_back(camera: FaultyCamera, fault: str) -> None:
    with view(camera.http_url) as viewer:
        viewer.see(5)
        begun = camera.begin(fault)
        assert len(viewer.see_until_it_breaks()) < 60
    if fault == "restart":
        with pytest.raises(av.error.ConnectionRefusedError):
            av.open(camera.http_url)
        camera.end(begun)
    with view(camera.http_url) as viewer:
        assert len(viewer.see(5)) == 5


def test_refused_and_not_found(camera: FaultyCamera) -> None:
    for fault, error in (("auth", av.error.HTTPUnauthorizedError), ("notfound", av.error.HTTPNotFoundError)):
        begun = camera.begin(fault)
        with pytest.raises(error):
            av.open(camera.http_url)
        camera.end(begun)
    with pytest.raises(av.error.HTTPNotFoundError):
        av.open(camera.http_url.replace("cam", "nothing"))


def test_login() -> None:
    with FaultyCamera(http=SOMEWHERE, login=Login("guard", "secret")) as camera:
        with pytest.raises(av.error.HTTPUnauthorizedError):
            av.open(camera.http_url)
        with view(camera.http_url.replace("//", "//guard:secret@")) as viewer:
            assert len(viewer.see(5)) == 5


def test_a_port_in_use(camera: FaultyCamera) -> None:
    taken = SOMEWHERE._replace(port=int(camera.http_url.split(":")[2].split("/")[0]))
    with pytest.raises(SinkError, match="cannot"), FaultyCamera(http=taken):
        pass
