"""The sinks from a recording: what comes out is what the run wrote, or what was asked for instead."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from streamseg.capture import expand
from streamseg.cli import main
from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError, DataError
from streamseg.render import kinds_of, render, stream_of
from streamseg.run import execute
from tests.blobs import BlobNetwork, write_mp4
from tests.recordings import a_line, an_object, write
from tests.results import count_video_frames, read_summary
from tests.sinks.scenes import validator
from tests.sinks.videos import pictures, psnr_db

COUNT = 40
VIEW = {"view": [96, 128]}
LINE = {"name": "middle", "points": [(50, 0), (50, 96)]}


def config_of(source: Path, out: Path, **sections: Any) -> Config:
    stream = {"source": str(source), "name": "blobs", "lines": [LINE]}
    model = VIEW | sections.pop("model", {})
    config = Config.model_validate({"streams": [stream], "output": {"dir": str(out)}, "model": model} | sections)
    return config.model_copy(update={"streams": expand(config.streams)})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with blobs.mp4, and out/blobs/ of a run on it."""
    folder = tmp_path_factory.mktemp("recorded")
    video = write_mp4(folder / "blobs.mp4", COUNT)
    execute(
        config_of(video, folder / "out", cutouts={"every": 0.3}, clean_plate={"enabled": True}), network=BlobNetwork()
    )
    return folder


def rendered(recorded: Path, out: Path, kinds: list[str] | None = None, **sections: Any) -> Path:
    config = config_of(recorded / "blobs.mp4", out, **({"cutouts": {"every": 0.3}} | sections))
    wanted = kinds or kinds_of(config, None)
    assert render(config, recorded / "out" / "blobs" / "objects.jsonl", wanted) == 0
    return out / "blobs"


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_everything_comes_out_as_the_run_wrote_it(recorded: Path, tmp_path: Path) -> None:
    was = recorded / "out" / "blobs"
    now = rendered(recorded, tmp_path / "out", clean_plate={"enabled": True})
    assert names(now) == [name for name in names(was) if name != "objects.jsonl"]
    assert (now / "events.jsonl").read_bytes() == (was / "events.jsonl").read_bytes()
    assert b'"cross"' in (now / "events.jsonl").read_bytes()
    for name in ("annotated.mp4", "clean-plate.mp4"):
        shown, meant = pictures(now / name), pictures(was / name)
        assert [picture.pts for picture in shown] == [picture.pts for picture in meant]
        assert min(psnr_db(a.to_ndarray(), b.to_ndarray()) for a, b in zip(shown, meant, strict=True)) > 32
    summary = read_summary(tmp_path / "out")["streams"]["blobs"]
    assert (summary["captured"], summary["emitted"], summary["dropped"], summary["failed"]) == (COUNT, COUNT, {}, {})


def test_cutouts_are_of_the_same_frames_and_nearly_the_same_shape(recorded: Path, tmp_path: Path) -> None:
    was = recorded / "out" / "blobs" / "cutouts"
    now = rendered(recorded, tmp_path / "out", ["cutouts"]) / "cutouts"
    schema, compared = validator("sidecar"), 0
    for path in was.glob("*/[0-9]*.json"):
        before, after = (json.loads((folder / path.relative_to(was)).read_text()) for folder in (was, now))
        schema.validate(after)
        for key in ("seq", "pts", "track", "label", "score", "box", "transforms", "config_sha256"):
            assert after[key] == before[key], key
        one, other = (
            cv2.imread(str((folder / path.relative_to(was)).with_suffix(".png")), cv2.IMREAD_UNCHANGED)
            for folder in (was, now)
        )
        assert one is not None
        assert other is not None
        assert one.shape == other.shape
        inside = (one[:, :, 3] > 0) | (other[:, :, 3] > 0)
        assert np.abs(one[:, :, 3].astype(int) - other[:, :, 3])[inside].mean() < 30
        compared += 1
    assert compared >= 6


def test_only_what_is_asked_for_is_made(recorded: Path, tmp_path: Path) -> None:
    folder = rendered(recorded, tmp_path / "out", ["events"])
    assert names(folder) == [".streamseg", "events.jsonl"]


def test_with_other_lines_there_are_other_events(recorded: Path, tmp_path: Path) -> None:
    config = config_of(recorded / "blobs.mp4", tmp_path / "out")
    stream = config.streams[0].model_copy(update={"lines": ()})
    config = config.model_copy(update={"streams": [stream]})
    assert render(config, recorded / "out" / "blobs" / "objects.jsonl", ["events"]) == 0
    said = (tmp_path / "out" / "blobs" / "events.jsonl").read_text()
    assert "appeared" in said
    assert "cross" not in said


def test_classes_and_looks_can_be_chosen(recorded: Path, tmp_path: Path) -> None:
    plain = {"masks": False, "outlines": False, "labels": False, "trail_s": 0, "crf": 5}
    nothing = rendered(recorded, tmp_path / "a", ["video"], video=plain)
    discs = rendered(recorded, tmp_path / "b", ["video"], video=plain | {"outlines": True}, model={"classes": ["disc"]})
    hidden = rendered(
        recorded, tmp_path / "c", ["video"], video=plain | {"privacy": "fill", "privacy_classes": ["disc"]}
    )
    source = pictures(recorded / "blobs.mp4")[20].to_ndarray()
    shown = [pictures(folder / "annotated.mp4")[20].to_ndarray() for folder in (nothing, discs, hidden)]
    assert psnr_db(shown[0], source) > 35
    square = slice(60, 80), slice(100, 120)
    assert all(psnr_db(picture[square], source[square]) > 30 for picture in shown)
    assert all(psnr_db(picture[20:42, 26:48], source[20:42, 26:48]) < 25 for picture in shown[1:])


def test_frames_that_the_run_dropped_are_left_out(recorded: Path, tmp_path: Path) -> None:
    lines = [a_line(seq, an_object(1, 10 + seq)) for seq in range(COUNT) if seq % 3]
    config = config_of(recorded / "blobs.mp4", tmp_path / "out")
    assert render(config, write(tmp_path / "objects.jsonl", *lines), ["video"]) == 0
    assert count_video_frames(tmp_path / "out", "blobs") == len(lines)
    summary = read_summary(tmp_path / "out")["streams"]["blobs"]
    assert summary["dropped"] == {"not recorded": 12}, "the first one comes before the recording begins"


def test_the_wall_time_of_the_recording_is_kept(recorded: Path, tmp_path: Path) -> None:
    lines = [a_line(seq, an_object(), time=f"2026-05-01T08:00:00.{40_000 * seq:06d}Z") for seq in range(5)]
    config = config_of(recorded / "blobs.mp4", tmp_path / "out", capture={"max_frames": 5})
    assert render(config, write(tmp_path / "objects.jsonl", *lines), ["events"]) == 0
    [first, *_] = (tmp_path / "out" / "blobs" / "events.jsonl").read_text().splitlines()
    assert json.loads(first)["time"] == "2026-05-01T08:00:00.000000Z"


def test_a_video_that_does_not_belong_fails_in_one_line(recorded: Path, tmp_path: Path) -> None:
    lines = [a_line(seq, an_object(), pts=seq * 0.05) for seq in range(5)]
    config = config_of(recorded / "blobs.mp4", tmp_path / "out")
    assert render(config, write(tmp_path / "objects.jsonl", *lines), ["video"]) == 1
    error = read_summary(tmp_path / "out")["streams"]["blobs"]["error"]
    assert "objects.jsonl:2: no frame of the video belongs to seq 1 at 0.050 s" in error


def test_bad_lines_are_found_before_anything_is_written(recorded: Path, tmp_path: Path) -> None:
    config = config_of(recorded / "blobs.mp4", tmp_path / "out")
    with pytest.raises(DataError, match=r"objects\.jsonl:2: "):
        render(config, write(tmp_path / "objects.jsonl", a_line(0), "{}\n", a_line(2)), ["video"])
    assert not (tmp_path / "out").exists()


def test_what_it_is_made_of_is_never_overwritten(recorded: Path) -> None:
    before = names(recorded)
    objects = recorded / "out" / "blobs" / "objects.jsonl"
    config = config_of(
        recorded / "blobs.mp4", recorded / "out", output={"dir": str(recorded / "out"), "overwrite": True}
    )
    with pytest.raises(ConfigError, match=r"--out .*/out: holds .*objects\.jsonl, which is needed"):
        render(config, objects, ["video"])
    assert names(recorded) == before


def test_live_videos_are_refused(recorded: Path, tmp_path: Path) -> None:
    config = config_of(Path("0"), tmp_path / "out")
    with pytest.raises(ConfigError, match="VIDEO 0: is live; a recorded one is needed"):
        render(config, recorded / "out" / "blobs" / "objects.jsonl", ["video"])


def test_of_several_streams_the_one_of_the_videos_name_or_source_is_taken() -> None:
    streams = [{"source": "rtsp://h/1", "name": "gate", "lines": [LINE]}, {"source": "shop.mp4", "name": "shop"}]
    config = Config.model_validate({"streams": streams})
    gate = stream_of(config, StreamConfig(source="gate.mp4", name="gate"), "a.yaml")
    assert (gate.source, gate.name, len(gate.lines)) == ("gate.mp4", "gate", 1)
    assert stream_of(config, StreamConfig(source="shop.mp4"), "a.yaml").name == "shop"
    with pytest.raises(ConfigError, match=r"a\.yaml: which stream is else\.mp4\? .* names are gate, shop"):
        stream_of(config, StreamConfig(source="else.mp4"), "a.yaml")
    alone = Config.model_validate({"streams": streams[:1]})
    assert stream_of(alone, StreamConfig(source="else.mp4"), "a.yaml").lines == gate.lines
    given = StreamConfig(source="else.mp4")
    assert stream_of(Config(), given, None) is given


def test_the_command(recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video, objects = str(recorded / "blobs.mp4"), str(recorded / "out" / "blobs" / "objects.jsonl")
    out = tmp_path / "out"
    flags = ["--out", str(out), "--only", "video,events", "--draw", "labels", "--privacy", "blur"]
    assert main(["render", f"mine={video}", objects, *flags]) == 0
    assert names(out / "mine") == [".streamseg", "annotated.mp4", "events.jsonl"]
    assert main(["render", video, objects, "--out", str(tmp_path / "x"), "--only", "sound"]) == 2
    assert "--only 'sound': unknown; allowed are video, cutouts, clips, events, clean_plate" in capsys.readouterr().err
    assert main(["render", video, str(tmp_path / "none.jsonl"), "--out", str(tmp_path / "x")]) == 1
    assert "none.jsonl: cannot be read: No such file or directory" in capsys.readouterr().err
