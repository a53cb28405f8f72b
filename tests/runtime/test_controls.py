"""A run that serves HTTP: looked at, and its streams added, paused, changed and removed, while it lasts."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import psutil

from streamseg.control_file import RunningRun
from tests.results import read_seqs, read_summary
from tests.runtime.jobs import left_behind, run

ENDLESS = "synthetic://street?seconds=900&size=192x112&fps=5"


@contextmanager
def served(tmp_path, *arguments, stderr=None, begun=lambda job: None):
    """A run with --serve --hold, and a function that asks it; both end together. begun: called as soon as it runs."""
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    runtime.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        with run(*arguments, "--serve", "--port", "0", "--hold", out=tmp_path / "out", stderr=stderr) as job:
            begun(job)
            job.wait_until(lambda: list(runtime.glob("streamseg/*.json")))
            [file] = runtime.glob("streamseg/*.json")
            yield job, Api(RunningRun(**json.loads(file.read_text()))), file
    finally:
        del os.environ["XDG_RUNTIME_DIR"]


class Api:
    """HTTP with the run's token, or another."""

    def __init__(self, running: RunningRun):
        self.running, self.token = running, running.token

    def raw(self, method: str, path: str, body=None, token=None, headers=None):
        """Status and body."""
        headers = {"Content-Type": "application/json", **(headers or {})}
        if (token or self.token) and token != "":
            headers["Authorization"] = f"Bearer {token or self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.running.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def __call__(self, method: str, path: str, body=None):
        status, data = self.raw(method, f"/api/v1{path}", body)
        assert status < 300, (status, data)
        return json.loads(data)

    def stream(self, name: str):
        return self("GET", f"/streams/{name}")


def ctl(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "streamseg", "ctl", *arguments], capture_output=True, text=True)


def test_streams_come_and_go_and_change(tmp_path):
    with served(tmp_path, f"a={ENDLESS}&seed=1", "--realtime") as (job, api, file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.stem == str(job.process.pid)
        job.wait_for_lines("a", 2)
        # another one: by the command, which finds the run by itself
        added = ctl("add", f"b={ENDLESS}&seed=2", "--classes", "person")
        assert (added.returncode, added.stdout) == (0, "b: added\n")
        assert [stream["name"] for stream in api("GET", "/streams")] == ["a", "b"]
        assert api.stream("b")["classes"] == ["person"]
        # a file's turn comes when the one before it is over
        api("DELETE", "/streams/a")
        job.wait_for_lines("b", 3)
        job.wait_until(lambda: [s["name"] for s in api("GET", "/streams")] == ["b"])
        # paused: nothing more comes, and nothing is lost
        assert api("POST", "/streams/b/pause")["state"] == "paused"
        time.sleep(1.0)  # what capture had in its hands comes still
        job.wait_until(lambda: api.stream("b")["in_flight"] == 0)
        before = api.stream("b")["emitted"]
        time.sleep(1.0)
        assert api.stream("b")["emitted"] == before
        api("POST", "/streams/b/resume")
        job.wait_until(lambda: api.stream("b")["emitted"] > before)
        # changed: other classes from the next frame on, ids and files go on
        zone = {"name": "door", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
        changed = api("PATCH", "/streams/b", {"classes": ["vehicle"], "score": 0.3, "zones": [zone]})
        assert (changed["classes"], changed["score"], changed["zones"][0]["name"]) == (["vehicle"], 0.3, "door")
        after = api.stream("b")["emitted"] + 10
        job.wait_until(lambda: api.stream("b")["emitted"] > after)
        listed = ctl("list")
        assert "b " in listed.stdout and listed.returncode == 0
        job.process.send_signal(signal.SIGINT)
        assert job.finish() == 130
        assert left_behind(job) == []
        assert not file.exists()
    streams = read_summary(job.out)["streams"]
    assert {name: stream["state"] for name, stream in streams.items()} == {"a": "stopped", "b": "stopped"}
    for name, stream in streams.items():
        assert (stream["dropped"], stream["failed"], stream["in_flight"]) == ({}, {}, 0)
        assert read_seqs(job.out, name) == list(range(stream["emitted"]))
    lines = [json.loads(line) for line in (job.out / "b" / "objects.jsonl").read_text().splitlines()]
    assert {found["label"] for line in lines[:before] for found in line["objects"]} <= {"person"}
    assert {found["label"] for line in lines[after:] for found in line["objects"] if found["state"] == "active"} <= {
        "vehicle"
    }


def test_what_cannot_be_done_is_refused_and_harms_nothing(tmp_path):
    with served(tmp_path, f"a={ENDLESS}", "--realtime") as (job, api, _):
        job.wait_for_lines("a", 1)
        refused = [
            api.raw("GET", "/api/v1/streams/zz"),
            api.raw("DELETE", "/api/v1/streams/zz"),
            api.raw("POST", "/api/v1/streams", {"source": ENDLESS, "name": "a"}),
            api.raw("POST", "/api/v1/streams", {"source": "ftp://host/x"}),
            api.raw("POST", "/api/v1/streams", {"source": ENDLESS, "name": "../x"}),
            api.raw("POST", "/api/v1/streams", {"source": ENDLESS, "nonsense": 1}),
            api.raw("PATCH", "/api/v1/streams/a", {"classes": ["banana"]}),
            api.raw("PATCH", "/api/v1/streams/a", {"score": 7}),
            api.raw("PATCH", "/api/v1/streams/a", {}),
            api.raw("GET", "/api/v1/streams", token="wrong"),
            api.raw("GET", "/api/v1/streams", token=""),
            api.raw("GET", "/metrics", token=""),
            api.raw("GET", "/healthz", headers={"Host": "evil.example"}),
        ]
        assert [status for status, _ in refused] == [404, 404, 409, 422, 422, 422, 422, 422, 422, 401, 401, 401, 400]
        assert b"allowed are person, vehicle, animal" in refused[6][1]
        # a source that makes no sense ends its own stream alone
        api("POST", "/streams", {"source": f"{ENDLESS}&fps=7", "name": "twice"})
        job.wait_until(lambda: api.stream("a")["state"] == "running")
        job.wait_for_lines("a", 4)
        assert [api.raw("GET", "/api/v1/run", token="wrong")[0] for _ in range(12)][-1] == 429
        failed = ctl("change", "a")
        assert failed.returncode == 2 and "nothing to change" in failed.stderr


def test_what_does_not_fit_the_network_fails_alone_though_it_came_before_the_network(tmp_path):
    loading = []

    def stop_loading(job):
        job.wait_until(lambda: "inference-0" in job.workers())
        loading.append(job.workers()["inference-0"])
        os.kill(loading[0], signal.SIGSTOP)

    sources = (f"a={ENDLESS}", f"b={ENDLESS}&seed=2")
    with served(tmp_path, *sources, "--realtime", "--jobs", "4", "--no-video", begun=stop_loading) as (job, api, _):
        assert api("GET", "/run")["network"] is None
        api("PATCH", "/streams/b", {"classes": ["banana"]})
        api("POST", "/streams", {"source": f"{ENDLESS}&seed=3", "name": "c", "classes": ["person", "cherry"]})
        api("POST", "/streams", {"source": f"{ENDLESS}&seed=4", "name": "d", "classes": ["person"]})
        pushed = api.raw("POST", "/api/v1/streams", {"source": ENDLESS, "push": ["rtsp://127.0.0.1:9/x"]})
        assert pushed[0] == 422 and b"encodes no video" in pushed[1]
        os.kill(loading[0], signal.SIGCONT)
        job.wait_for_lines("a", 2)
        job.wait_for_lines("d", 2)
        streams = {stream["name"]: stream for stream in api("GET", "/streams")}
        assert {name: stream["state"] for name, stream in streams.items()} == {
            "a": "running", "b": "failed", "c": "failed", "d": "running"
        }  # fmt: skip
        assert "classes of stream b: banana" in streams["b"]["error"]
        assert "classes of stream c: cherry" in streams["c"]["error"]
        job.process.send_signal(signal.SIGINT)
        assert job.finish() == 1
    summary = read_summary(job.out)["streams"]
    assert {name: stream["state"] for name, stream in summary.items()} == {
        "a": "stopped", "b": "failed", "c": "failed", "d": "stopped"
    }  # fmt: skip
    assert summary["c"]["error"] == streams["c"]["error"]


def test_what_a_run_is_begun_with_must_fit_the_network(tmp_path):
    with run(f"a={ENDLESS}", f"b={ENDLESS}", "--classes", "person,banana", out=tmp_path / "out") as job:
        assert job.finish() == 2
        assert left_behind(job) == []
    assert not (job.out / "a").exists()


def test_health_metrics_and_a_web_worker_that_is_killed(tmp_path):
    with served(tmp_path, f"a={ENDLESS}", "--realtime") as (job, api, _):
        assert api.raw("GET", "/healthz", token="") == (200, b'{"status":"ok"}')
        job.wait_for_lines("a", 3)
        job.wait_until(lambda: api.raw("GET", "/readyz", token="")[0] == 200)
        metrics = api.raw("GET", "/metrics")[1].decode()
        frames = float(
            next(line for line in metrics.splitlines() if line.startswith("streamseg_frames_emitted_total")).split()[1]
        )
        assert frames >= 3
        for wanted in (
            'streamseg_source_state{state="streaming",stream="a"} 1.0',
            'streamseg_stream_state{state="running",stream="a"} 1.0',
            'streamseg_latency_seconds_bucket{le="+Inf",stage="total",stream="a"}',
            'streamseg_worker_up{worker="inference-0"} 1.0',
            'streamseg_queue{stage="tracking",stream="a"}',
        ):
            assert wanted in metrics
        assert job.kill("web-0")
        job.wait_until(lambda: _answers(api))
        assert 'streamseg_worker_restarts_total{worker="web-0"} 1.0' in api.raw("GET", "/metrics")[1].decode()
        before = job.lines("a")
        job.wait_for_lines("a", before + 2)


def _answers(api: Api) -> bool:
    try:
        return api.raw("GET", "/healthz")[0] == 200
    except (OSError, ValueError):
        return False


def test_coming_and_going_leaves_nothing(tmp_path):
    """The long form, two hundred times, is tests/chaos/come_and_go.py."""
    from tests.chaos.come_and_go import come_and_go

    with served(tmp_path, f"a={ENDLESS}", "--realtime", "--jobs", "2") as (job, api, _):
        job.wait_for_lines("a", 1)
        come_and_go(api, job, 2)
        before = steady(job)
        come_and_go(api, job, 4, first=2)
        job.wait_until(lambda: descriptors(job) == before)


def steady(job):
    """The descriptors once they no longer change: a stream's memory is given back a moment after its end."""
    seen = [descriptors(job)]
    while len(seen) < 6 or len({str(one) for one in seen[-6:]}) > 1:
        time.sleep(0.25)
        seen.append(descriptors(job))
    return seen[-1]


def descriptors(job) -> dict[str, tuple[int, int]]:
    """Open files and threads of every process of the run."""
    pids = {"supervisor": job.process.pid, **job.workers()}
    return {name: (psutil.Process(pid).num_fds(), psutil.Process(pid).num_threads()) for name, pid in pids.items()}


def test_another_network_takes_over_between_two_frames(tmp_path):
    street = "synthetic://street?seconds=900&size=320x180&fps=5&seed=4"
    with served(tmp_path, f"a={street}", "--model", "s", "--cutouts", "0.4") as (job, api, _):
        job.wait_for_lines("a", 6)
        failed = ctl("model", "nosuch")
        assert failed.returncode == 2 and "not taken" in failed.stderr and "nosuch" in failed.stderr
        assert api("GET", "/model")["name"] == "s"
        before = job.lines("a")
        job.wait_for_lines("a", before + 4)
        taken = ctl("model", "m")
        assert taken.returncode == 0 and "m: m (" in taken.stdout
        swapped = job.lines("a")
        job.wait_for_lines("a", swapped + 12)
        assert job.kill("inference-0")
        job.wait_for_lines("a", swapped + 24)
        assert api("GET", "/run")["network"]["name"].startswith("m (")
        job.process.terminate()
        assert job.finish() == 130
    stream = read_summary(job.out)["streams"]["a"]
    assert (stream["dropped"], stream["failed"], stream["in_flight"]) == ({}, {}, 0)
    assert read_seqs(job.out, "a") == list(range(stream["emitted"]))
    names = {
        json.loads(p.read_text())["seq"]: json.loads(p.read_text())["model"]["name"] for p in sidecars(job.out / "a")
    }
    order = [names[seq] for seq in sorted(names)]
    assert set(order) == {"s", "m"} and order == sorted(order, reverse=True)
    hashes = {json.loads(p.read_text())["model"]["sha256"] for p in sidecars(job.out / "a")}
    assert len(hashes) == 2


def sidecars(folder):
    return [path for path in (folder / "cutouts").rglob("*.json") if path.stem.isdecimal()]
