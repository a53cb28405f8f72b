"""Files over HTTP: whole, in parts, from a cache, while they grow; and nothing else."""

import json
import os
import threading
import time

import cv2
import numpy as np
import pytest

from streamseg.accounts import BOUNDS_S
from streamseg.web.page import FOLDER
from tests.web.serving import made_up, picture, serving


@pytest.fixture
def folder(tmp_path):
    made_up(tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def client(folder):
    with serving(folder) as asked:
        yield asked


CUTOUT = "streams/a/tracks/1/cutouts"
VIDEO = "streams/a/files/annotated.mp4"


def test_whole_and_in_parts(client, folder):
    content = (folder / "a" / "annotated.mp4").read_bytes()
    whole = client(VIDEO)
    assert (whole.status, whole.body) == (200, content)
    assert (whole.headers["content-type"], whole.headers["accept-ranges"]) == ("video/mp4", "bytes")
    for asked, first, last in (
        ("0-99", 0, 99),
        ("1000-", 1000, len(content) - 1),
        ("-10", len(content) - 10, len(content) - 1),
    ):
        part = client(VIDEO, Range=f"bytes={asked}")
        assert (part.status, part.body) == (206, content[first : last + 1]), asked
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"
    assert client(VIDEO, Range=f"bytes={len(content)}-").status == 416
    assert client(VIDEO, Range="bytes=0-9", If_Range='"other"').status == 200
    assert client("streams/a/tracks/1/clip.webm", Range="bytes=256-257").body == b"\0\1"


def test_what_is_known_already_is_not_sent_again(client, folder):
    first = client(f"{CUTOUT}/best.png")
    assert first.headers["content-type"] == "image/png" and "private" in first.headers["cache-control"]
    again = client(f"{CUTOUT}/best.png", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    path = folder / "a" / "cutouts" / "1-person" / "best.png"
    path.with_name("new").write_bytes(path.with_name("000005.png").read_bytes())
    path.with_name("new").replace(path)
    assert client(f"{CUTOUT}/best.png", If_None_Match=first.headers["etag"]).status == 200, "a better shot"
    small = client(f"{CUTOUT}/best.webp?side=20")
    assert client(f"{CUTOUT}/best.webp?side=20", If_None_Match=small.headers["etag"]).status == 304
    assert client(f"{CUTOUT}/best.webp?side=30", If_None_Match=small.headers["etag"]).status == 200


def test_as_webp_of_any_size_with_its_alpha(client):
    whole = cv2.imdecode(np.frombuffer(client(f"{CUTOUT}/best.webp").body, np.uint8), cv2.IMREAD_UNCHANGED)
    assert whole.shape == (60, 40, 4) and (whole[..., 3] == picture(1)[..., 3]).all()
    small = cv2.imdecode(np.frombuffer(client(f"{CUTOUT}/best.webp?side=30").body, np.uint8), cv2.IMREAD_UNCHANGED)
    assert small.shape == (30, 20, 4) and small[0, 0, 3] == 0 and small[15, 10, 3] == 255
    colour = picture(1)[30, 20, :3].astype(int)
    edge = small[(small[..., 3] > 60) & (small[..., 3] < 250)][:, :3].astype(int)
    assert len(edge) > 5 and np.abs(edge - colour).max() < 40, "nothing of what was transparent"


def test_a_file_that_grows_is_given_as_long_as_it_was(client, folder):
    path, over = folder / "a" / "annotated.mp4", threading.Event()

    def grow():
        with path.open("ab") as file:
            while not over.is_set():
                file.write(bytes(1000))
                file.flush()
                time.sleep(1e-4)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        answers = [client(VIDEO) for _ in range(5)] + [client(VIDEO, Range="bytes=100-") for _ in range(5)]
    finally:
        over.set()
        thread.join()
    for answer in answers:
        assert len(answer.body) == int(answer.headers["content-length"])


@pytest.mark.parametrize("path", [
    f"{CUTOUT}/..%2f..%2f..%2fannotated.mp4",
    f"{CUTOUT}/best.gif",
    f"{CUTOUT}/best-2.png",
    f"{CUTOUT}/.shot-5.png",
    f"{CUTOUT}/000005.txt",
    "streams/a/files/.streamseg",
    "streams/a/files/index.sqlite",
    "streams/a/files/secret.jsonl",
    "streams/a/files/events-0002.jsonl",
    "streams/..%2fout/files/annotated.mp4",
    "streams/%2e%2e/files/annotated.mp4",
    "streams/stranger/files/annotated.mp4",
    "streams/linked/files/annotated.mp4",
    "/page/..%2fapp.py",
    "/page/app.py",
    "/page/%00",
])  # fmt: skip
def test_nothing_else_is_given(client, folder, path):
    stranger = folder / "stranger"
    stranger.mkdir()
    (stranger / "annotated.mp4").write_bytes(b"not ours")
    (folder / "linked").symlink_to(folder / "a")
    (folder / "a" / "secret.jsonl").write_text("{}")
    assert client(path).status in (404, 422)


def test_links_and_pipes_are_no_files(client, folder, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for name in ("events.jsonl", "objects.jsonl"):
        (folder / "a" / name).unlink(missing_ok=True)
    (folder / "a" / "events.jsonl").symlink_to(secret)
    os.mkfifo(folder / "a" / "objects.jsonl")
    assert [file["name"] for file in client("streams/a/files").json] == ["annotated.mp4"]
    assert client("streams/a/files/events.jsonl").status == 404
    assert client("streams/a/files/objects.jsonl").status == 404
    tracks = folder / "a" / "cutouts"
    tracks.rename(tmp_path / "elsewhere")
    tracks.symlink_to(tmp_path / "elsewhere")
    assert client(f"{CUTOUT}/best.png").status == 404


def test_a_row_that_lies_leads_nowhere(folder):
    from streamseg.index import Index, schema
    from tests.index.rows import track_row
    from tests.web.serving import url_of

    index = Index(url_of(folder))
    index.write({schema.tracks: [track_row("a", 1, folder="../../b/cutouts/1-person")]})
    index.close()
    with serving(folder) as client:
        assert client(f"{CUTOUT}/best.png").status == 404
        assert client("streams/a/tracks/1/clip.webm").status == 404


def test_the_page_loads_nothing_from_elsewhere(client):
    answer = client("/")
    modules = {path.name for path in FOLDER.glob("*.js")}
    assert {name for name in modules if f'"/page/{name}"'.encode() in answer.body} == modules, "all of them at once"
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert b"://" not in answer.body
    docs = client("/api/docs").body
    assert b"http://" not in docs and b"https://" not in docs
    assert client("/api/static/swagger-ui-bundle.js").status == 200


def test_the_page_knows_the_bounds_of_latencies():
    line = next(line for line in (FOLDER / "rates.js").read_text().splitlines() if line.startswith("const BOUNDS_S"))
    assert json.loads(line.partition("=")[2].strip(" ;")) == list(BOUNDS_S)
