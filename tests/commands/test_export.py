"""`streamseg export`, from the command line to the file."""

from pathlib import Path

import pytest

from streamseg.cli import main
from streamseg.config import ModelConfig
from streamseg.export import parity
from streamseg.inference import load_network
from tests.training.stills import write_zip

SMALL = ("--view", "96x160")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("form", "file"), [("onnx", "s.onnx"), ("openvino", "s-fp32.xml")])
def test_it_writes_compares_and_runs(form: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "s", "--format", form, *SMALL]) == 0
    out = capsys.readouterr().out
    assert f"{file}: " in out and "0 lost" in out and "box, px" in out
    network = load_network(ModelConfig(name=file))
    assert network.view_hw == (96, 160) and network.labels == ("person", "vehicle", "animal")
    street = "synthetic://street?seconds=0.4&size=320x180&fps=5"
    assert main(["run", street, "--model", file, "--single-process", "--no-video"]) == 0


def test_a_file_that_is_not_equal_is_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(parity.LIMITS, "score", 1e-12)
    assert main(["export", "s", "--out", "net.xml", *SMALL]) == 1
    assert "net.xml: equality with s: score differs by" in capsys.readouterr().err


def test_scores_of_both_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_zip(tmp_path / "blobs.zip", images=2)
    assert main(["export", "s", "--precision", "fp16", *SMALL, "--check", "blobs.zip"]) == 0
    shown = capsys.readouterr().out
    assert "mask AP" in shown and "blobs" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], ["MODEL"]),
        (["nosuch"], ["nosuch", "shipped are m, s"]),
        (["s", "--view", "96"], ["--view", "'96'", "448x768"]),
        (["s", "--view", "90x160"], ["[90, 160]", "multiples of 32"]),
        (["s", "--precision", "int4"], ["--precision", "int4", "int8"]),
        (["s", "--precision", "int8"], ["int8", "--calibrate"]),
        (["s", "--format", "onnx", "--precision", "bf16"], ["bf16", "onnx has fp32"]),
        (["s", "--out", "s.bin"], ["s.bin", ".xml"]),
        (["s", "--out", "no/where.xml"], ["no/where.xml", "no such folder"]),
        (["s", "--precision", "int8", "--calibrate", "x.mp4", "--frames", "0"], ["--frames", "0"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_mistake_is_one_line_and_status_2(
    arguments: list[str], said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and all(word in error for word in said)
