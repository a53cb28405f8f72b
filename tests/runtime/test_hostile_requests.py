"""A run that is asked what nobody asks: every request is answered, none with a fault of ours, and it goes on."""

import http.client
import json
import socket
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamseg.web.bodies import MOST_BYTES
from tests.fuzz.documents import ZONES
from tests.fuzz.hostile import as_json, documents, mutated
from tests.runtime.test_controls import ENDLESS, served

EXAMPLES = 60
ADD = {"source": "nothing.mp4", "name": "a", "region": [0, 0, 9, 9], "score": 0.5, "push": ["rtsp://h/x"], **ZONES}
CHANGE = {"classes": ["person"], "score": 0.5, **ZONES}
CALLS = [("POST", "streams", ADD), ("PATCH", "streams/a", CHANGE), ("PUT", "model", {"name": "nothing"})]
PATHS = ["streams/..%2f..%2fetc", "streams/%00", "streams/" + "a" * 3000, "run?x=%ff", "model"]


def requests() -> st.SearchStrategy[tuple[str, str, bytes]]:
    """Method, path and body."""
    calls = [
        st.tuples(st.just(method), st.just(path), documents([body], as_json) | mutated([as_json(body)]))
        for method, path, body in CALLS
    ]
    odd = st.tuples(
        st.sampled_from(["GET", "DELETE", "POST", "PATCH", "TRACE"]), st.sampled_from(PATHS[1:]), st.binary()
    )
    return st.one_of(*calls, odd)


class Connection:
    """Asks a run, and tells the status."""

    def __init__(self, url: str, token: str):
        parts = urlsplit(url)
        self.place, self._token = (parts.hostname or "", parts.port or 0), token

    def __call__(self, method: str, path: str, body: bytes = b"", token: str | None = None, **headers: str) -> int:
        told = {"Content-Type": "application/json", "Authorization": f"Bearer {token or self._token}", **headers}
        with closing(http.client.HTTPConnection(*self.place, timeout=60)) as connection:
            connection.request(method, f"/api/v1/{path}", body, told)
            return connection.getresponse().status

    def chunked(self, count: int) -> bytes:
        """The first line of the answer to a body without an announced length, that many blocks of 64 KiB long."""
        with socket.create_connection(self.place, 60) as line:
            line.sendall(b"POST /api/v1/streams HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                for _ in range(count):
                    line.sendall(b"10000\r\n" + b"[" * 65536 + b"\r\n")
            except OSError:
                pass  # it has been hung up already
            return line.recv(100).split(b"\r\n")[0]


@pytest.mark.timeout(300)
def test_every_request_is_answered_and_the_run_goes_on(tmp_path):
    limits = tmp_path / "limits.yaml"
    limits.write_text(yaml.safe_dump({"web": {"add_hosts": ["10.0.0.0/8"], "add_folders": [str(tmp_path / "in")]}}))
    with served(tmp_path, f"a={ENDLESS}", "--realtime", "--config", str(limits)) as (job, api, _):
        job.wait_for_lines("a", 1)
        ask = Connection(api.running.url, api.token)
        too_much = b" " * (MOST_BYTES + 1)
        assert ask("POST", "streams", too_much, token="wrong") == 413, "before anybody looks who asks"
        assert ask("POST", "streams", b"[" * MOST_BYTES) in (400, 422)
        assert ask.chunked(200) == b"HTTP/1.1 413 Request Entity Too Large" or ask.chunked(200).startswith(
            b"HTTP/1.1 413"
        )
        for source in ("rtsp://127.0.0.1/x", "http://169.254.169.254/", "/etc/passwd", "/**/*.mp4", "0", "/dev/zero"):
            assert ask("POST", "streams", json.dumps({"source": source}).encode()) == 422, source
        # a name is looked up when it is connected to
        assert ask("POST", "streams", b'{"source": "rtsp://localhost:1/x", "name": "near"}') == 201
        job.wait_until(lambda: api.stream("near")["state"] == "failed")
        assert "web.add_hosts" in api.stream("near")["error"]

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(requests())
        def fuzz(request: tuple[str, str, bytes]) -> None:
            assert ask(*request) < 500, request

        before = job.workers()
        fuzz()
        assert job.workers() == before, "nobody died of it"
        lines = job.lines("a")
        job.wait_for_lines("a", lines + 2)
