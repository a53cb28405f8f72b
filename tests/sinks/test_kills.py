"""Killed at any moment and begun again, a sink's results are those of an undisturbed run."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.sinks.kills import Death, Nursery, Task, nursery, run_undisturbed
from tests.sinks.scenes import sound_file
from tests.sinks.videos import pictures, psnr_db

ROTATED = {"rotate_s": 0.9}


@pytest.fixture(scope="module")
def nurse() -> Iterator[Nursery]:
    with nursery() as made:
        yield made


def lines(seed: int, most: int, count: int) -> Iterator[Death]:
    rng = random.Random(seed)
    return (Death(lines=rng.randint(1, most)) for _ in range(count))


def moments(seed: int, most_s: float, count: int) -> Iterator[Death]:
    rng = random.Random(seed)
    return (Death(seconds=rng.uniform(0, most_s)) for _ in range(count))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def parts(folder: Path, name: str = "annotated") -> list[Path]:
    return sorted(folder.glob(f"{name}*.mp4"), key=lambda path: (len(path.name), path.name))


def sound(path: Path) -> list[tuple[int, bytes]]:
    with av.open(str(path)) as container:
        packets = container.demux(audio=0) if container.streams.audio else ()
        return [(packet.dts, bytes(packet)) for packet in packets if packet.dts is not None]


def assert_same_video(folder: Path, wanted: Path, name: str = "annotated", *, least_db: float = 35) -> None:
    assert sorted(content(folder)) == sorted(content(wanted))
    for path, model in zip(parts(folder, name), parts(wanted, name), strict=True):
        shown, meant = pictures(path), pictures(model)
        assert [picture.pts for picture in shown] == [picture.pts for picture in meant]
        assert min(psnr_db(a.to_ndarray(), b.to_ndarray()) for a, b in zip(shown, meant, strict=True)) > least_db
        assert sound(path) == sound(model)


@pytest.mark.parametrize("kind", ["objects", "cutouts", "events"])
@pytest.mark.parametrize("again", [0, 1])
def test_lines_and_cutouts_are_the_same_byte_for_byte(nurse: Nursery, tmp_path: Path, kind: str, again: int) -> None:
    task = Task(kind, str(tmp_path / "undisturbed"), 60, output=ROTATED)
    wanted = run_undisturbed(task)
    most = 200 if kind == "events" else 400  # few lines of code run where nothing happens
    killed = nurse.survive(replace(task, folder=str(tmp_path / "killed")), lines(1, most, 200), again=again)
    assert killed > 15
    assert content(tmp_path / "killed" / "street") == content(wanted)
    assert len(content(wanted)) > 3


@pytest.mark.parametrize("suffix", ["mp4", "ts", "mkv"])
def test_the_video_is_the_same_frame_for_frame_and_its_sound_packet_for_packet(
    nurse: Nursery, tmp_path: Path, suffix: str
) -> None:
    source = sound_file(tmp_path / f"source.{suffix}", seconds=3)
    task = Task("video", str(tmp_path / "undisturbed"), 60, str(source), output=ROTATED)
    wanted = run_undisturbed(task)
    killed = nurse.survive(replace(task, folder=str(tmp_path / "killed")), lines(2, 4_000, 60), again=1)
    assert killed > 10
    assert_same_video(tmp_path / "killed" / "street", wanted)
    assert len(parts(wanted)) == 4
    assert sum(len(sound(path)) for path in parts(wanted)) > 100


def test_killed_from_outside_every_pixel_that_was_drawn_is_the_same(nurse: Nursery, tmp_path: Path) -> None:
    task = Task("video", str(tmp_path / "undisturbed"), 80, video={"crf": 0})  # an encoder without loss
    wanted = run_undisturbed(task)
    killed = nurse.survive(replace(task, folder=str(tmp_path / "killed")), moments(3, 0.02, 60))
    assert killed > 2
    assert_same_video(tmp_path / "killed" / "street", wanted, least_db=130)


def test_the_clean_plate_is_the_same(nurse: Nursery, tmp_path: Path) -> None:
    cadence = {"image_every_s": 0.5}
    task = Task("clean_plate", str(tmp_path / "undisturbed"), 60, video={"crf": 0}, clean_plate=cadence)
    wanted = run_undisturbed(task)
    killed = nurse.survive(replace(task, folder=str(tmp_path / "killed")), lines(4, 6_000, 60), again=1)
    assert killed > 10
    folder = tmp_path / "killed" / "street"
    assert_same_video(folder, wanted, "clean-plate", least_db=130)
    assert (folder / "clean-plate.png").read_bytes() == (wanted / "clean-plate.png").read_bytes()


@pytest.mark.parametrize("seed", range(3))
def test_a_short_clean_plate_is_whole_wherever_it_was_killed(nurse: Nursery, tmp_path: Path, seed: int) -> None:
    task = Task("clean_plate", str(tmp_path / "undisturbed"), 2)
    wanted = run_undisturbed(task)
    assert nurse.survive(replace(task, folder=str(tmp_path / "killed")), lines(seed, 500, 40), again=1)
    assert_same_video(tmp_path / "killed" / "street", wanted, "clean-plate")
    assert content(wanted)["clean-plate.png"] == content(tmp_path / "killed" / "street")["clean-plate.png"]


@pytest.mark.parametrize(("frames", "step"), [(1, 19), (2, 37)])
def test_a_short_stream_is_whole_wherever_it_was_killed(nurse: Nursery, tmp_path: Path, frames: int, step: int) -> None:
    """The begin and the end: a predecessor may have told nothing yet, or may have closed the file already."""
    source = sound_file(tmp_path / "source.mp4")
    task = Task("video", str(tmp_path / "undisturbed"), frames, str(source), {"labels": False, "trail_s": 0})
    wanted = run_undisturbed(task)
    folder, line, killed = tmp_path / "killed", 1, 1
    while killed:
        killed = nurse.survive(replace(task, folder=str(folder)), iter([Death(lines=line)]))
        assert_same_video(folder / "street", wanted)
        shutil.rmtree(folder)
        line += step
    assert line > 400
