"""What is on disk while clips grow, what a successor makes of it, and a disk that is full."""

import logging
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from streamseg.config_output import OutputConfig
from streamseg.errors import SinkError
from streamseg.sinks import prepare_output
from streamseg.sinks.clips import _Ended, _Position, _Reel
from tests.sinks.clip_scenes import SIZE_HW, made, names, record, walk, written
from tests.sinks.scenes import info


def test_a_successor_removes_what_it_does_not_know(tmp_path: Path) -> None:
    sink = made(tmp_path)
    sink.open(info(size_hw=SIZE_HW))
    position = sink.settle()
    for extraction in walk(3):
        sink.write(extraction)
    (tmp_path / "clips/.1-person.webm.part").write_bytes(b"half a clip")
    again = made(tmp_path)
    assert again.open(info(size_hw=SIZE_HW), position) == -1
    assert names(tmp_path / "clips") == []
    again.close()


def test_lost_reels_are_an_error_that_names_them(tmp_path: Path) -> None:
    sink = made(tmp_path)
    sink.open(info(size_hw=SIZE_HW))
    for extraction in walk(3):
        sink.write(extraction)
    position, path = sink.settle(), tmp_path / "clips/.1.reel.part"
    size = path.stat().st_size
    os.truncate(path, size - 1)
    with pytest.raises(SinkError, match=rf"1\.reel\.part: holds {size - 1} bytes; {size} were written before"):
        made(tmp_path).open(info(size_hw=SIZE_HW), position)
    path.unlink()
    with pytest.raises(SinkError, match=r"1\.reel\.part: is missing"):
        made(tmp_path).open(info(size_hw=SIZE_HW), position)


def test_a_thousand_objects_fit_a_position(tmp_path: Path) -> None:
    reel = _Reel(2**32, 2**60, 2**60)
    sink = made(tmp_path)
    sink.open(info())
    sink._live = {1_000_000 + i: reel for i in range(1000)}
    sink._ended = {2_000_000 + i: _Ended(reel, "stream") for i in range(32)}
    sink._over = set(range(3_000_000, 3_001_000))
    assert len(sink.settle()) < 64 * 1024
    sink._live, sink._ended = {}, {}
    sink.close()


def test_a_nearly_full_disk_leaves_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    free = SimpleNamespace(free=1e12)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    sink = made(tmp_path)
    sink._guard.free_mb = 500
    sink.open(info(size_hw=SIZE_HW))
    wrote = []
    for extraction in walk(6):
        free.free = 1e6 if extraction.frame.seq in (2, 3) else 1e12
        wrote.append(sink.write(extraction))
    sink.close()
    assert wrote == [True, True, False, False, True, True]
    assert [picture["seq"] for picture in record(tmp_path / "clips")["pictures"]] == [0, 1, 4, 5]
    assert [entry.getMessage().split(":")[0] for entry in caplog.records] == ["clips stop", "clips go on"]


def test_a_full_disk_is_an_error_that_names_the_file(small_disk: Path) -> None:
    sink = made(small_disk / "street")
    sink.open(info(size_hw=SIZE_HW))
    (small_disk / "ballast").write_bytes(bytes(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize))
    with pytest.raises(SinkError, match=r"1\.reel\.part: cannot be written: No space left"):
        for extraction in walk(3):
            sink.write(extraction)
    (small_disk / "ballast").unlink()
    sink.close()


@pytest.mark.parametrize("kind", ["webm", "png"])
def test_overwrite_removes_clips_and_nothing_else(tmp_path: Path, kind: str) -> None:
    prepare_output(OutputConfig(dir=tmp_path))
    folder = written(tmp_path / "street", walk(3), format=kind)
    for name in (".2.reel.part", ".1-person.webm.part"):
        (folder / name).write_bytes(b"half")
    (folder / "mine.webm").write_bytes(b"mine")
    prepare_output(OutputConfig(dir=tmp_path, overwrite=True))
    assert names(folder) == ["mine.webm"]
    (folder / "mine.webm").unlink()
    prepare_output(OutputConfig(dir=tmp_path, overwrite=True))
    assert not folder.exists()


def test_a_linked_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "street").mkdir()
    (tmp_path / "street/clips").symlink_to(outside)
    with pytest.raises(SinkError, match="symbolic link"):
        made(tmp_path / "street").open(info())
    assert not list(outside.iterdir())


def test_an_error_of_the_other_thread_reaches_the_caller(tmp_path: Path) -> None:
    sink = made(tmp_path)
    sink.open(info(size_hw=SIZE_HW))
    for extraction in walk(3):
        sink.write(extraction)
    (tmp_path / "clips/1-person.webm").mkdir()
    with pytest.raises(SinkError, match=r"1-person\.webm: cannot be written"):
        sink.close()


def test_positions_survive_the_way_through_the_ledger() -> None:
    told = _Position(7, "160x120,1", {1: _Reel(5, 0, 9)}, {2: _Ended(_Reel(6, 1, 2), "track")}, (3,))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(told), type=_Position) == told
