"""The command line: what is typed, what it means, how mistakes end."""

import itertools
import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import click
import numpy as np
import pytest

from streamseg.capture.redact import redact
from streamseg.cli import COMMANDS, main, streamseg

HEAVY = ("torch", "cv2", "av", "openvino", "onnxruntime", "scipy")
STREET = "synthetic://street?seconds=1&size=320x180&fps=10&seed=3"


def loaded_by(*arguments: str) -> list[str]:
    """Which heavy libraries are imported when a command line has been run in a fresh interpreter."""
    program = f"""
import sys
from streamseg.cli import main
assert main({list(arguments)!r}) == 0
print("\\nloaded:", *[name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.rpartition("loaded:")[2].split()


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("run", "--help"), ("check", "configs/rtsp.yaml"), ("init", "-")],
    ids=" ".join,
)
def test_start_up_imports_nothing_heavy(arguments: tuple[str, ...], request: pytest.FixtureRequest) -> None:
    root = request.config.rootpath
    assert loaded_by(*(str(root / a) if a.endswith(".yaml") else a for a in arguments)) == []


@pytest.mark.parametrize(("set_before", "threads"), [(None, "1"), ("3", "3")])
def test_numpy_is_loaded_with_one_thread_unless_the_user_wants_more(set_before: str | None, threads: str) -> None:
    program = """
import os, sys
class Look:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            print("numpy:", os.environ.get("OPENBLAS_NUM_THREADS"))
sys.meta_path.insert(0, Look())
from streamseg.cli import main
"""
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    environment |= {"OPENBLAS_NUM_THREADS": set_before} if set_before else {}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["numpy:", threads]


def test_help_lists_the_commands_with_the_main_job_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.partition("Commands:")[2].splitlines()
    assert [line.split()[0] for line in lines if line.strip()][:4] == ["run", "serve", "ctl", "check"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_of_a_command_ends_in_examples(command: click.Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command.name, "--help"]) == 0
    shown = capsys.readouterr().out
    examples = [line for line in shown.partition("Examples:")[2].splitlines() if line.startswith("  streamseg ")]
    assert 2 <= len(examples) <= 4
    assert max(map(len, shown.splitlines())) <= 100


def _all_commands(commands: Iterable[click.Command]) -> Iterator[click.Command]:
    for command in commands:
        yield command
        yield from _all_commands(getattr(command, "commands", {}).values())


@pytest.mark.parametrize(
    "line",
    [line for command in _all_commands(COMMANDS) for line, _ in getattr(command, "examples", ())],
)
def test_examples_parse(line: str) -> None:
    words = shlex.split(line.split("&&")[0].split("|")[0])
    _, name, *arguments = itertools.dropwhile(lambda word: word != "streamseg", words)
    command = streamseg.commands[name]
    while isinstance(command, click.Group):
        at = next(i for i, word in enumerate(arguments) if word in command.commands)
        command, name, arguments = command.commands[arguments[at]], arguments[at], arguments[at + 1 :]
    with command.make_context(name, arguments) as context:
        assert context.args == []


def test_help_of_run_groups_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    shown = capsys.readouterr().out
    for heading in ("Input:", "Network:", "Results:", "Running:"):
        assert f"\n{heading}\n" in shown
    for option in streamseg.commands["run"].params:
        assert not isinstance(option, click.Option) or option.opts[0] in shown


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("streamseg ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        # neither SOURCE nor configuration: an example
        (["run"], ["no SOURCE and no --config", "streamseg run street.mp4"]),
        # a configuration without streams
        (["run", "--config", "{empty}"], ["empty.yaml has no streams", "streamseg run street.mp4"]),
        # a configuration that is not there
        (["run", "--config", "nosuch.yaml"], ["nosuch.yaml", "No such file"]),
        # a slip of the pen in an option, in a command
        (["run", "x.mp4", "--scroe", "0.5"], ["--scroe", "--score"]),
        (["rnu", "x.mp4"], ["rnu", "run"]),
        # values out of range or of no known kind: the flag, the value, what is allowed
        (["run", "x.mp4", "--score", "1.5"], ["--score", "1.5", "less than or equal to 1"]),
        (["run", "x.mp4", "--score", "high"], ["--score", "high"]),
        (["run", "x.mp4", "--start", "soon"], ["--start", "soon", "MM:SS"]),
        (["run", "x.mp4", "--end", "0"], ["--end", "0.0", "greater than 0"]),
        (["run", "x.mp4", "--max-frames", "0"], ["--max-frames", "got 0", "greater than or equal to 1"]),
        (["run", "x.mp4", "--jobs", "0"], ["--jobs", "got 0", "greater than or equal to 1"]),
        (["run", "x.mp4", "--device", "gpu"], ["--device", "gpu", "auto|cpu|cuda"]),
        (["run", "x.mp4", "--runner", "tensorrt"], ["--runner", "tensorrt", "openvino"]),
        (["run", "x.mp4", "--cutouts", "often"], ["--cutouts", "often", "all, best, none"]),
        (["run", "x.mp4", "--cutouts", "0"], ["--cutouts", "'0'", "above 0"]),
        (["run", "x.mp4", "--classes", "person,,car"], ["--classes", "person,,car", "commas"]),
        # two that exclude each other
        (["run", "x.mp4", "--realtime", "--as-fast-as-possible"], ["--realtime", "--as-fast-as-possible"]),
        # commands without what they need
        (["check"], ["FILE"]),
        (["check", "nosuch.yaml"], ["nosuch.yaml", "No such file"]),
        (["init", "{empty}/deeper.yaml"], ["empty.yaml/deeper.yaml", "Not a directory"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line_and_status_2(
    arguments: list[str], said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("jobs: 2\n")
    assert main([argument.format(empty=empty) for argument in arguments]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("streamseg: error: ")
    for words in said:
        assert words in line


def test_no_command_shows_the_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_every_flag_out_of_range_is_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "x.mp4", "--score", "2", "--jobs", "0"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert ["--score" in lines[0], "--jobs" in lines[1], len(lines)] == [True, True, 2]


def test_the_exit_status_is_that_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for status in (0, 1, 130):
        monkeypatch.setattr("streamseg.run.run", lambda *_, _status=status, **__: _status)
        assert main(["run", STREET]) == status


def test_an_interruption_is_status_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("streamseg.run.run", interrupted)
    assert main(["run", STREET]) == 130
    assert capsys.readouterr().err.strip() == "streamseg: error: interrupted"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Five sources that cannot be read, each in its own way, and one that can, by the name of their stream."""
    folder = tmp_path_factory.mktemp("sources")
    text, cut, torn = folder / "text.mp4", folder / "cut.mp4", folder / "torn.mp4"
    text.write_text("This is no video.\n" * 100)
    write_half_a_video(cut)
    write_half_a_video(torn, movflags="faststart")
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    return {
        "missing": str(folder / "missing.mp4"),
        "text": str(text),
        "cut": str(cut),
        "torn": str(torn),
        "away": f"rtsp://me:secret@127.0.0.1:{closed}/stream",
        "street": STREET,
    }


def write_half_a_video(path: Path, **options: str) -> None:
    """The first half of the bytes of an MP4 with 4 s of H.264; its index stands at the end unless asked for."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=25, width=96, height=64, pix_fmt="yuv420p")
        noise = np.random.default_rng(0)
        for _ in range(100):
            picture = av.VideoFrame.from_ndarray(noise.integers(0, 255, (64, 96, 3), np.uint8), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    status: int
    errors: list[str]
    streams: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def outcome(sources: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """All of them in one run."""
    folder = tmp_path_factory.mktemp("run")
    out, patience = folder / "out", folder / "patience.yaml"
    patience.write_text("capture: {open_timeout_s: 1, wait: false}\nvideo: {enabled: false}\n")
    named = [f"{name}={source}" for name, source in sources.items()]
    command = [sys.executable, "-m", "streamseg", "run", *named, "--config", str(patience), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    errors = [line for line in done.stderr.splitlines() if "level=error" in line]
    summary = json.loads((out / "summary.json").read_text())
    assert summary["exit_status"] == done.returncode
    return Outcome(done.returncode, errors, summary["streams"])


@pytest.mark.parametrize("name", ["missing", "text", "cut", "torn", "away"])
def test_a_source_that_cannot_be_read_is_one_line(name: str, outcome: Outcome, sources: dict[str, str]) -> None:
    [line] = [line for line in outcome.errors if f"stream={name} " in line]
    place = redact(sources[name])
    assert place in line and "secret" not in line
    stream = outcome.streams[name]
    assert (stream["state"], stream["source"]) == ("failed", place)
    assert stream["error"] in line and "\n" not in stream["error"]


def test_what_a_torn_video_holds_is_kept(outcome: Outcome) -> None:
    torn = outcome.streams["torn"]
    assert 20 < torn["emitted"] < 80
    assert torn["captured"] == torn["emitted"] + sum(torn["dropped"].values())


def test_the_other_streams_go_on_and_lose_nothing(outcome: Outcome) -> None:
    street = outcome.streams["street"]
    assert (street["state"], street["error"]) == ("done", None)
    assert (street["captured"], street["emitted"], street["dropped"], street["failed"]) == (10, 10, {}, {})


def test_some_failed_is_status_1(outcome: Outcome) -> None:
    assert outcome.status == 1
    assert len(outcome.errors) == 5


def test_an_unknown_key_is_one_line_and_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "job.yaml"
    file.write_text("capture: {speed: fast}\n")
    assert main(["run", STREET, "--config", str(file), "--out", str(tmp_path / "out")]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"streamseg: error: {file}: capture.speed: ")
    assert "allowed are start, end, max_frames" in line and "(got 'fast')" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("below", ["file", "/proc"])
def test_a_folder_that_cannot_be_written_is_one_line(
    below: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.joinpath("file").write_text("")
    out = tmp_path / below / "out"
    assert main(["run", STREET, "--out", str(out)]) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert line.startswith("streamseg: error: ") and str(out) in line


def test_a_network_that_does_not_exist_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", STREET, "--model", "nosuch", "--out", str(tmp_path / "out")]) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert line.startswith("streamseg: error: ") and "'nosuch'" in line and "shipped are" in line


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("keep me")
    assert main(["run", STREET, "--out", str(tmp_path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert str(tmp_path) in line and "--overwrite" in line
    assert [path.read_text() for path in tmp_path.iterdir()] == ["keep me"]
