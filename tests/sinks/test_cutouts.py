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
from streamseg.geometry import Letterbox
from streamseg.pixels import frame_rgb
from streamseg.provenance import Provenance
from streamseg.records import Extraction
from streamseg.sinks.cutouts import CutoutsSink, png_bytes, track_folder
from tests.sinks.scenes import extraction, info, make_cutout, make_frame, make_track, validator

PROVENANCE = Provenance("0.1.0", "street.mp4", "s", "0" * 64, "1" * 64, {"size": 1.0, "sharpness": 0.5}, None)


def opened(folder: Path, *, disk_free_mb: float = 0) -> CutoutsSink:
    sink = made(folder, disk_free_mb=disk_free_mb)
    sink.open(info())
    return sink


def made(folder: Path, *, disk_free_mb: float = 0) -> CutoutsSink:
    config = Config.model_validate({"output": {"disk_free_mb": disk_free_mb}})
    return CutoutsSink(config, folder, PROVENANCE)


def with_cutouts(seq: int, *purposes: str) -> Extraction:
    frame = make_frame(seq, wall_ns=1_700_000_000_123_456_789 + seq, wall_quality="file", notes=("10-bit to 8-bit",))
    track = make_track(12)
    fit = Letterbox.fit((0, 0, 96, 64), (64, 96))
    cutouts = tuple(make_cutout(frame, track, purpose) for purpose in purposes or ("due",))
    return Extraction(frame, (track,), cutouts, fit=fit)


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
        "version": 2,
        "streamseg": "0.1.0",
        "stream": "street",
        "source": "street.mp4",
        "seq": 25,
        "pts": 1.0,
        "time": "2023-11-14T22:13:20.123456Z",
        "time_quality": "file",
        "track": 12,
        "label": "person",
        "score": 0.8765,
        "box": [20.25, 12.5, 32.5, 31.5],
        "offset": [18, 10],
        "size": sidecar["size"],
        "frame_size": [96, 64],
        "purpose": "due",
        "final": True,
        "shot": None,
        "history": {
            "first": 0.2,
            "confirmed": 0.28,
            "age": 1,
            "hits": 1,
            "path": [[0.2, 30.5, 28.25], [0.6, 36.5, 28.25]],
        },
        "transforms": {
            "stored_size": [96, 64],
            "steps": [{"name": "crop", "size": sidecar["size"], "matrix": [[1.0, 0.0, -18.0], [0.0, 1.0, -10.0]]}],
            "to_stored": [[1.0, 0.0, 18.0], [0.0, 1.0, 10.0]],
            "view": {"size": [96, 64], "matrix": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]},
        },
        "model": {"name": "s", "sha256": "0" * 64},
        "config_sha256": "1" * 64,
        "notes": ["10-bit to 8-bit"],
    }


def test_a_best_shot_says_how_it_was_judged(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    sink.write(with_cutouts(25, "best"))
    sink.close()
    shot = json.loads((tmp_path / "cutouts/12-person/best.json").read_text())["shot"]
    terms = {"sharpness": 0.5, "size": 1.0}
    assert shot == {"score": 0.5, "terms": terms, "weights": {"size": 1.0, "sharpness": 0.5}, "scorer": None}


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
    sink = opened(tmp_path)
    for seq in (3, 11):
        sink.write(with_cutouts(seq, "due", "best"))
    position = sink.settle()
    sink.close()
    for told, last in ((position, 11), (b"", -1)):
        again = made(tmp_path)
        assert again.open(info(), told) == last
        again.close()


def test_with_a_position_it_reads_no_files_and_removes_what_was_half_written(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    sink.write(with_cutouts(3))
    position = sink.settle()
    sink.close()
    (tmp_path / "cutouts/12-person/99.json").write_text('{"seq": 99}')
    (tmp_path / "cutouts/.cutout.part").write_bytes(b"half a file")
    again = made(tmp_path)
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
        names = {path.name for path in (tmp_path / "cutouts/12-person").glob("[!.]*")}
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
        again = made(tmp_path)
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
        {"version": 1},
        {"stream": "a/b"},
        {"offset": [-1, 0]},
        {"size": [0, 4]},
        {"purpose": "nice"},
        {"shot": {"score": 0.5}},
        {"shot": {"score": 0.5, "terms": {"size": 2}, "weights": {}, "scorer": None}},
        {"final": None},
        {"model": {"name": "s", "sha256": "0" * 63}},
        {"transforms": {"stored_size": [4, 4], "steps": [], "to_stored": [[1, 0, 0], [0, 1, 0]], "view": None}},
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


def shots(seq: int, *ids: int, ranking: tuple[int, ...] | None = None, seen: tuple[int, ...] = ()) -> Extraction:
    """A frame that gives a best shot of each of ids, and shows others."""
    frame = make_frame(seq)
    tracks = [make_track(track_id) for track_id in (*ids, *seen)]
    cutouts = [make_cutout(frame, track, "best", ranking or (seq,)) for track in tracks[: len(ids)]]
    return Extraction(frame, tuple(tracks), tuple(cutouts))


def ranks(folder: Path) -> dict[str, int]:
    """Which frame each of a track's best shots is of, by the name of its files."""
    return {
        path.stem: json.loads(path.read_text())["seq"]
        for path in sorted(folder.glob("best*.json"), key=lambda path: (len(path.stem), path.stem))
    }


def test_the_ranks_on_disk_are_right_whenever_a_better_one_comes(tmp_path: Path) -> None:
    sink, folder = opened(tmp_path), tmp_path / "cutouts/1-person"
    rankings = [(0,), (0, 10), (20, 0, 10), (20, 30, 0), (20, 30, 0), (50, 30, 20), (50, 60, 30)]
    for ranking in rankings:
        seq = max(ranking)
        sink.write(shots(seq, 1, ranking=ranking) if seq not in ranks(folder).values() else shots(seq + 1, seen=(1,)))
        sink.settle()
        assert list(ranks(folder).values()) == list(ranking)
        assert list(ranks(folder)) == ["best", "best-2", "best-3"][: len(ranking)]
        assert {path.stem for path in folder.glob("best*.png")} == set(ranks(folder))
    sink.close()
    assert list(ranks(folder).values()) == [50, 60, 30]
    assert len(list(folder.iterdir())) == 6


def test_pictures_follow_their_sidecars(tmp_path: Path) -> None:
    sink, folder = opened(tmp_path), tmp_path / "cutouts/1-person"
    for seq, ranking in ((0, (0,)), (10, (10, 0)), (20, (10, 20, 0))):
        given = shots(seq, 1, ranking=ranking)
        rgba = np.full_like(given.cutouts[0].rgba, seq)
        sink.write(replace(given, cutouts=(replace(given.cutouts[0], rgba=rgba),)))
    sink.close()
    assert [int(read_rgba(folder / f"{name}.png")[0, 0, 0]) for name in ranks(folder)] == [10, 20, 0]


def test_a_shot_that_the_disk_had_no_room_for_leaves_no_gap(tmp_path: Path) -> None:
    sink, folder = opened(tmp_path), tmp_path / "cutouts/1-person"
    sink.write(shots(0, 1, ranking=(0,)))
    sink.write(shots(10, 1, ranking=(0, 10)))
    sink.guard.free_mb = 1e12
    assert not sink.write(shots(20, 1, ranking=(20, 10)))
    assert not sink.write(shots(30, 1, ranking=(30, 20)))
    sink.guard.free_mb = 0
    sink.write(shots(40, 1, ranking=(30, 40)))
    sink.close()
    assert ranks(folder) == {"best": 40}
    assert sorted(path.name for path in folder.iterdir()) == ["best.json", "best.png"]


def test_without_links_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    sink = opened(tmp_path)
    for seq, ranking in ((0, (0,)), (10, (10, 0)), (20, (10, 20))):
        sink.write(shots(seq, 1, ranking=ranking))
    sink.close()
    assert ranks(tmp_path / "cutouts/1-person") == {"best": 10, "best-2": 20}
    assert not list(tmp_path.rglob("*.part"))


def test_a_best_shot_is_final_once_its_track_is_over(tmp_path: Path) -> None:
    sink = opened(tmp_path)

    def final() -> dict[str, bool]:
        sink.settle()
        files = sorted((tmp_path / "cutouts").glob("*/best.json"))
        return {path.parent.name: json.loads(path.read_text())["final"] for path in files}

    sink.write(shots(0, 1, 2))
    assert final() == {"1-person": False, "2-person": False}
    sink.write(shots(1, seen=(1,)))
    assert final() == {"1-person": False, "2-person": True}
    sink.guard.free_mb = 1e12
    assert not sink.write(shots(2, 3))
    assert final() == {"1-person": True, "2-person": True}
    sink.guard.free_mb = 0
    sink.write(shots(3, 4))
    sink.close()
    files = list((tmp_path / "cutouts").glob("*/best.json"))
    assert len(files) == 3
    for path in files:
        validator("sidecar").validate(json.loads(path.read_text()))
        assert json.loads(path.read_text())["final"] is True


def test_a_successor_knows_which_tracks_were_still_there(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    sink.write(shots(0, 1, 2))
    position = sink.settle()
    again = made(tmp_path)
    assert again.open(info(), position) == 0
    again.write(shots(1, seen=(2,)))
    again.settle()
    sidecars = [json.loads((tmp_path / f"cutouts/{i}-person/best.json").read_text()) for i in (1, 2)]
    assert [one["final"] for one in sidecars] == [True, False]
    again.close()


def test_a_thousand_tracks_fit_into_a_position(tmp_path: Path) -> None:
    sink = opened(tmp_path)
    sink._position.hopeful = {10**6 + i: f"{10**6 + i}-person" for i in range(1000)}
    assert len(sink.settle()) < 64 * 1024
    sink._position.hopeful = {}
    sink.close()
