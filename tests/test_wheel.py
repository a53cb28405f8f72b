"""The package as others get it: what the wheel holds, that it runs elsewhere, and that its ranges and pins agree."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STREET = "synthetic://street?seconds=1&size=320x180&fps=10&seed=3"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the tree: a build leaves files beside its sources."""
    folder = tmp_path_factory.mktemp("build")
    tree = folder / "tree"
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "streamseg", tree / "streamseg", symlinks=True, ignore=left_out)
    shutil.copytree(ROOT / "configs", tree / "configs")
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, tree / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", tree]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder the wheel is installed in, beside nothing else of ours."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder, wheel]
    subprocess.run(pip, check=True, capture_output=True)
    return folder


def run_there(elsewhere: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`python -m streamseg ...` as installed there, in a folder from which the checkout is not importable."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = [sys.executable, "-m", "streamseg", *arguments]
    there = environment | {"PYTHONPATH": str(elsewhere)}
    return subprocess.run(command, cwd=cwd, env=there, capture_output=True, text=True)


def test_it_holds_everything_that_the_tree_holds(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    kinds = (
        "*.py",
        "schemas/*.json",
        "configs/*.yaml",
        "weights/*.safetensors",
        "weights/*.md",
        "weights/SHA256SUMS",
        "py.typed",
    )
    expected = {str(path.relative_to(ROOT)) for kind in kinds for path in (ROOT / "streamseg").rglob(kind)}
    expected |= {f"streamseg/configs/{path.name}" for path in (ROOT / "configs").glob("*.yaml")}
    assert "streamseg/py.typed" in expected
    assert expected <= inside, sorted(expected - inside)


def test_it_holds_the_licence_and_nothing_of_the_tests(wheel: Path) -> None:
    inside = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith("licenses/LICENSE") for name in inside)
    assert {name.split("/")[0].split("-")[0] for name in inside} == {"streamseg"}


def test_the_command_is_its_entry_point() -> None:
    module, _, function = PROJECT["project"]["scripts"]["streamseg"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_installed_package_is_the_one_that_answers(elsewhere: Path, tmp_path: Path) -> None:
    program = "import streamseg; print(streamseg.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(elsewhere)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).is_relative_to(elsewhere)


def test_installed_elsewhere_it_writes_the_examples_it_ships(elsewhere: Path, tmp_path: Path) -> None:
    done = run_there(elsewhere, "init", "--like", "demo", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "streamseg.yaml").read_text() == (ROOT / "configs" / "demo.yaml").read_text()


def test_installed_elsewhere_it_does_the_main_job(elsewhere: Path, tmp_path: Path) -> None:
    done = run_there(elsewhere, "run", STREET, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    [(name, stream)] = summary["streams"].items()
    lost = sum(stream["dropped"].values()) + sum(stream["failed"].values())
    assert stream["captured"] == stream["emitted"] + lost + stream["in_flight"] == 10
    assert (stream["emitted"], stream["in_flight"]) == (10, 0)
    assert len((tmp_path / "out" / name / "objects.jsonl").read_text().splitlines()) == 10
    assert (tmp_path / "out" / name / "annotated.mp4").stat().st_size > 0


def pins() -> dict[str, str]:
    """The tested version of each package in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in rows}


def requirements() -> list[str]:
    """Everything that pyproject.toml asks for, but for the adapter to supervision, which nobody needs to test."""
    extras = PROJECT["project"]["optional-dependencies"]
    groups = [*PROJECT["dependency-groups"].values(), extras["onnx"], extras["train"]]
    return [*PROJECT["project"]["dependencies"], *(item for group in groups for item in group)]


@pytest.mark.parametrize("requirement", sorted(set(requirements())))
def test_what_the_project_asks_for_is_pinned_inside_its_range(requirement: str) -> None:
    wanted = Requirement(requirement)
    assert pins()[canonicalize_name(wanted.name)] in wanted.specifier


def test_pins_are_of_versions_that_everybody_can_get() -> None:
    assert pins()["torch"] == "2.13.0"
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in pins().values())
