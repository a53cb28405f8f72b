"""The API over what was found: asked for, page by page, reviewed, exported."""

import io
import zipfile

import pytest

from streamseg.index import Index, schema
from streamseg.training.dataset import load_dataset
from tests.web.serving import event, made_up, serving, url_of


@pytest.fixture
def client(tmp_path):
    made_up(tmp_path / "out")
    with serving(tmp_path / "out") as asked:
        yield asked


def keys(answer):
    return [(track["stream"], track["track"]) for track in answer.json["tracks"]]


def test_tracks_are_found_by_what_is_asked_page_by_page(client):
    assert keys(client("tracks?stream=a&limit=2")) == [("a", 6), ("a", 5)]
    found, after = [], ""
    while after is not None:
        answer = client(f"tracks?limit=5{f'&after={after}' if after else ''}")
        found, after = found + keys(answer), answer.json["next"]
    assert found == [(stream, number) for number in range(6, 0, -1) for stream in "ab"]
    assert keys(client("tracks?colour=red&stream=b")) == [("b", 2), ("b", 1)]
    assert keys(client("tracks?zone=gate")) == [("a", 1), ("b", 1)]
    assert keys(client("tracks?since=3&until=4&stream=a")) == [("a", 4), ("a", 3)]
    assert keys(client("tracks?pictured=true&stream=a")) == [("a", 3), ("a", 2), ("a", 1)]
    assert keys(client("tracks?least_s=11")) == []
    assert keys(client("streams/a/tracks/3/like?limit=2&stream=a")) in ([("a", 2), ("a", 4)], [("a", 4), ("a", 2)])


def test_a_track_tells_what_there_is_of_it(client):
    track = client("streams/a/tracks/1").json
    assert (track["best"], track["cutouts"], track["clip"]) == (["best.png"], ["000005.png"], True)
    assert (track["frame_size"], track["zones"], track["colours"]) == ([640, 360], ["gate"], {"red": 0.6})
    assert client("streams/a/tracks/5").json["best"] == []
    assert client("streams/a/tracks/99").status == 404


def test_what_there_is_to_ask_for(client):
    held = client("archive").json
    assert [(s["stream"], s["tracks"], s["labels"], s["zones"]) for s in held["streams"]] == [
        ("a", 6, ["person"], ["gate"]),
        ("b", 6, ["person"], ["gate"]),
    ]
    assert "red" in held["colours"]
    assert client("timeline?bins=6&stream=a").json["counts"] == [1] * 6
    assert client("timeline?bins=2&colour=red").json["counts"] == [4, 0]
    assert client("timeline?since=100&until=200").json["counts"] == [0] * 60


def test_events_page_by_page(client):
    first = client("events?limit=4").json
    rest = client(f"events?after={first['next']}").json
    placed = [(row["stream"], row["track"]) for row in first["events"] + rest["events"]]
    assert placed == [(stream, number) for number in range(6, 0, -1) for stream in "ab"]
    assert client("events?kind=ended").json["events"] == []
    assert [row["shot"] for row in client("events?stream=a").json["events"]] == [None] * 3 + [5] * 3
    assert [row["stream"] for row in client("events?track=2").json["events"]] == ["a", "b"]


def test_what_is_approved_is_exported_for_training(client, tmp_path):
    assert client("streams/a/tracks/1/verdict", "PUT", {"verdict": "approved"}).status == 204
    assert client("streams/b/tracks/2/verdict", "PUT", {"verdict": "approved"}).status == 204
    assert client("streams/b/tracks/3/verdict", "PUT", {"verdict": "rejected"}).status == 204
    assert client("streams/b/tracks/4/verdict", "PUT", {"verdict": "approved"}).status == 204, "one without a picture"
    assert keys(client("tracks?verdict=approved")) == [("b", 4), ("b", 2), ("a", 1)]
    assert len(keys(client("tracks?verdict=none"))) == 8
    assert client("streams/a/tracks/1").json["verdict"] == "approved"
    answer = client("coco.zip")
    path = tmp_path / "approved.zip"
    path.write_bytes(answer.body)
    data = load_dataset(path, ["person", "vehicle"])
    assert [picture.known for picture in data.pictures] == [(False, False)] * 2, "nothing there is background"
    found = [picture.annotations()[0] for picture in data.pictures]
    assert [note.label for note in found] == [0, 0]
    for picture, note in zip(data.pictures, found, strict=True):
        pixels = picture.rgb()
        assert pixels.shape == (60, 40, 3) and (pixels[note.mask > 0] == pixels[30, 20]).all()
        assert 1000 < note.mask.sum() < 2000
    assert zipfile.ZipFile(io.BytesIO(client("coco.zip?stream=a").body)).namelist() == [
        "images/a-1-1.png",
        "annotations.json",
    ]
    client("streams/a/tracks/1/verdict", "PUT", {"verdict": None})
    assert keys(client("tracks?verdict=approved&stream=a")) == []


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("tracks?limit=0", "limit"),
        ("tracks?limit=501", "limit"),
        ("tracks?stream=../b", "stream"),
        ("tracks?since=nan", "since"),
        ("tracks?colour=beige", "colour"),
        ("tracks?after=nonsense", "after"),
        ("tracks?after=W10", "after"),
        ("events?after=%F0", "after"),
        ("streams/a/tracks/-1", "track"),
        ("streams/a/tracks/99999999999999999999", "track"),
        ("streams/a/tracks/1/cutouts/best.webp?side=1", "side"),
    ],
)
def test_what_makes_no_sense_is_named(client, path, told):
    answer = client(path)
    assert answer.status == 422 and told in answer.json["error"]


def test_without_an_index_that_is_said(tmp_path):
    made_up(tmp_path / "out")
    with serving(tmp_path / "out", indexed=False) as client:
        answer = client("tracks")
        assert answer.status == 404 and "--index" in answer.json["error"]
        assert [file["name"] for file in client("streams/a/files").json] == ["annotated.mp4"]


def test_an_index_that_cannot_be_read_is_no_fault_of_the_server(tmp_path):
    made_up(tmp_path / "out")
    (tmp_path / "out" / "index.sqlite").write_bytes(b"no database at all" * 100)
    with serving(tmp_path / "out") as client:
        answer = client("tracks")
        assert answer.status == 503 and "not a database" in answer.json["error"]


def test_what_happens_is_told_while_it_happens(tmp_path):
    import http.client

    folder = tmp_path / "out"
    made_up(folder)
    with serving(folder) as client:
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
        connection.request("GET", "/api/v1/updates", headers={"Authorization": f"Bearer {client.token}"})
        answer = connection.getresponse()
        assert answer.getheader("Content-Type").startswith("text/event-stream")
        lines = (answer.readline().decode().strip() for _ in iter(int, 1))
        assert next(line for line in lines if line.startswith("event:")) == "event: streams"
        index = Index(url_of(folder))
        index.write({schema.events: [event("b", 9, at=99.0)]})
        index.close()
        next(line for line in lines if line == "event: happened")
        assert '"track":9' in next(lines)
        connection.close()
