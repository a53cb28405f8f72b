import json
import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from streamseg.pixels import frame_rgb
from streamseg.records import Cutout
from streamseg.sinks import clip_files
from tests.sinks.clip_scenes import RED, SIZE_HW, empty, made, names, read_png, record, scene, shown, walk, written
from tests.sinks.scenes import info, validator


def test_a_clip_shows_the_object_and_nothing_else(tmp_path: Path) -> None:
    folder = written(tmp_path, [*walk(20), empty(20)])
    assert names(folder) == ["1-person.json", "1-person.webm"]
    pictures = shown(folder / "1-person.webm")
    assert [picture.at_ms for picture in pictures] == [40 * i for i in range(20)]
    for picture in pictures:
        height, width = picture.rgba.shape[:2]
        y, x = np.mgrid[:height, :width]
        centre = np.argwhere(picture.rgba[:, :, 3] > 127).mean(axis=0)
        far = np.hypot(y - centre[0], x - centre[1])
        assert picture.rgba[far < 17][:, 3].min() == 255 and picture.rgba[far > 25][:, 3].max() == 0
        assert np.abs(picture.rgba[far < 17][:, :3].astype(int) - RED).mean() <= 2


def test_the_object_stands_still(tmp_path: Path) -> None:
    """Its path is smooth, so on the canvas it may be off by the rounding to whole pixels and no more."""
    folder = written(tmp_path, walk(30))
    middles = [np.argwhere(picture.rgba[:, :, 3] > 127).mean(axis=0) for picture in shown(folder / "1-person.webm")]
    assert np.ptp(middles, axis=0).max() <= 1.1
    width, height = record(folder)["size"]
    assert 46 <= width <= 54 and 46 <= height <= 54


@pytest.mark.parametrize("seq", [0, 7, 19])
def test_pasted_back_a_picture_is_the_frame(tmp_path: Path, seq: int) -> None:
    frames = walk(20)
    folder = written(tmp_path, frames, format="png")
    sidecar = record(folder)
    [picture] = [picture for picture in sidecar["pictures"] if picture["seq"] == seq]
    rgba, (x, y), (width, height) = read_png(folder / f"1-person/{seq}.png"), picture["offset"], sidecar["size"]
    assert rgba.shape == (height, width, 4) and sidecar["covers"] == sidecar["size"]
    solid = rgba[:, :, 3] == 255
    assert solid.sum() > 900
    whole = np.pad(frame_rgb(frames[seq].frame), ((99, 99), (99, 99), (0, 0)))[y + 99 :, x + 99 :]
    np.testing.assert_array_equal(rgba[:, :, :3][solid], whole[:height, :width][solid])
    left, top, wide, high = picture["box"]
    assert cv2.boundingRect(np.ascontiguousarray(rgba[:, :, 3])) == (left - x, top - y, wide, high)


def test_the_sidecar_says_all(tmp_path: Path) -> None:
    frames = walk(3)
    frames[0] = replace(frames[0], frame=replace(frames[0].frame, wall_ns=1_700_000_000_123_456_789, notes=("turned",)))
    sidecar = record(written(tmp_path, frames))
    validator("clip").validate(sidecar)
    first = sidecar.pop("pictures")[0]
    assert sidecar == {
        "version": 1,
        "streamseg": "0.1.0",
        "stream": "street",
        "source": "street.mp4",
        "track": 1,
        "label": "person",
        "format": "webm",
        "size": sidecar["size"],
        "covers": sidecar["size"],
        "frame_size": [160, 120],
        "duration": 0.12,
        "ended_by": "stream",
        "model": {"name": "s", "sha256": "0" * 64},
        "config_sha256": "1" * 64,
        "notes": ["turned"],
    }
    assert first == {
        "at": 0.0,
        "duration": 0.04,
        "seq": 0,
        "pts": 0.0,
        "time": "2023-11-14T22:13:20.123456Z",
        "score": 0.8765,
        "box": first["box"],
        "offset": first["offset"],
    }


def test_times_are_the_frames_own(tmp_path: Path) -> None:
    times_ns = [5_000_000_000, 5_033_366_700, 5_034_000_000, 5_284_000_000, 5_300_683_350, 7_800_683_350]
    frames = [scene(seq, (60 + seq, 60), pts_ns=pts_ns) for seq, pts_ns in enumerate(times_ns)]
    folder = written(tmp_path, frames)
    assert [picture.at_ms for picture in shown(folder / "1-person.webm")] == [0, 33, 34, 284, 301, 2801]
    assert [picture["pts"] for picture in record(folder)["pictures"]] == [pts_ns / 1e9 for pts_ns in times_ns]


def test_lost_for_long_the_clip_is_empty_for_a_moment_the_picture_stays(tmp_path: Path) -> None:
    unseen = {"state": "lost", "mask": None}
    lost = [scene(seq, (60, 60), **unseen) for seq in (*range(5, 10), *range(12, 32))]
    seen = [scene(seq, (60, 60)) for seq in (*range(5), 10, 11, 32, 33)]
    folder = written(tmp_path, sorted([*lost, *seen], key=lambda extraction: extraction.frame.seq))
    pictures = shown(folder / "1-person.webm")
    assert [picture.at_ms for picture in pictures] == [0, 40, 80, 120, 160, 400, 440, 940, 1280, 1320]
    assert [picture.rgba[:, :, 3].any() for picture in pictures] == [True] * 7 + [False] + [True] * 2
    told = [(picture["at"], picture["duration"]) for picture in record(folder)["pictures"]]
    assert told[4] == (0.16, 0.24) and told[6] == (0.44, 0.5) and told[7] == (1.28, 0.04)


def test_only_confirmed_tracks_that_are_seen_and_not_tiny_get_clips(tmp_path: Path) -> None:
    frames = [
        replace(
            scene(seq, (40, 60)),
            tracks=(
                *scene(seq, (40, 60), state="tentative", confirmed_label=None).tracks,
                *scene(seq, (80, 60), track=2, mask=None).tracks,
                *scene(seq, (80, 60), track=3, box=(80.0, 60.0, 95.0, 75.0)).tracks,
                *scene(seq, (120, 60), track=4, label="cat", confirmed_label="dog").tracks,
            ),
        )
        for seq in range(4)
    ]
    folder = written(tmp_path, frames)
    assert names(folder) == ["4-dog.json", "4-dog.webm"]
    assert record(folder, "4-dog")["label"] == "dog"


def test_a_clip_ends_at_its_longest_and_the_track_gets_no_second_one(tmp_path: Path) -> None:
    folder = written(tmp_path, [*walk(30), empty(30)], max_s=0.4)
    sidecar = record(folder)
    assert sidecar["ended_by"] == "max_s"
    assert [picture["seq"] for picture in sidecar["pictures"]] == list(range(10))
    assert names(folder) == ["1-person.json", "1-person.webm"]


def test_short_ones_are_not_kept(tmp_path: Path) -> None:
    frames = [*walk(6), empty(6), *walk(12, first=7, track=2)]
    folder = written(tmp_path, frames, min_s=0.3)
    assert names(folder) == ["2-person.json", "2-person.webm"]


def test_clips_are_there_when_their_track_ends(tmp_path: Path) -> None:
    sink = made(tmp_path)
    sink.open(info(size_hw=SIZE_HW))
    for extraction in walk(5):
        sink.write(extraction)
    assert names(tmp_path / "clips") == [".1.reel.part"]
    for seq in range(5, 7):
        sink.write(empty(seq))
    sink._opened().wait()
    assert names(tmp_path / "clips") == ["1-person.json", "1-person.webm"]
    assert record(tmp_path / "clips")["ended_by"] == "track"
    sink.close()


def test_a_successor_in_the_same_process_begins_when_its_predecessor_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, go_on = threading.Event(), threading.Event()
    develop = clip_files.Developer.develop

    def slow(*arguments: Any) -> None:
        at_work.set()
        assert go_on.wait(20)
        develop(*arguments)

    monkeypatch.setattr(clip_files.Developer, "develop", slow)
    first = made(tmp_path)
    first.open(info(size_hw=SIZE_HW))
    for extraction in (*walk(5), empty(5), *walk(5, first=6, track=2), empty(11)):
        first.write(extraction)
    assert at_work.wait(20)
    position = first.settle()
    leaving = threading.Thread(target=first.leave)
    leaving.start()
    leaving.join(0.2)
    assert leaving.is_alive(), "it waits for the job at hand"
    go_on.set()
    leaving.join(20)
    assert not leaving.is_alive()
    assert names(tmp_path / "clips") == [".2.reel.part", "1-person.json", "1-person.webm"]
    second = made(tmp_path)
    second.open(info(size_hw=SIZE_HW), position)
    second.close()
    assert names(tmp_path / "clips") == ["1-person.json", "1-person.webm", "2-person.json", "2-person.webm"]


def test_frames_of_another_look_end_every_clip(tmp_path: Path) -> None:
    small = [scene(seq, (60, 60)) for seq in range(4)]
    planes = replace(small[0].frame.planes, y=small[0].frame.planes.y[:, :150], u=small[0].frame.planes.u[:, :75])
    planes = replace(planes, v=planes.v[:, :75])
    other = [replace(one, frame=replace(one.frame, seq=one.frame.seq + 4, planes=planes)) for one in small]
    sidecar = record(written(tmp_path, [*small, *other]))
    assert sidecar["ended_by"] == "look"
    assert [picture["seq"] for picture in sidecar["pictures"]] == [0, 1, 2, 3]


def test_what_was_cut_out_already_is_not_cut_again(tmp_path: Path) -> None:
    frames = walk(3)
    marked = np.full((40, 40, 4), 255, np.uint8)
    marked[:, :, :3] = (0, 0, 255)
    [track] = frames[1].tracks
    frames[1] = replace(frames[1], cutouts=(Cutout(track, marked, (32, 40)),))
    folder = written(tmp_path, frames, format="png")
    colours = [read_png(folder / f"1-person/{seq}.png")[:, :, 2].max() for seq in range(3)]
    assert colours[1] == 255 and max(colours[0], colours[2]) < 120


def test_pixels_become_square(tmp_path: Path) -> None:
    frames = [replace(one, frame=replace(one.frame, aspect=Fraction(3, 2))) for one in walk(4)]
    sidecar = record(written(tmp_path, frames))
    (width, height), covers = sidecar["size"], sidecar["covers"]
    assert height == covers[1] and abs(width - 1.5 * covers[0]) <= 1
    assert {picture.rgba.shape for picture in shown(tmp_path / "clips/1-person.webm")} == {(height, width, 4)}


def test_a_large_clip_is_scaled_down(tmp_path: Path) -> None:
    folder = written(tmp_path, walk(5), max_side=26, format="png")
    sidecar = record(folder)
    validator("clip").validate(sidecar)
    assert max(sidecar["size"]) == 26 and max(sidecar["covers"]) > 44
    rgba = read_png(folder / "1-person/2.png")
    edge = (rgba[:, :, 3] > 20) & (rgba[:, :, 3] < 235)
    assert edge.any()
    assert rgba[edge][:, 0].min() > 140, "no black mixes into the edge"


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (written(tmp_path / name, walk(12)) for name in "ab")
    assert (first / "1-person.webm").read_bytes() == (second / "1-person.webm").read_bytes()
    assert (first / "1-person.json").read_bytes() == (second / "1-person.json").read_bytes()


@pytest.mark.parametrize(
    "broken",
    [
        {"more": 1},
        {"version": 2},
        {"size": [3, 4]},
        {"covers": [0, 4]},
        {"format": "gif"},
        {"ended_by": None},
        {"pictures": []},
        {"duration": 0},
        {"config_sha256": "x"},
        {"model": {"name": "s"}},
    ],
)
def test_the_schema_refuses_broken_sidecars(tmp_path: Path, broken: dict) -> None:
    sidecar = record(written(tmp_path, walk(2)))
    check = validator("clip")
    assert check.is_valid(sidecar)
    assert not check.is_valid(sidecar | broken)
    for key in ("seq", "offset"):
        less = json.loads(json.dumps(sidecar))
        del less["pictures"][0][key]
        assert not check.is_valid(less)
