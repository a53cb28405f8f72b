"""The benchmark runs, measures whole commands, and judges the ratios by the bars."""

import dataclasses
import sys
from pathlib import Path

import pytest

from streamseg.bench.clip import Clip, repeat
from tests.bench import throughput
from tests.bench.throughput import measure, take_turns
from tests.bench.throughput_environment import Rivals
from tests.bench.throughput_report import Measured, bars, table
from tests.bench.throughput_ways import DECODING, PLAIN, TORCH, VIDEO, Way, ways
from tests.runtime.clips import write_street


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Clip:
    folder = tmp_path_factory.mktemp("clip")
    path = write_street(folder / "given.mp4", 8)
    return repeat(path, 1.2, folder / "clip.mp4", source="given.mp4")


def steady(fps: float, cpu_ms: float = 10.0) -> list[Measured]:
    return [Measured(fps * share, 100 / fps, cpu_ms) for share in (0.5, 1, 1.5)]


def test_every_way_of_our_own_reads_the_whole_clip(clip, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    every = [way for way in ways(clip, None, None, None) if not way.ours or way.name == PLAIN]
    assert len(every) >= 4
    for way in every:
        assert "OMP_NUM_THREADS" not in way.environment
        measured = measure(way, clip)
        assert measured.fps == pytest.approx(clip.frames / measured.wall_s)
        assert measured.cpu_ms > 0


def test_ways_that_read_less_or_fail_are_left_out_of_the_others_and_errors_of_ours(clip, capsys):
    good = Way("good", [sys.executable, "-c", ""], lambda *_: 12)
    less = dataclasses.replace(good, name="less", frames=lambda *_: 11)
    fails = dataclasses.replace(good, name="fails", command=[sys.executable, "-c", "raise SystemExit('no licence')"])
    found = take_turns([good, less, fails], clip, 2)
    assert {name: len(each) for name, each in found.items()} == {"good": 2}
    said = capsys.readouterr().err
    assert "less: read 11 of 12 frames" in said
    assert "fails: status 1: no licence" in said
    with pytest.raises(RuntimeError, match="no licence"):
        take_turns([dataclasses.replace(fails, ours=True)], clip, 1)


def test_rivals_run_in_their_own_python(clip, tmp_path):
    their = Rivals(tmp_path / "python", tmp_path, tmp_path / "ffmpeg", ())
    commands = {way.name: way.command for way in ways(clip, None, None, their)}
    assert commands[TORCH][0] == str(tmp_path / "python")
    assert commands[TORCH][-2:] == ["torch", str(clip.path)]
    assert commands[f"{DECODING}, ffmpeg"][0] == str(tmp_path / "ffmpeg")
    assert "superfast" in commands["decode and encode, ffmpeg superfast"]
    assert not any("ultralytics" in Path(part).name for name in (PLAIN, VIDEO) for part in commands[name])


def test_bars_are_ratios_to_the_fastest():
    found = {f"{DECODING}, PyAV": steady(200), f"{DECODING}, ffmpeg": steady(300), PLAIN: steady(90), TORCH: steady(15)}
    rows = [line.split(" | ") for line in bars(found).splitlines()[2:]]
    assert [row[0].strip("| ") for row in rows] == [f"{PLAIN} / {DECODING}, ffmpeg", f"{PLAIN} / {TORCH}"]
    assert [row[1:] for row in rows] == [["0.35", "0.30", "missed |"], ["6", "6.00", " |"]]


def test_the_table_has_medians_spans_and_what_lies_beyond_decoding():
    found = {f"{DECODING}, PyAV": steady(200, 4.0), PLAIN: steady(50, 24.0)}
    heads, _, _, row = (line.strip("| ").split(" | ") for line in table(found, {PLAIN: {"HOTA": 0.5}}).splitlines())
    assert dict(zip(heads, row, strict=True)) == {
        "way": PLAIN,
        "frames/s": "50.0",
        "of all rounds": "25.0 to 75.0",
        "wall s": "2.0",
        "of decoding": "0.250",
        "CPU ms a frame": "24.0",
        "beyond decoding": "20.0",
        "HOTA": "0.500",
    }


def test_it_is_a_command(tmp_path, capsys):
    path = write_street(tmp_path / "given.mp4", 5)
    throughput.main([str(path), "--quick", "--seconds", "1", "--no-rivals", "--only", "PyAV"])
    printed = capsys.readouterr().out
    assert "h264, 320x180, turns: 2, frames: 10 at 10/s, rounds: 1" in printed
    assert "| decode and encode, PyAV superfast |" in printed
    with pytest.raises(SystemExit):
        throughput.main(["--help"])
    assert "--skipping" in capsys.readouterr().out
