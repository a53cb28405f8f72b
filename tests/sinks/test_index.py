"""The index sink: what it writes, and that a death changes nothing of it."""

import random
from dataclasses import replace

import numpy as np
import pytest

from streamseg.config import Config, StreamConfig
from streamseg.index import index_url
from streamseg.records import Extraction
from streamseg.sinks import build_sink
from tests.index.rows import dump
from tests.sinks.kills import Death, Task, nursery, run_undisturbed
from tests.sinks.scenes import info, make_cutout, make_frame, make_track

ZONES = [{"name": "walk", "polygon": [(0, 0), (96, 0), (96, 64), (0, 64)]}]
STREET = StreamConfig(source="street.mp4", name="street", zones=ZONES)
WALL_NS = 1_700_000_000_000_000_000


def sink(folder):
    config = Config.model_validate({"output": {"dir": str(folder)}, "index": {"enabled": True}})
    return build_sink("index", config, STREET, version="1")


def extraction(seq, tracks, best=(), wall_ns=None, colour=(200, 20, 25), ranking=()):
    frame = make_frame(seq, wall_ns=wall_ns)
    cutouts = []
    for track in tracks:
        if track.id in best:
            cutout = make_cutout(frame, track, "best", ranking or (seq,))
            rgba = cutout.rgba.copy()
            rgba[..., :3] = colour
            cutouts.append(replace(cutout, rgba=rgba, appearance=np.float32([0.6, 0.8]).tobytes()))
    return Extraction(frame, tuple(tracks), tuple(cutouts))


def rows(folder, table):
    return dump(index_url(folder, None))[table]


def test_a_track_from_its_begin_to_its_end(tmp_path):
    made = sink(tmp_path)
    made.open(info(size_hw=(64, 96)))
    for seq in range(50):
        tracks = [make_track(1, score=0.5 + seq / 100)] if seq < 40 else []
        best = (1,) if seq in (5, 20) else ()
        ranking = (20, 5) if seq == 20 else ()
        made.write(extraction(seq, tracks, best, WALL_NS + seq * 40_000_000, ranking=ranking))
        made.settle()
    [row] = rows(tmp_path, "tracks")
    assert row[:4] == ("street", 1, "person", True) and row[4] == row[7] == pytest.approx(WALL_NS / 1e9)
    assert row[5:7] == (0.0, pytest.approx(39 * 0.04)) and row[9] == pytest.approx(0.89) and row[10] == "1-person"
    assert row[11].startswith("[[0.0, 36.5, 28.2]") and row[12] == np.float32([0.6, 0.8]).tobytes()
    assert [(line[2], line[3]) for line in rows(tmp_path, "shots")] == [(20, 1), (5, 2)]
    assert [line[2:4] for line in rows(tmp_path, "colours")] == [("red", 1.0)]
    assert [line[1:4] for line in rows(tmp_path, "visits")] == [(1, "walk", "person")]
    assert {line[6] for line in rows(tmp_path, "events")} == {"appeared", "enter", "leave", "ended"}
    made.close()


def test_who_goes_on_is_there_within_a_second_and_is_over_at_the_end(tmp_path):
    made = sink(tmp_path)
    made.open(info(size_hw=(64, 96)))
    for seq in range(30):
        made.write(extraction(seq, [make_track(3)]))
        made.settle()
    assert [(row[1], row[3], row[6]) for row in rows(tmp_path, "tracks")] == [(3, False, 1.0)]
    made.close()
    assert [(row[1], row[3], row[6]) for row in rows(tmp_path, "tracks")] == [(3, True, pytest.approx(29 * 0.04))]


def test_tentative_tracks_are_nobody_yet(tmp_path):
    made = sink(tmp_path)
    made.open(info(size_hw=(64, 96)))
    made.write(extraction(0, [make_track(1, state="tentative", confirmed_label=None)]))
    made.close()
    assert rows(tmp_path, "tracks") == []


def test_a_run_that_begins_anew_forgets_the_stream_and_no_other(tmp_path):
    for number in (1, 2):
        made = sink(tmp_path)
        made.open(info(size_hw=(64, 96)))
        made.write(extraction(0, [make_track(number)]))
        made.close()
    assert [row[1] for row in rows(tmp_path, "tracks")] == [2]


@pytest.mark.parametrize("again", [0, 1])
def test_killed_at_any_moment_the_rows_are_those_of_an_undisturbed_run(tmp_path, again):
    rng = random.Random(again)
    more = {"index": {"enabled": True}}
    task = Task("index", str(tmp_path / "killed"), frames=70, more=more)
    run_undisturbed(replace(task, folder=str(tmp_path / "calm")))
    deaths = [Death(lines=rng.randint(1, 1200)) for _ in range(15)] + [
        Death(seconds=rng.uniform(0, 0.3)) for _ in range(10)
    ]
    with nursery() as nurse:
        assert nurse.survive(task, iter(deaths), again=again) > 5
    killed, calm = (dump(index_url(tmp_path / name, None)) for name in ("killed", "calm"))
    assert killed == calm
    assert len(calm["tracks"]) == 8 and calm["shots"] and calm["visits"] and calm["colours"] and calm["events"]
