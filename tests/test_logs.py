"""Logging for the command line: what is shown, in which form, without credentials."""

import json
import logging

import pytest

from streamseg import logs


@pytest.mark.parametrize(("verbosity", "shown"), [(0, {"info", "warning"}), (2, {"debug", "info", "warning"})])
def test_log_lines_are_key_value_and_hold_no_credentials(
    verbosity: int, shown: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(verbosity)
    logs.configure(verbosity)
    log = logging.getLogger("streamseg.test")
    log.debug("event=look")
    log.info("event=open source=%s", "rtsp://me:secret@cam/1")
    try:
        raise OSError("rtsp://me:secret@cam/1 is gone")
    except OSError:
        log.warning("event=lost", exc_info=True)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("time=")]
    assert {line.split()[1].removeprefix("level=") for line in lines} == shown
    assert len(lines) == len(shown)
    assert "logger=streamseg.test event=lost" in lines[-1]


def test_credentials_are_in_no_log_line_nor_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(0)
    try:
        raise OSError("rtsp://me:secret@cam/1 is gone")
    except OSError:
        logging.getLogger("streamseg.test").exception("event=lost source=%s", "rtsp://me:secret@cam/1")
    shown = capsys.readouterr().err
    assert "OSError" in shown and "@cam/1" in shown and "secret" not in shown


def test_json_lines_hold_the_pairs_of_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(1, "json")
    log = logging.getLogger("streamseg.test")
    log.info("stream=%s wait_s=%.1f reason=%r", "gate", 1.5, "rtsp://u:secret@cam/1: no answer")
    try:
        raise ValueError("rtsp://u:secret@cam")
    except ValueError:
        log.exception("it broke")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["level"] == "info" and first["logger"] == "streamseg.test"
    assert first["fields"] == {"stream": "gate", "wait_s": "1.5", "reason": "rtsp://***@cam/1: no answer"}
    assert second["message"] == "it broke" and second["fields"] == {}
    assert "ValueError" in second["traceback"]
    assert "secret" not in json.dumps([first, second])
