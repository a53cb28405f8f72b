"""Credentials of cameras: nowhere in what a run says, serves or writes, whatever happens to its streams."""

import json

from tests.runtime.clips import write_street
from tests.runtime.jobs import run
from tests.runtime.test_controls import served
from tests.servers import rtsp_server

SECRETS = ("viewer", "s3cr%40t", "s3cr@t", "t0ken-of-mine", "adm1n", "hunter2")


def told(api) -> str:
    """All that the server answers."""
    answers = [api.raw("GET", path) for path in ("/metrics", "/api/v1/run", "/api/v1/streams", "/readyz", "/healthz")]
    answers += [api.raw("GET", f"/api/v1/streams/{name}") for name in ("cam", "gone", "refused", "more")]
    answers.append(api.raw("POST", "/api/v1/streams", {"source": "ftp://adm1n:hunter2@host/x"}))
    answers.append(api.raw("POST", "/api/v1/streams", {"source": "rtsp://adm1n:hunter2@/x"}))
    return "".join(body.decode() for _, body in answers)


def test_they_are_nowhere(tmp_path):
    clip = write_street(tmp_path / "street.mp4", 20)
    with rtsp_server(clip, user="viewer", password="s3cr@t") as server, (tmp_path / "log").open("wb") as log:
        url = server.url.replace("rtsp://", "rtsp://viewer:s3cr%40t@")
        wrong = server.url.replace("rtsp://", "rtsp://viewer:hunter2@")
        gone = "rtsp://adm1n:hunter2@127.0.0.1:9/live?token=t0ken-of-mine"
        with served(tmp_path, f"cam={url}", f"gone={gone}", f"refused={wrong}", "-vv", stderr=log) as (job, api, _):
            job.wait_for_lines("cam", 3)
            api("POST", "/streams", {"source": gone.replace("live", "more"), "name": "more"})
            job.wait_until(lambda: api.stream("more")["source_reason"])
            job.wait_until(lambda: api.stream("refused")["state"] == "failed")
            answers = told(api)
            server.stop()
            job.wait_until(lambda: api.stream("cam")["source_state"] == "backing-off")
            answers += told(api)
            job.process.terminate()
            job.finish()
    assert "backing-off" in answers and "cannot be reached" in answers
    texts = {"answers": answers, "log": (tmp_path / "log").read_text()}
    files = [path for path in job.out.rglob("*") if path.is_file()]
    assert len(files) > 4
    texts |= {str(path): path.read_bytes().decode("latin-1") for path in files}
    texts["names"] = " ".join(str(path) for path in job.out.rglob("*"))
    found = {(where, secret) for where, text in texts.items() for secret in SECRETS if secret in text}
    assert found == set()
    assert json.loads(texts[str(job.out / "summary.json")])["streams"]["refused"]["state"] == "failed"


def test_of_a_run_without_a_server_neither(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        source = "gone=rtsp://adm1n:hunter2@127.0.0.1:9/live?token=t0ken-of-mine"
        with run(source, "--no-wait", out=tmp_path / "out", stderr=log) as job:
            assert job.finish() == 1
    text = (tmp_path / "log").read_text() + (tmp_path / "out" / "summary.json").read_text()
    assert "cannot be reached" in text
    assert [secret for secret in SECRETS if secret in text] == []
