"""Old results go, the oldest first; nothing else does."""

import json
import os
import time
from pathlib import Path

import pytest

from streamseg.config_output import OutputConfig
from streamseg.errors import SinkError
from streamseg.index import Index, index_url, schema
from streamseg.sinks.outdir import MARKER
from streamseg.sinks.retention import Retention
from streamseg.sinks.rotation import last_part
from tests.index.rows import dump, track_row, visit

NOW_NS = time.time_ns()
_HOUR_NS = 3600 * 1_000_000_000


def put(path: Path, hours_old: float, content: bytes = bytes(1000)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    at_ns = NOW_NS - round(hours_old * _HOUR_NS)
    os.utime(path, ns=(at_ns, at_ns))
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two streams that streamseg wrote, one folder that it did not."""
    for folder in (tmp_path / "out", tmp_path / "out" / "gate", tmp_path / "out" / "yard"):
        put(folder / MARKER, 100)
    put(tmp_path / "out" / "mine" / "annotated.mp4", 100)
    put(tmp_path / "out" / "mine" / "annotated-0002.mp4", 100)
    return tmp_path / "out"


def sweep(out: Path, **limits: float) -> set[str]:
    """The files that went."""
    before = {path for path in out.rglob("*") if path.is_file() or path.is_symlink()}
    removed = Retention(OutputConfig(dir=out, **{"disk_free_mb": 0, **limits})).sweep(NOW_NS)
    after = {path for path in out.rglob("*") if path.is_file() or path.is_symlink()}
    assert removed.files == len(before - after)
    return {str(path.relative_to(out)) for path in before - after}


def test_parts_that_are_too_old_but_never_the_newest(out: Path) -> None:
    for name in ("annotated{}.mp4", "clean-plate{}.mp4", "objects{}.jsonl", "events{}.jsonl"):
        for suffix, hours in (("", 30), ("-0002", 20), ("-0003", 10)):
            put(out / "gate" / name.format(suffix), hours)
        put(out / "yard" / name.format(""), 30)  # a stream that was paused: it may go on with this one
    assert sweep(out, keep_hours=15) == {
        f"gate/{name}{suffix}.{extension}"
        for name, extension in (("annotated", "mp4"), ("clean-plate", "mp4"), ("objects", "jsonl"), ("events", "jsonl"))
        for suffix in ("", "-0002")
    }
    assert sweep(out, keep_hours=15) == set()


def test_cutouts_and_clips_and_the_best_shots_of_tracks_that_are_over(out: Path) -> None:
    over, living = out / "gate/cutouts/7-person", out / "gate/cutouts/8-person"
    for track, final in ((over, True), (living, False)):
        put(track / "best.json", 30, json.dumps({"final": final}).encode())
        for name in ("best.png", "best-2.png", "best-2.json", "100.png", "100.json"):
            put(track / name, 30)
        put(track / "900.png", 1)
    put(out / "gate/clips/7-person.webm", 30)
    put(out / "gate/clips/7-person.json", 30)
    put(out / "gate/clips/8-person/000001.png", 30)
    gone = sweep(out, keep_hours=15)
    assert {name for name in gone if "cutouts/8" in name} == {
        "gate/cutouts/8-person/100.png",
        "gate/cutouts/8-person/100.json",
    }
    assert {name.rsplit("/", 1)[1] for name in gone if "cutouts/7" in name} == {
        "best.json", "best.png", "best-2.png", "best-2.json", "100.png", "100.json"
    }  # fmt: skip
    assert {name for name in gone if "clips" in name} == {
        "gate/clips/7-person.webm", "gate/clips/7-person.json", "gate/clips/8-person/000001.png"
    }  # fmt: skip


def test_size_counts_everything_and_takes_the_oldest_of_all_streams(out: Path) -> None:
    for hours in range(1, 11):
        put(out / ("gate" if hours % 2 else "yard") / "cutouts/1-person" / f"{hours}.png", hours, bytes(100_000))
    put(out / "gate" / "annotated.mp4", 50, bytes(500_000))
    gone = sweep(out, keep_gb=0.000905)
    assert sorted(int(Path(name).stem) for name in gone) == [5, 6, 7, 8, 9, 10]  # half of it is a video still written
    assert sweep(out, keep_gb=0.000905) == set()


def test_a_disk_that_is_short_takes_the_oldest(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for hours in (1, 2, 3):
        put(out / "gate/cutouts/1-person" / f"{hours}.png", hours, bytes(1_000_000))
    usage = type("usage", (), {"free": 8_500_000})
    monkeypatch.setattr("streamseg.sinks.retention.shutil.disk_usage", lambda _: usage)
    assert sweep(out, keep_hours=1000, disk_free_mb=10) == {f"gate/cutouts/1-person/{hours}.png" for hours in (2, 3)}


def test_nothing_that_is_not_streamseg_s_and_nothing_behind_links(out: Path, tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "elsewhere" / "1.png", 100).parent
    tracks = out / "gate" / "cutouts"
    put(tracks / "1-person" / "notes.txt", 100)
    put(tracks / "1-person" / ".shot-3.png", 100)
    put(tracks / "other" / "1.png", 100)
    put(out / "gate" / "holiday.mp4", 100)
    put(out / "summary.json", 100)
    (tracks / "2-person").symlink_to(elsewhere)
    (tracks / "1-person" / "5.png").symlink_to(elsewhere / "1.png")
    (out / "linked").symlink_to(elsewhere)
    assert sweep(out, keep_hours=1, keep_gb=1e-9) == set()
    assert (elsewhere / "1.png").exists()


def test_folders_of_tracks_that_are_left_empty_go_later(out: Path) -> None:
    track = put(out / "gate/cutouts/3-person/5.png", 30).parent
    assert sweep(out, keep_hours=1) == {"gate/cutouts/3-person/5.png"}
    assert track.exists()  # just emptied: its sink may be about to write
    at_ns = NOW_NS - 2 * _HOUR_NS
    os.utime(track, ns=(at_ns, at_ns))
    sweep(out, keep_hours=1)
    assert not track.exists()


def test_it_looks_no_closer_than_it_must(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def look(folder: Path, name: str) -> int:
        looks.append(f"{folder.name}/{name}")
        return last_part(folder, name)

    monkeypatch.setattr("streamseg.sinks.retention.last_part", look)
    for index in range(2, 12):
        put(out / "gate" / f"annotated-{index:04d}.mp4", 40 - index)
        put(out / "yard" / f"objects-{index:04d}.jsonl", 40 - index)
    assert sweep(out, keep_hours=99, keep_gb=1) == set()
    assert looks == []
    assert len(sweep(out, keep_hours=20)) == 18
    assert sorted(looks) == ["gate/annotated.mp4", "yard/objects.jsonl"]


def test_best_shots_of_a_track_go_together_though_the_word_that_it_is_over_goes_first(out: Path) -> None:
    track = out / "gate/cutouts/7-person"
    put(track / "best.json", 30, b'{"final": true}')
    put(track / "best.png", 29)
    put(track / ".shot-3.png", 28)  # a predecessor that was killed left it
    assert sweep(out, keep_hours=15) == {"gate/cutouts/7-person/best.json", "gate/cutouts/7-person/best.png"}


def test_before_anything_was_written(tmp_path: Path) -> None:
    assert sweep(tmp_path / "nothing", keep_hours=1) == set()


def test_tracks_whose_best_shots_go_or_that_are_too_old_go_from_the_index_first(out: Path) -> None:
    index = Index(index_url(out, None))
    now_s = NOW_NS / 1e9
    tracks = [(7, 30.0, 20.0), (8, 20.0, None), (9, 5.0, 5.0)]
    rows = [track_row("gate", number, last_time=now_s - hours * 3600) for number, hours, _ in tracks]
    index.write({schema.tracks: rows, schema.visits: [visit(row, "walk") for row in rows]})
    for number, _, hours in tracks:
        if hours is not None:
            put(out / f"gate/cutouts/{number}-person/best.png", hours)
            put(out / f"gate/cutouts/{number}-person/best.json", hours, json.dumps({"final": True}).encode())
    removed = Retention(OutputConfig(dir=out, disk_free_mb=0, keep_hours=15), index).sweep(NOW_NS)
    assert removed.files == 2 and not (out / "gate/cutouts/7-person/best.png").exists()
    assert [row[1] for row in dump(index_url(out, None))["tracks"]] == [9]
    assert [row[1] for row in dump(index_url(out, None))["visits"]] == [9]


def test_an_index_that_cannot_be_written_keeps_the_files(out: Path) -> None:
    index = Index(index_url(out, None))
    with index.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE visits")
    put(out / "gate/cutouts/7-person/best.png", 30)
    put(out / "gate/cutouts/7-person/best.json", 30, json.dumps({"final": True}).encode())
    with pytest.raises(SinkError, match="visits"):
        Retention(OutputConfig(dir=out, disk_free_mb=0, keep_hours=15), index).sweep(NOW_NS)
    assert (out / "gate/cutouts/7-person/best.png").exists()


def test_what_is_approved_stays(out: Path) -> None:
    index = Index(index_url(out, None))
    rows = [track_row("gate", number, last_time=1.0) for number in (1, 2)]
    index.write({schema.tracks: rows})
    assert index.review(("gate", 1), "approved", 5.0) and not index.review(("gate", 9), "approved", 5.0)
    kept = {
        put(out / "gate" / "cutouts" / "1-person" / name, 30, b'{"final": true}') for name in ("best.png", "best.json")
    }
    kept.add(put(out / "gate" / "clips" / "1-person.webm", 30))
    gone = put(out / "gate" / "cutouts" / "2-person" / "best.png", 30)
    retention = Retention(OutputConfig(dir=out, disk_free_mb=0, keep_hours=15), index)
    retention.sweep(NOW_NS)
    assert all(path.exists() for path in kept) and not gone.exists()
    assert [row[1] for row in dump(index_url(out, None))["tracks"]] == [1]
    index.review(("gate", 1), None, 6.0)
    retention.sweep(NOW_NS)
    assert not any(path.exists() for path in kept) and dump(index_url(out, None))["tracks"] == []
    index.close()
