"""`streamseg doctor`: what it finds, and what it makes of it."""

import platform
from collections.abc import Iterator
from importlib import metadata

import pytest

from streamseg import doctor
from streamseg.cli import main
from streamseg.doctor import Finding, examine


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine()}


def test_it_finds_this_python(findings: dict[str, Finding]) -> None:
    assert findings["python"] == Finding("ok", "python", platform.python_version(), needed=True)


def test_it_names_the_versions_of_all_required_packages(findings: dict[str, Finding]) -> None:
    for name in ("av", "numpy", "openvino", "pydantic", "torch"):
        assert findings[name] == Finding("ok", name, metadata.version(name), needed=True)


def test_it_finds_the_codecs_of_the_main_job(findings: dict[str, Finding]) -> None:
    for subject in ("decoder h264", "encoder libx264"):
        assert findings[subject].state == "ok" and findings[subject].needed


@pytest.mark.parametrize(
    "subject",
    ["cores", "cpu flags", "memory", "networks", "openvino devices", "cuda", "shared memory", "disk", "cameras"],
)
def test_it_looks_at(subject: str, findings: dict[str, Finding]) -> None:
    assert findings[subject].text


def test_what_lacks_comes_with_advice(findings: dict[str, Finding]) -> None:
    for finding in findings.values():
        assert finding.state == "ok" or ";" in finding.text, finding


def looks(*findings: Finding) -> tuple[object, ...]:
    def look() -> Iterator[Finding]:
        yield from findings

    return (look,)


FINE = Finding("ok", "python", "3.11", needed=True)
NO_CAMERA = Finding("lacks", "cameras", "none; plug one in")
NO_ENCODER = Finding("lacks", "encoder libx264", "missing; reinstall it", needed=True)


@pytest.mark.parametrize(
    ("found", "status", "last"),
    [
        # everything there
        ((FINE,), 0, "the main job can run here"),
        # something lacks that the main job can do without
        ((FINE, NO_CAMERA), 0, "the main job can run here"),
        # something lacks that it needs
        ((FINE, NO_ENCODER, NO_CAMERA), 1, "the main job cannot run here: encoder libx264"),
    ],
)
def test_exit_status_tells_whether_the_main_job_can_run(
    found: tuple[Finding, ...],
    status: int,
    last: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(doctor, "LOOKS", looks(*found))
    assert main(["doctor"]) == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == last
    assert [line.split()[0] for line in lines[:-1]] == [finding.state for finding in found]


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = ["nosuchpackage>=1", "alsomissing>=2; extra == 'odd'"]
    monkeypatch.setattr(metadata, "requires", lambda _: requirements)
    required, extra = doctor.look_at_packages()
    assert required == Finding("lacks", "nosuchpackage", "not installed; pip install 'nosuchpackage>=1'", needed=True)
    assert extra == Finding("lacks", "alsomissing", "not installed; pip install 'streamseg[odd]'", needed=False)


def test_a_library_that_cannot_be_loaded_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    [finding] = doctor.look_at_codecs()
    assert finding.state == "lacks" and finding.needed
