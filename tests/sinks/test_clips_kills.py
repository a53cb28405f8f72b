"""Killed at any moment and begun again, the clips are those of an undisturbed run, byte for byte."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sinks.kills import Death, Nursery, Task, nursery, run_undisturbed

SHORT = {"enabled": True, "min_s": 0.2, "max_s": 0.6, "padding": 2}


@pytest.fixture(scope="module")
def nurse() -> Iterator[Nursery]:
    with nursery() as made:
        yield made


def lines(seed: int, most: int, count: int) -> Iterator[Death]:
    rng = random.Random(seed)
    return (Death(lines=rng.randint(1, most)) for _ in range(count))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("kind", "again"), [("webm", 1), ("png", 0)])
def test_clips_are_the_same_byte_for_byte(nurse: Nursery, tmp_path: Path, kind: str, again: int) -> None:
    task = Task("clips", str(tmp_path / "undisturbed"), 60, clips=SHORT | {"format": kind})
    wanted = content(run_undisturbed(task))
    killed = nurse.survive(replace(task, folder=str(tmp_path / "killed")), lines(1, 3000, 40), again=again)
    assert killed > 15
    assert content(tmp_path / "killed" / "street") == wanted
    assert sum(name.endswith(".json") for name in wanted) == 6
    assert not [name for name in wanted if name.endswith(".part")]


def test_the_end_of_a_stream_may_be_killed_anywhere(nurse: Nursery, tmp_path: Path) -> None:
    """All clips are made in close(), for which no position is told any more."""
    task = Task("clips", str(tmp_path / "undisturbed"), 12, clips=SHORT)
    wanted = content(run_undisturbed(task))
    clips = [f"clips/{track}-person.{kind}" for track in (1, 2) for kind in ("json", "webm")]
    assert sorted(wanted) == [".streamseg", *clips]
    killed, line = 1, 1
    while killed:
        folder = tmp_path / f"killed-{line}"
        killed = nurse.survive(replace(task, folder=str(folder)), iter([Death(lines=line)]))
        assert content(folder / "street") == wanted
        line += 401
    assert line > 1000
