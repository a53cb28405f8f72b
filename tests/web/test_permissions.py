"""Who may see what: every address that there is, asked by those who may and those who may not."""

import re

import pytest

from streamseg.web.access import Access
from streamseg.web.callers import OWNER, Key
from tests.web.serving import KEYS, VIEWER_TOKEN, Client, made_up, serving

OPEN = {"/healthz", "/readyz", "/api/v1/session"}


@pytest.fixture
def client(tmp_path):
    made_up(tmp_path / "out", ("a", "b", "a-2"))
    with serving(tmp_path / "out") as asked:
        yield asked


@pytest.fixture
def porch(client):
    """One who may see a and a-2."""
    return Client(client.port, VIEWER_TOKEN)


def paths(client, **values):
    """Every address of the API with values filled in, and its methods."""
    filled = {"track": "1", "file": "best.png"} | values
    for path, methods in client("/api/openapi.json").json["paths"].items():
        yield re.sub(r"{(\w+)}", lambda match: filled[match[1]], path), [method.upper() for method in methods]


def test_nothing_is_told_without_a_token(client):
    stranger = Client(client.port, None)
    asked = [(path, method) for path, methods in paths(client, name="a") for method in methods if path not in OPEN]
    assert len(asked) > 20
    for path, method in asked:
        assert stranger(path, method).status == 401, (method, path)


def test_a_viewer_sees_its_streams_and_no_others(client, porch):
    of_streams = [path for path, methods in paths(client, name="{}") if "{}" in path and "GET" in methods]
    assert len(of_streams) >= 7
    for path in of_streams:
        path = path.replace("best.png", "annotated.mp4") if "/files/" in path else path
        hidden, missing = porch(path.format("b")), porch(path.format("zz"))
        assert (hidden.status, hidden.body) == (404, missing.body.replace(b"zz", b"b")), path
        if not path.endswith(("/streams/{}", "/live.mp4", "/live.mjpg")):
            assert porch(path.format("a")).status == 200, path
            assert client(path.format("b")).status == 200, path
    assert {track["stream"] for track in porch("tracks").json["tracks"]} == {"a", "a-2"}
    assert {row["stream"] for row in porch("events").json["events"]} == {"a", "a-2"}
    assert {row["stream"] for row in porch("archive").json["streams"]} == {"a", "a-2"}
    assert sum(porch("timeline").json["counts"]) == 12 == sum(client("timeline").json["counts"]) - 6
    for path in ("tracks?stream=b", "events?stream=a&stream=b", "coco.zip?stream=b"):
        assert porch(path).status == 404, path
    alike = porch("streams/a/tracks/1/like").json["tracks"]
    assert alike and {track["stream"] for track in alike} == {"a", "a-2"}


def test_a_viewer_changes_nothing(client, porch):
    for path, methods in paths(client, name="a"):
        for method in set(methods) - {"GET"} if path not in OPEN else ():
            body = {"verdict": None} if path.endswith("verdict") else {"name": "m"} if path.endswith("model") else None
            body = {"source": "x.mp4"} if path.endswith("streams") else body
            assert porch(path, method, body).status in (403, 422), (method, path)
            assert porch(path, method, body).status == 403 or body is None, (method, path)
    for path in ("run", "model", "/metrics"):
        assert porch(path).status == 403, path


def test_nobody_in_particular_may_do_anything_where_no_token_is_asked_for(tmp_path):
    made_up(tmp_path / "out")
    with serving(tmp_path / "out", keys=()) as client:
        session = client("session").json
        assert (session["may_control"], session["sign_in"]) == (True, False)
        assert client("streams/a/tracks/1/verdict", "PUT", {"verdict": "approved"}).status == 204
        for other in ({"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
            answer = client("streams/a/tracks/1/verdict", "PUT", {"verdict": "approved"}, **other)
            assert answer.status == 403, "pages of other sites are not anybody"


def signed_in(client, token=VIEWER_TOKEN, **headers):
    stranger = Client(client.port, None)
    answer = stranger("session", "POST", {"token": token}, **headers)
    assert answer.status == 204, answer.body
    return Client(client.port, None, answer.headers["set-cookie"].split(";")[0]), answer.headers["set-cookie"]


def test_a_browser_signs_in_and_out(client):
    assert Client(client.port, None)("session").status == 401
    browser, cookie = signed_in(client)
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    assert VIEWER_TOKEN not in cookie and f"streamseg-{client.port}=" in cookie
    assert browser("session").json == {"name": "porch", "may_control": False, "streams": ["a", "a-*"], "sign_in": True}
    assert browser("streams/a/tracks/1").status == 200
    assert browser("streams/b/tracks/1").status == 404
    gone = browser("session", "DELETE")
    assert gone.status == 204 and "Max-Age=0" in gone.headers["set-cookie"]


def test_a_cookie_is_of_no_use_to_other_pages(client):
    owner, _ = signed_in(client, KEYS[0].token)
    path, body = "streams/a/tracks/1/verdict", {"verdict": "approved"}
    here = f"http://127.0.0.1:{client.port}"
    assert owner(path, "PUT", body, Origin=here).status == 204
    assert owner(path, "PUT", body, Sec_Fetch_Site="same-origin", Origin=here).status == 204
    assert owner(path, "PUT", body, Origin="http://evil.example").status == 403
    assert owner(path, "PUT", body, Origin="null").status == 403
    assert owner(path, "PUT", body, Sec_Fetch_Site="same-site", Origin=here).status == 403


@pytest.mark.parametrize("change", [
    lambda value: value[:-1] + ("A" if value[-1] != "A" else "B"),
    lambda value: value.replace("porch", "owner"),
    lambda value: "owner" + value[value.index("."):],
    lambda value: value.rsplit(".", 1)[0],
    lambda value: "",
    lambda value: VIEWER_TOKEN,
])  # fmt: skip
def test_a_cookie_cannot_be_made_up(client, change):
    browser, _ = signed_in(client)
    name, value = browser.cookie.split("=", 1)
    assert Client(client.port, None, f"{name}={change(value)}")("session").status == 401


def test_a_cookie_ends_with_its_token_and_after_a_month(client, monkeypatch):
    import itsdangerous.timed

    browser, _ = signed_in(client)
    monkeypatch.setattr(itsdangerous.timed.time, "time", lambda now=itsdangerous.timed.time.time: now() + 31 * 86_400)
    assert browser("session").status == 401
    monkeypatch.undo()
    assert browser("session").status == 200
    other = Access((Key(OWNER, "another-token-16"),))
    assert other.cookie_for(Key(KEYS[1].caller, "x")) != browser.cookie


def test_who_guesses_at_signing_in_is_not_listened_to(client):
    stranger = Client(client.port, None)
    found = [stranger("session", "POST", {"token": f"guess-{number}"}).status for number in range(12)]
    assert found == [401] * 10 + [429] * 2
    assert stranger("session", "POST", {"token": KEYS[0].token}).status == 429
    assert client("streams").status == 429, "nor by another way"
