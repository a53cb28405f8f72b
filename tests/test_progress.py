"""The progress display: bars on a terminal, log lines elsewhere."""

import io
import logging
from dataclasses import dataclass, field

import numpy as np
import pytest
from rich.console import Console

from streamseg.accounts import Account
from streamseg.capture.status import SourceStatus
from streamseg.progress import Bars, LogLines, display
from streamseg.records import Extraction, Frame, Planes

_PLANES = Planes(np.zeros((2, 2), np.uint8), np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint8))


@dataclass
class Stream:
    """A stream as the display sees it."""

    name: str
    state: str = "running"
    frames: int | None = 10
    account: Account = field(default_factory=Account)
    live: bool = False
    source: SourceStatus = field(default_factory=SourceStatus)

    def emit(self, count: int) -> None:
        self.account.begin()
        for seq in range(count):
            frame = Frame(self.name, seq, 0, _PLANES)
            self.account.captured(frame)
            self.account.emitted(Extraction(frame, ()))


def _terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=120, legacy_windows=False)


@pytest.mark.parametrize(("verbose", "kind"), [(False, Bars), (True, LogLines)])
def test_a_terminal_gets_bars_unless_it_shows_the_log(verbose: bool, kind: type) -> None:
    assert isinstance(display([], _terminal(), verbose=verbose), kind)


def test_a_pipe_gets_log_lines() -> None:
    assert isinstance(display([], Console(file=io.StringIO())), LogLines)


def test_bars_show_the_streams_that_have_begun() -> None:
    gate, yard = Stream("gate"), Stream("yard", state="waiting")
    console = _terminal()
    with Bars([gate, yard], console) as shown:
        gate.emit(4)
        gate.account.lost_by_source({"stale": 3})
        shown.update()
        gate.state = "done"
    text = console.file.getvalue()
    assert "gate" in text
    assert "done" in text
    assert "frames 4" in text
    assert "dropped 3" in text
    assert "yard" not in text


def test_lines_tell_frames_losses_and_the_end(caplog: pytest.LogCaptureFixture) -> None:
    gate, yard = Stream("gate"), Stream("yard", state="waiting")
    with caplog.at_level(logging.INFO, "streamseg.progress"), LogLines([gate, yard], every_s=0.0) as shown:
        gate.emit(4)
        shown.update()
        gate.state = yard.state = "done"
    running, gate_ended, yard_ended = (record.getMessage() for record in caplog.records)
    assert running.startswith("stream=gate state=running frames=4 fps=")
    assert " dropped=0 failed=0 p50_ms=" in running
    assert " eta_s=" in running
    assert gate_ended.startswith("stream=gate state=done frames=4 fps=")
    assert yard_ended == "stream=yard state=done frames=0 fps=0.0 dropped=0 failed=0"


def test_lines_come_no_faster_than_asked(caplog: pytest.LogCaptureFixture) -> None:
    shown = LogLines([Stream("gate")], every_s=600.0)
    with caplog.at_level(logging.INFO, "streamseg.progress"):
        for _ in range(5):
            shown.update()
    assert caplog.records == []


def test_a_live_stream_tells_what_its_source_does(caplog: pytest.LogCaptureFixture) -> None:
    waiting = SourceStatus("backing-off", "rtsp://***@gate/1: cannot be reached (no answer)")
    stream = Stream("gate", frames=None, live=True, source=waiting)
    terminal = _terminal()
    with Bars([stream], terminal):
        pass
    text = terminal.file.getvalue()
    assert "backing-off" in text
    assert "cannot be reached" in text
    with caplog.at_level(logging.INFO), LogLines([stream], every_s=0) as lines:
        lines.update()
    assert "source=backing-off" in caplog.text
