"""The examples in configs/: each says what it does, is valid, and is what its name says."""

from pathlib import Path

import pytest
import yaml

from streamseg.config_file import load
from streamseg.template import shipped, shipped_names
from streamseg.training.recipe import load_recipe

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
PATHS = [CONFIGS / f"{name}.yaml" for name in shipped_names()]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_is_valid_and_says_what_it_does(path: Path) -> None:
    load(path)
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    comments = [first, *(line for line in rest if line.startswith("#"))]
    assert first.startswith("# ") and len(first) > 20
    assert any(f"streamseg run --config configs/{path.name}" in line for line in comments)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_ships_is_what_lies_here(path: Path) -> None:
    assert shipped(path.stem) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_tells_where_paths_begin(path: Path) -> None:
    assert "relative to the directory in which streamseg is started" in " ".join(
        line.lstrip("# ") for line in path.read_text(encoding="utf-8").splitlines()
    )


def test_every_file_of_the_folder_is_yaml() -> None:
    for path in CONFIGS.iterdir():
        assert path.suffix == ".yaml" and isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("name", ["train", "train-m", "train-open", "train-appearance"])
def test_recipes_are_valid_and_say_how_they_are_used(name: str) -> None:
    path = CONFIGS / f"{name}.yaml"
    assert load_recipe(path).terms
    assert f"--recipe configs/{name}.yaml" in path.read_text(encoding="utf-8")


def test_four_cameras_are_four_named_streams() -> None:
    streams = load(CONFIGS / "four_cameras.yaml").streams
    assert len({stream.name for stream in streams}) == 4
    assert all(stream.source.startswith("rtsp://") for stream in streams)


def test_the_demo_needs_no_file() -> None:
    [stream] = load(CONFIGS / "demo.yaml").streams
    assert stream.source.startswith("synthetic://street?")
