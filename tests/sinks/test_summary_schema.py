from copy import deepcopy

import pytest

from tests.sinks.scenes import validator

STREAM = {
    "source": "rtsp://gate/1",
    "state": "done",
    "error": None,
    "captured": 10,
    "emitted": 7,
    "dropped": {"stale": 2},
    "failed": {"poison": 1},
    "degraded": {},
    "in_flight": 0,
    "fps": 24.9,
    "objects": 3,
    "restarts": 0,
    "reconnects": 0,
    "sinks": {"video": {"written": 7, "skipped": 0}},
    "latency_ms": {"total": {"p50": 20.1, "p95": 31, "p99": 40}},
}
SUMMARY = {"version": "0.1.0", "seconds": 12.5, "exit_status": 0, "streams": {"gate-1": STREAM}}


def test_the_schema_takes_what_a_run_writes() -> None:
    check = validator("summary")
    check.validate(SUMMARY)
    check.validate(SUMMARY | {"streams": {}})
    check.validate(
        SUMMARY | {"exit_status": 1, "streams": {"a": STREAM | {"state": "failed", "error": "a.mp4: no video"}}}
    )


@pytest.mark.parametrize(
    "broken", [{"more": 1}, {"seconds": -1}, {"exit_status": 3}, {"version": 1}, {"streams": {"a/b": STREAM}}]
)
def test_the_schema_refuses_a_broken_summary(broken: dict) -> None:
    assert not validator("summary").is_valid(SUMMARY | broken)


@pytest.mark.parametrize("key", list(STREAM))
def test_no_key_of_a_stream_may_be_missing(key: str) -> None:
    summary = deepcopy(SUMMARY)
    del summary["streams"]["gate-1"][key]
    assert not validator("summary").is_valid(summary)


@pytest.mark.parametrize(
    "broken",
    [
        {"more": 1},
        {"state": "fine"},
        {"state": "failed", "error": None},
        {"error": "two\nlines"},
        {"captured": 1.5},
        {"dropped": {"stale": -1}},
        {"dropped": 2},
        {"sinks": {"video": {"written": 1}}},
        {"latency_ms": {"total": {"p50": 1}}},
    ],
)
def test_the_schema_refuses_a_broken_stream(broken: dict) -> None:
    assert not validator("summary").is_valid(SUMMARY | {"streams": {"gate-1": STREAM | broken}})
