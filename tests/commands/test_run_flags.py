"""`streamseg run`: what each flag means for the configuration."""

from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.cli import main
from streamseg.commands.flag_types import MediaTime
from streamseg.commands.flags_to_config import merge, replace_streams
from streamseg.config import Config
from streamseg.config_file import parse
from streamseg.errors import ConfigError

STREET = "synthetic://street?seconds=1&size=320x180&fps=10&seed=3"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("90.5", 90.5), ("1:30", 90), ("1:30.5", 90.5), ("01:02:03.25", 3723.25), ("0:05", 5)],
)
def test_media_times(text: str, seconds: float) -> None:
    assert MediaTime().convert(text, None, None) == seconds


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_clock_times_are_their_seconds(hours: int, minutes: int, seconds: int, millis: int) -> None:
    text = f"{hours:02}:{minutes:02}:{seconds:02}.{millis:03}"
    expected = hours * 3600 + minutes * 60 + seconds + millis / 1000
    assert MediaTime().convert(text, None, None) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["-1", "1:60", "61:00:00:00", "1:2:3:4", "1:99", "soon", "nan", "inf", "", "1:"])
def test_what_is_no_media_time_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"MM:SS"):
        MediaTime().convert(text, None, None)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Config, dict[str, Any]]]:
    """What a command line hands to the main job; the job itself is not done."""
    calls: list[tuple[Config, dict[str, Any]]] = []

    def record(config: Config, **options: Any) -> int:
        calls.append((config, options))
        return 0

    monkeypatch.setattr("streamseg.run.run", record)
    return calls


@pytest.mark.parametrize(
    ("flags", "section", "key", "value"),
    [
        (["--out", "elsewhere"], "output", "dir", Path("elsewhere")),
        (["--overwrite"], "output", "overwrite", True),
        (["--model", "own.onnx"], "model", "name", "own.onnx"),
        (["--device", "cuda:1"], "model", "device", "cuda:1"),
        (["--runner", "torch"], "model", "runner", "torch"),
        (["--classes", "person, vehicle"], "model", "classes", ["person", "vehicle"]),
        (["--score", "0.5"], "model", "score", 0.5),
        (["--start", "1:30"], "capture", "start", 90.0),
        (["--end", "2:00"], "capture", "end", 120.0),
        (["--max-frames", "7"], "capture", "max_frames", 7),
        (["--realtime"], "capture", "pace", "realtime"),
        (["--as-fast-as-possible"], "capture", "pace", "fast"),
        (["--no-video"], "video", "enabled", False),
        (["--clips"], "clips", "enabled", True),
        (["--cutouts", "all"], "cutouts", "every", "all"),
        (["--cutouts", "2.5"], "cutouts", "every", 2.5),
        (["--single-process"], "runtime", "single_process", True),
        ([], "output", "overwrite", False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_flag_sets_its_key_and_no_other(
    flags: list[str], section: str, key: str, value: object, configured: list[tuple[Config, dict[str, Any]]]
) -> None:
    assert main(["run", STREET, *flags]) == 0
    [(config, _)] = configured
    assert getattr(getattr(config, section), key) == value
    changed = getattr(config, section).model_copy(update={key: getattr(getattr(Config(), section), key)})
    assert config.model_copy(update={section: changed, "streams": []}) == Config()


def test_flags_override_the_yaml_and_sources_replace_its_streams(
    tmp_path: Path, configured: list[tuple[Config, dict[str, Any]]]
) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(
        "streams: [{source: a.mp4, score: 0.9, classes: [animal]}]\nmodel: {score: 0.7, max_objects: 5}\njobs: 3\n"
    )
    assert main(["run", "--config", str(file), "--score", "0.6", "--jobs", "2"]) == 0
    assert main(["run", "--config", str(file), STREET, "--json-summary", "s.json", "-v"]) == 0
    (first, _), (second, options) = configured
    assert (first.model.score, first.model.max_objects, first.jobs) == (0.6, 5, 2)
    assert (first.streams[0].source, first.streams[0].score, first.streams[0].classes) == ("a.mp4", None, ["animal"])
    assert (second.model.score, [stream.source for stream in second.streams]) == (0.7, [STREET])
    assert options == {"json_summary": Path("s.json"), "verbose": True, "file": file}


def test_merge_leaves_the_configuration_alone_without_flags() -> None:
    config = parse({"streams": [{"source": "a.mp4", "score": 0.9}], "jobs": 4}, "test")
    assert merge(config, {"score": None, "jobs": None, "overwrite": False}) == config


def test_flags_hold_for_streams_with_values_of_their_own() -> None:
    config = parse({"streams": [{"source": "a.mp4", "score": 0.9, "classes": ["animal"]}]}, "test")
    [stream] = merge(config, {"score": 0.5, "classes": ["person"]}).streams
    assert (stream.score, stream.classes) == (None, None)


def test_two_sources_of_one_name_are_refused() -> None:
    [stream] = parse({"streams": [{"source": "a.mp4", "name": "a"}]}, "test").streams
    with pytest.raises(ConfigError, match="'a' is given twice"):
        replace_streams(Config(), [stream, stream])
