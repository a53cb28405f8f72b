"""The files in docker/: what they name exists, they agree, and nothing has rights that it does not need."""

import http.server
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from streamseg import control_file
from streamseg.cli import main
from streamseg.config_file import load
from streamseg.control_file import RunningRun

ROOT = Path(__file__).resolve().parent.parent
DOCKER = ROOT / "docker"
TARGETS = ("cpu", "cuda")
TOKEN = "STREAMSEG_TOKEN"


def read_yaml(name: str) -> Any:
    return yaml.safe_load((DOCKER / name).read_text(encoding="utf-8"))


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile: INSTRUCTION and the rest of it, continued lines joined."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", "", "\n".join(lines))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage, those of the stages that it is made from first."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for word, rest in instructions():
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found[name] = list(found.get(base, ()))
        elif name:
            found[name].append((word, rest))
    return found


def last(stage: str, wanted: str) -> str:
    return [rest for word, rest in stages()[stage] if word == wanted][-1]


def services() -> dict[str, dict[str, Any]]:
    return read_yaml("compose.yaml")["services"]


# ---- the Dockerfile


def test_its_base_is_pinned_and_all_stages_are_built_on_it() -> None:
    [(_, base), *_] = [row for row in instructions() if row[0] == "ARG"]
    assert re.fullmatch(r"BASE=\S+:3\.11\.\d+-slim-[a-z]+", base)
    known = {"${BASE}"}
    for rest in (rest for word, rest in instructions() if word == "FROM"):
        origin, _, name = rest.partition(" AS ")
        assert origin in known
        known.add(name)
    assert set(TARGETS) < known


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_as_a_numbered_user_who_is_not_root(target: str) -> None:
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", last(target, "USER"))


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_is_streamseg_and_asks_it_for_its_health(target: str) -> None:
    assert last(target, "ENTRYPOINT") == '["streamseg"]'
    check = yaml.safe_load(last(target, "HEALTHCHECK").partition("CMD ")[2])
    copied = [shlex.split(rest) for word, rest in stages()[target] if word == "COPY"]
    assert [f"/usr/local/bin/{check[0]}"] == [row[-1] for row in copied if "docker/healthcheck.py" in row]


def test_every_package_has_the_version_of_the_constraints() -> None:
    scripts = [rest for word, rest in instructions() if word == "RUN"]
    scripts.append((DOCKER / "install_packages.sh").read_text(encoding="utf-8"))
    lines = [line for script in scripts for line in re.split(r"&&|\n", script) if not line.startswith("#")]
    installs = [line for line in lines if re.search(r"pip\S* install\b", line)]
    assert len(installs) == 5
    for command in installs:
        assert "--no-cache-dir" in command
        assert "--constraint" in command or {"--no-deps", "--no-index"} < set(command.split())


def test_what_is_installed_is_what_the_project_asks_for(tmp_path: Path) -> None:
    [script] = [rest for word, rest in instructions() if word == "RUN" and "tomllib" in rest]
    [program] = [word for word in shlex.split(script) if "tomllib" in word]
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert done.stdout.splitlines() == project["dependencies"] + project["optional-dependencies"]["mqtt"]


def test_what_is_copied_exists_and_is_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = [line[1:] for line in ignored if line.startswith("!")]
    sources = {
        source
        for word, rest in instructions()
        if word == "COPY" and "--from" not in rest
        for source in [part for part in shlex.split(rest) if not part.startswith("--")][:-1]
    }
    assert sources == set(allowed)
    assert all((ROOT / source).exists() for source in sources)
    assert "*" in ignored and "**/__pycache__" in ignored


def test_its_scripts_may_be_run_and_the_page_tells_of_every_file() -> None:
    page = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
    used = page + (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    for path in DOCKER.iterdir():
        assert path.suffix != ".sh" or os.access(path, os.X_OK)
        assert path.name == ".env" or path.name in used


def test_what_comes_from_other_stages_was_made_there() -> None:
    names = set(stages())
    for word, rest in instructions():
        for source in re.findall(r"(?:--|,)from=([\w-]+)", rest) if word in ("COPY", "RUN") else ():
            assert source in names


def test_it_fetches_nothing_by_hand_and_holds_no_secret() -> None:
    for word, rest in instructions():
        assert word != "ADD"
        assert not re.search(r"\b(curl|wget|sudo|chmod 777)\b", rest)
        assert word not in ("ARG", "ENV") or not re.search(r"token|password|secret|key", rest, re.IGNORECASE)


# ---- the health check


@pytest.fixture
def answers() -> Iterator[dict[str, Any]]:
    """A server at "url" that answers with "status" and notes the "paths" it was asked for."""
    told: dict[str, Any] = {"status": 200, "paths": []}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told["paths"].append(self.path)
            self.send_response(told["status"])
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        told["url"] = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def check_health(runtime: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"XDG_RUNTIME_DIR": str(runtime), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(DOCKER / "healthcheck.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("status", "exit_status"), [(200, 0), (503, 1)])
def test_health_is_what_the_run_says(
    answers: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, exit_status: int
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    control_file.write(RunningRun(os.getpid(), answers["url"], "a token that it does not need", "out"))
    answers["status"] = status
    done = check_health(tmp_path)
    assert done.returncode == exit_status
    assert answers["paths"] == ["/healthz"]
    assert str(status) in done.stdout + done.stderr


def test_without_a_run_nothing_is_healthy(tmp_path: Path) -> None:
    done = check_health(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("unhealthy: no run") and done.stderr.count("\n") == 1


# ---- compose.yaml and what it mounts


def test_images_are_pinned() -> None:
    for name, service in services().items():
        if name != "streamseg":
            assert re.fullmatch(r"docker\.io/[\w/-]+:v?\d+\.\d+\.\d+", service["image"])


def test_nobody_has_more_rights_than_needed() -> None:
    for name, service in services().items():
        assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not {"privileged", "network_mode", "pid", "ipc", "devices"} & set(service)
        assert service.get("read_only", False) == (name != "prometheus")
        assert service["mem_limit"]


def test_ports_are_those_of_this_machine_alone_unless_asked_for() -> None:
    for service in services().values():
        assert all(port.startswith("${LISTEN:-127.0.0.1}:") for port in service["ports"])


def test_what_is_mounted_exists() -> None:
    volumes = read_yaml("compose.yaml")["volumes"]
    for service in services().values():
        for source, target, *mode in (mount.split(":") for mount in service["volumes"]):
            assert target.startswith("/")
            if source.startswith("."):
                assert (DOCKER / source).is_file() and mode == ["ro"]
            else:
                assert source in volumes


def test_its_images_are_targets_of_the_dockerfile() -> None:
    cpu = services()["streamseg"]
    cuda = read_yaml("compose.cuda.yaml")["services"]["streamseg"]
    assert (DOCKER / cpu["build"]["context"] / cpu["build"]["dockerfile"]).is_file()
    for target, service in zip(TARGETS, (cpu, cuda), strict=True):
        assert service["build"]["target"] == target and service["image"] == f"streamseg:{target}"
        assert target in stages()


def test_every_variable_is_explained_and_none_is_filled_in() -> None:
    example = (DOCKER / ".env.example").read_text(encoding="utf-8")
    text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)", text)) == set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert f"\n{TOKEN}=\n" in example
    assert "/docker/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_configuration_passes_check() -> None:
    assert main(["check", str(DOCKER / "streamseg.yaml")]) == 0


def test_the_configuration_and_the_services_agree() -> None:
    config, service = load(DOCKER / "streamseg.yaml"), services()["streamseg"]
    mounts = dict(mount.split(":")[1::-1] for mount in service["volumes"])
    [command] = service["command"]
    assert mounts[re.search(r"--config (\S+)", command)[1]] == "./streamseg.yaml"  # type: ignore[index]
    assert mounts[str(config.output.dir)] == "results" and f'--out "{config.output.dir}/' in command
    assert config.web.enabled and config.web.host == "0.0.0.0"
    assert config.web.token_env == TOKEN and TOKEN in service["environment"]
    assert f":{config.web.port}:{config.web.port}" in service["ports"][0]
    assert last("cpu", "EXPOSE") == str(config.web.port)
    assert int(service["stop_grace_period"].rstrip("s")) > config.runtime.drain_s


def test_streams_come_from_the_media_server_and_go_there() -> None:
    config, server = load(DOCKER / "streamseg.yaml"), services()["mediamtx"]
    for url in (*(stream.source for stream in config.streams), *config.broadcast.push):
        parts = urlsplit(url)
        assert parts.hostname == "mediamtx"
        assert any(fnmatch(port, f"*:{parts.port}:{parts.port}") for port in server["ports"])
    assert all("{stream}" in url and urlsplit(url).path != "/{stream}" for url in config.broadcast.push)
    assert read_yaml("mediamtx.yml")["webrtcLocalUDPAddress"] == ":8189"
    assert any(port.endswith(":8189/udp") for port in server["ports"])


def test_prometheus_finds_streamseg_and_its_token() -> None:
    compose, [job] = read_yaml("compose.yaml"), read_yaml("prometheus.yml")["scrape_configs"]
    port = load(DOCKER / "streamseg.yaml").web.port
    assert job["static_configs"] == [{"targets": [f"streamseg:{port}"]}]
    [secret] = compose["services"]["prometheus"]["secrets"]
    assert job["authorization"] == {"credentials_file": f"/run/secrets/{secret}"}
    assert compose["secrets"][secret] == {"environment": TOKEN}
