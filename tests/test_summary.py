"""summary.json obeys its schema, whatever happened; the table says the same."""

import io
import json
import math
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from streamseg import __version__, summary
from streamseg.accounts import SinkTotals, Totals
from streamseg.errors import SinkError
from streamseg.summary import RunResult, State, StreamResult

_SCHEMA = json.loads(files("streamseg.schemas").joinpath("summary.schema.json").read_text(encoding="utf-8"))
_VALIDATOR = jsonschema.Draft202012Validator(_SCHEMA)

_counts = st.integers(0, 10**9)
_causes = st.dictionaries(st.sampled_from(["stale", "inference", "sink:video"]), _counts)
_percentiles = st.fixed_dictionaries({name: st.floats(0, 1e6) for name in ("p50", "p95", "p99")})
_totals = st.builds(
    Totals,
    captured=_counts,
    emitted=_counts,
    dropped=_causes,
    failed=_causes,
    degraded=_causes,
    in_flight=_counts,
    seconds=st.just(0.0) | st.floats(1e-9, 1e6),
    objects=_counts,
    sinks=st.dictionaries(st.sampled_from(["video", "objects"]), st.builds(SinkTotals, _counts, _counts)),
    latency_ms=st.dictionaries(st.sampled_from(["total", "capture", "sink:video"]), _percentiles),
)


def _result(state: State = "done", totals: Totals | None = None) -> RunResult:
    error = "cam.mp4: not found" if state == "failed" else None
    return RunResult(1.23456, {"cam": StreamResult("rtsp://***@host/1", state, error, totals or Totals())})


@settings(max_examples=50)
@given(totals=_totals, state=st.sampled_from(["done", "failed", "stopped"]))
def test_any_summary_obeys_the_schema(totals: Totals, state: State) -> None:
    written = json.loads(json.dumps(summary.document(_result(state, totals))))
    _VALIDATOR.validate(written)
    assert all(math.isfinite(stream["fps"]) for stream in written["streams"].values())


def test_the_file_holds_what_the_issue_names(tmp_path: Path) -> None:
    totals = Totals(
        captured=10,
        emitted=7,
        dropped={"stale": 2},
        failed={"inference": 1},
        seconds=2.0,
        objects=3,
        sinks={"video": SinkTotals(7, 0)},
        latency_ms={"total": {"p50": 1.0, "p95": 2.0, "p99": 3.0}},
    )
    summary.write(_result("failed", totals), tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text()) == {
        "version": __version__,
        "seconds": 1.235,
        "exit_status": 1,
        "streams": {
            "cam": {
                "source": "rtsp://***@host/1",
                "state": "failed",
                "error": "cam.mp4: not found",
                "captured": 10,
                "emitted": 7,
                "dropped": {"stale": 2},
                "failed": {"inference": 1},
                "degraded": {},
                "in_flight": 0,
                "fps": 3.5,
                "objects": 3,
                "restarts": 0,
                "reconnects": 0,
                "sinks": {"video": {"written": 7, "skipped": 0}},
                "latency_ms": {"total": {"p50": 1.0, "p95": 2.0, "p99": 3.0}},
            }
        },
    }
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (("done", "done"), 0),
        (("done", "failed"), 1),
        (("done", "stopped"), 130),
        (("stopped", "failed"), 1),
        ((), 0),
    ],
)
def test_the_exit_status_follows_from_the_streams(states: tuple[State, ...], status: int) -> None:
    streams = {str(index): StreamResult("x", state, None, Totals()) for index, state in enumerate(states)}
    assert RunResult(0.0, streams).exit_status == status


def test_a_summary_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"summary\.json: cannot be written"):
        summary.write(_result(), tmp_path / "missing" / "summary.json")


def test_the_table_shows_states_losses_and_errors() -> None:
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(summary.table(_result("failed", Totals(captured=9, emitted=4, dropped={"stale": 5}))))
    text = console.export_text()
    assert "cam: cam.mp4: not found" in text
    row = next(line for line in text.splitlines() if "stale 5" in line)
    assert "failed" in row
    assert " 4 " in row
