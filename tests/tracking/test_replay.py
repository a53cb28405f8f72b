from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamseg.config import Config, StreamConfig
from streamseg.preprocess.fit_view import FitView
from streamseg.recorded import RecordedObjects
from streamseg.records import Extraction
from streamseg.tracking.cutouts import CutoutPlan
from streamseg.tracking.replay import Replay
from tests.blobs import frames
from tests.recordings import a_line, an_object, write

STREAM = StreamConfig(source="a.mp4", name="a")


def replayed(tmp_path: Path, *lines: str, **keys: object) -> list[Extraction]:
    config = Config.model_validate({"cutouts": {"every": "all"}} | keys)
    recorded = RecordedObjects(write(tmp_path / "objects.jsonl", *lines))
    fit = FitView((96, 128))
    replay = Replay(recorded, CutoutPlan.of(STREAM, config), fit, classes=config.classes_of(STREAM))
    every = frames(int(recorded.seqs[-1]) + 1)
    made = [replay.update(every[seq], None) for seq in recorded.seqs.tolist()]
    recorded.close()
    return made


def test_tracks_are_what_was_recorded(tmp_path: Path) -> None:
    lost = an_object(2, x=60, state="lost", mask=None, mask_offset=None, score=0.4)
    [one] = replayed(tmp_path, a_line(0, an_object(1), lost))
    first, second = one.tracks
    assert (first.id, first.label, first.score, first.box, first.state) == (1, "disc", 0.9, (10, 20, 30, 40), "active")
    assert first.mask is not None
    wanted = np.hypot(*np.mgrid[-9.5:10, -9.5:10]) < 9
    np.testing.assert_array_equal(first.mask.on((10, 20, 30, 40)), wanted * 255)
    assert (second.state, second.mask, second.confirmed_label) == ("lost", None, None)


def test_a_track_keeps_the_label_it_was_confirmed_with_and_grows_old(tmp_path: Path) -> None:
    labels = [("tentative", "square"), ("active", "disc"), ("active", "square"), ("lost", "square")]
    lines = []
    for seq, (state, label) in enumerate(labels):
        hidden = {"mask": None, "mask_offset": None} if state == "lost" else {}
        lines.append(a_line(seq, an_object(7, label=label, state=state, **hidden)))
    tracks = [one.tracks[0] for one in replayed(tmp_path, *lines)]
    assert [track.confirmed_label for track in tracks] == [None, "disc", "disc", "disc"]
    assert [(track.age, track.hits) for track in tracks] == [(1, 1), (2, 2), (3, 3), (4, 3)]


def test_only_active_ones_are_cut_out_and_only_as_often_as_asked(tmp_path: Path) -> None:
    lines = [a_line(seq, an_object(1, x=10 + seq), an_object(2, x=70, state="tentative")) for seq in range(4)]
    made = replayed(tmp_path, *lines)
    assert [{cutout.track.id for cutout in one.cutouts} for one in made] == [{1}] * 4
    assert sum(len(one.cutouts) for one in replayed(tmp_path, *lines, cutouts={"every": "none"})) == 0


def test_classes_can_be_left_out(tmp_path: Path) -> None:
    line = a_line(0, an_object(1), an_object(2, x=60, label="square"))
    [one] = replayed(tmp_path, line, model={"classes": ["square"]})
    assert [track.id for track in one.tracks] == [2]


@pytest.mark.parametrize(
    ("time", "quality"), [("1970-01-01T00:00:05.000000Z", "file"), ("2026-01-01T00:00:00.000000Z", "host")]
)
def test_the_recorded_time_of_day_counts(tmp_path: Path, time: str, quality: str) -> None:
    recorded = RecordedObjects(write(tmp_path / "objects.jsonl", a_line(0, time=time)))
    replay = Replay(recorded, CutoutPlan.of(STREAM, Config()), FitView((96, 128)))
    [frame] = frames(1)
    frame = replace(frame, wall_ns=5_000_000_123, wall_quality="file")
    told = replay.update(frame, None).frame
    assert told.wall_quality == quality
    assert (told is frame) == (quality == "file")
    recorded.close()
