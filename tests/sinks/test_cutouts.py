import json
import logging
import os
import shutil
import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from streamseg.config import Config
from streamseg.errors import SinkError
from streamseg.pixels import frame_rgb
from streamseg.records import Extraction
from streamseg.sinks.cutouts import CutoutsSink, png_bytes, track_folder
from tests.sinks.scenes import extraction, info, make_cutout, make_frame, make_track, validator


def opened(folder: Path, *, disk_free_mb: float = 0) -> CutoutsSink:
    sink = CutoutsSink(Config.model_validate({"output": {"disk_free_mb": disk_free_mb}}), folder, "0.1.0")
    sink.open(info())
    return sink


def with_cutouts(seq: int, *purposes: str) -> Extraction:
    frame = make_frame(seq, wall_ns=1_700_000_000_123_456_789 + seq, notes=("10-bit to 8-bit",))
    track = make_track(12)
    return Extraction(frame, (track,), tuple(make_cutout(frame, track, purpose) for purpose in purposes or ("due",)))


def read_rgba(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA)


def test_pasted_back_a_cutout_is_the_frame(tmp_path: Path) -> None:
    taken = with_cutouts(25)
    sink = opened(tmp_path)
    assert sink.write(taken)
    sink.close()
    folder = tmp_path / "cutouts" / "12-person"
    rgba, sidecar = read_rgba(folder / "25.png"), json.loads((folder / "25.json").read_text())
    (x, y), (w, h) = sidecar["offset"], sidecar["size"]
    assert rgba.shape == (h, w, 4)
    solid = rgba[..., 3] == 255
    assert solid.sum() > 100
    np.testing.assert_array_equal(rgba[..., :3][solid], frame_rgb(taken.frame)[y : y + h, x : x + w][solid])
    np.testing.assert_array_equal(rgba, taken.cutouts[0].rgba)


def test_the_sidecar_says_all(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    sink.write(with_cutouts(25))
    sink.close()
    sidecar = json.loads((tmp_path / "cutouts/12-person/25.json").read_text())
    validator("sidecar").validate(sidecar)
    assert sidecar == {
        "version": 1,
        "streamseg": "0.1.0",
        "stream": "street",
        "seq": 25,
        "pts": 1.0,
        "time": "2023-11-14T22:13:20.123456Z",
        "track": 12,
        "label": "person",
        "score": 0.8765,
        "box": [20.25, 12.5, 32.5, 31.5],
        "offset": [18, 10],
        "size": sidecar["size"],
        "frame_size": [96, 64],
        "purpose": "due",
        "shot": {"score": 0.5, "terms": {"sharpness": 0.5, "size": 1.0}},
        "notes": ["10-bit to 8-bit"],
    }


def test_the_best_shot_is_replaced_and_nothing_half_done_stays(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    sink.write(with_cutouts(0, "due", "best"))
    sink.write(with_cutouts(7, "best"))
    sink.close()
    folder = tmp_path / "cutouts" / "12-person"
    assert sorted(path.name for path in folder.iterdir()) == ["0.json", "0.png", "best.json", "best.png"]
    best = json.loads((folder / "best.json").read_text())
    validator("sidecar").validate(best)
    assert (best["seq"], best["purpose"]) == (7, "best")
    assert read_rgba(folder / "best.png").shape[2] == 4


@pytest.mark.parametrize(
    ("label", "confirmed", "folder"),
    [
        ("dog", "cat", "3-cat"),
        ("Traffic Light", None, "3-traffic-light"),
        ("../../etc", None, "3-etc"),
        ("狗", None, "3-object"),
        ("a_b-c", None, "3-a_b-c"),
    ],
)
def test_folders_have_safe_names(label: str, confirmed: str | None, folder: str) -> None:
    assert track_folder(make_track(3, label=label, confirmed_label=confirmed)) == folder


@pytest.mark.parametrize("compression", [0, 1, 9])
def test_png_keeps_every_pixel(compression: int) -> None:
    rgba = np.random.default_rng(1).integers(0, 256, (9, 5, 4)).astype(np.uint8)
    decoded = cv2.imdecode(np.frombuffer(png_bytes(rgba, compression), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA), rgba)


def test_reopened_it_knows_what_is_surely_there(tmp_path: Path) -> None:
    sink = CutoutsSink(Config(), tmp_path, "0.1.0")
    assert sink.open(info()) == -1
    sink.close()
    sink = opened(tmp_path)
    for seq in (3, 11):
        sink.write(with_cutouts(seq))
    sink.close()
    (tmp_path / "cutouts/12-person/99.json").write_text("{torn")
    assert CutoutsSink(Config(), tmp_path, "0.1.0").open(info()) == 10


def test_with_a_position_it_reads_no_files_and_removes_what_was_half_written(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    sink.write(with_cutouts(3))
    position = sink.settle()
    sink.close()
    (tmp_path / "cutouts/12-person/99.json").write_text('{"seq": 99}')
    (tmp_path / "cutouts/.cutout.part").write_bytes(b"half a file")
    again = CutoutsSink(Config(), tmp_path, "0.1.0")
    assert again.open(info(), position) == 3
    again.close()
    assert not list(tmp_path.rglob("*.part"))


def test_what_is_settled_is_there_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    for seq in range(3):
        taken = with_cutouts(seq, "due", "best")
        arrays = [weakref.ref(cutout.rgba) for cutout in taken.cutouts]
        arrays.append(weakref.ref(taken.frame.planes.y))
        sink.write(taken)
        del taken
        sink.settle()
        assert {array() for array in arrays} == {None}
        names = {path.name for path in (tmp_path / "cutouts/12-person").iterdir()}
        assert names == {f"{i}.{kind}" for i in (*range(seq + 1), "best") for kind in ("png", "json")}
    sink.close()


def test_frames_without_cutouts_and_skipped_ones_are_settled_too(tmp_path: Path) -> None:
    sink = opened(tmp_path, disk_free_mb=1e12)
    told = [sink.settle()]
    assert not sink.write(with_cutouts(0))
    told.append(sink.settle())
    assert sink.write(extraction(1))
    told.append(sink.settle())
    sink.close()
    for last, position in zip((-1, 0, 1), told, strict=True):
        again = CutoutsSink(Config(), tmp_path, "0.1.0")
        assert again.open(info(), position) == last
        again.close()


def test_settling_raises_what_the_writing_thread_raised(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    shutil.rmtree(tmp_path / "cutouts")
    sink.write(with_cutouts(0))
    with pytest.raises(SinkError, match=r"cutouts.*cannot be written"):
        sink.settle()
    sink.close()


def test_cutouts_may_be_padded_and_read_only(tmp_path: Path) -> None:
    taken = with_cutouts(0)
    [cutout] = taken.cutouts
    height, width = cutout.rgba.shape[:2]
    wide = np.zeros((height, width + 5, 4), np.uint8)
    wide[:, :width] = cutout.rgba
    wide.flags.writeable = False
    sink = opened(tmp_path)
    sink.write(replace(taken, cutouts=(replace(cutout, rgba=wide[:, :width]),)))
    sink.close()
    np.testing.assert_array_equal(read_rgba(tmp_path / "cutouts/12-person/0.png"), cutout.rgba)


def test_a_nearly_full_disk_stops_cutouts_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    free = SimpleNamespace(free=600e6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    sink = opened(tmp_path, disk_free_mb=500)
    written = []
    for seq, free.free in enumerate((600e6, 499e6, 400e6, 700e6)):
        written.append(sink.write(with_cutouts(seq)))
    free.free = 0
    assert sink.write(extraction(9)), "a frame without cut-outs has nothing to skip"
    sink.close()
    assert written == [True, False, False, True]
    assert sorted(p.name for p in (tmp_path / "cutouts/12-person").glob("*.png")) == ["0.png", "3.png"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "free_mb=499" in caplog.records[0].getMessage()


def test_on_a_real_small_disk_the_guard_leaves_room(small_disk: Path) -> None:
    sink = opened(small_disk / "street", disk_free_mb=0.5)
    (small_disk / "ballast").write_bytes(bytes(600_000))
    assert not sink.write(with_cutouts(0))
    (small_disk / "ballast").unlink()
    assert sink.write(with_cutouts(1))
    sink.close()


def test_a_full_disk_is_an_error_that_names_the_file(small_disk: Path) -> None:
    sink = opened(small_disk / "street")
    (small_disk / "ballast").write_bytes(bytes(os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_bsize))
    sink.write(with_cutouts(0))
    with pytest.raises(SinkError, match=r"12-person.*: cannot be written: No space left"):
        sink.close()
    assert not list(small_disk.rglob("*.part"))


def test_an_error_of_the_writing_thread_reaches_the_caller(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    shutil.rmtree(tmp_path / "cutouts")
    (tmp_path / "cutouts").write_text("in the way")
    with pytest.raises(SinkError, match=r"cutouts.*cannot be written") as caught:
        for seq in range(1000):
            sink.write(with_cutouts(seq))
        sink.close()
    assert "\n" not in str(caught.value)


def test_a_linked_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    sink = opened(tmp_path / "street")
    (tmp_path / "street/cutouts/12-person").symlink_to(outside)
    sink.write(with_cutouts(0))
    with pytest.raises(SinkError, match="symbolic link"):
        sink.close()
    assert not list(outside.iterdir())


@pytest.mark.parametrize(
    "broken",
    [
        {"more": 1},
        {"version": 2},
        {"stream": "a/b"},
        {"offset": [-1, 0]},
        {"size": [0, 4]},
        {"purpose": "nice"},
        {"shot": {"score": 0.5}},
        {"shot": {"score": 0.5, "terms": {"size": 2}}},
        {"time": "yesterday"},
        {"notes": None},
    ],
)
def test_the_schema_refuses_broken_sidecars(tmp_path: Path, broken: dict) -> None:
    sink = opened(tmp_path)
    sink.write(with_cutouts(0))
    sink.close()
    sidecar = json.loads((tmp_path / "cutouts/12-person/0.json").read_text())
    check = validator("sidecar")
    assert check.is_valid(sidecar)
    assert not check.is_valid(sidecar | broken)
    assert not check.is_valid({key: value for key, value in sidecar.items() if key != next(iter(broken))}) or (
        "more" in broken
    )
