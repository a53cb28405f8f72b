"""`streamseg keys`: pairs that ZeroMQ takes, secrets that nobody else can read."""

import os
import stat
from pathlib import Path

import pytest
import zmq

from streamseg.cli import main


def test_both_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys"]) == 0
    public, secret = (line.split()[1].encode() for line in capsys.readouterr().out.splitlines())
    assert zmq.curve_public(secret) == public


def test_the_secret_one_lies_in_a_file_of_ours_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = os.umask(0)
    try:
        assert main(["keys", str(tmp_path / "gate.key")]) == 0
    finally:
        os.umask(before)
    content = (tmp_path / "gate.key").read_text()
    assert stat.S_IMODE((tmp_path / "gate.key").stat().st_mode) == 0o600
    printed = capsys.readouterr().out
    assert zmq.curve_public(content.strip().encode()) == printed.strip().encode()
    assert content.strip() not in printed


def test_a_key_is_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", str(tmp_path / "gate.key")]) == 0
    before = (tmp_path / "gate.key").read_bytes()
    assert main(["keys", str(tmp_path / "gate.key")]) == 2
    assert "gate.key: exists already; a key is never replaced" in capsys.readouterr().err
    assert (tmp_path / "gate.key").read_bytes() == before


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", str(tmp_path / "missing" / "gate.key")]) == 2
    assert "gate.key: cannot be written: No such file" in capsys.readouterr().err
