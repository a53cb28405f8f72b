"""The wall clock is set while results lie on the disk: what is minutes old does not go for being years old."""

from pathlib import Path

from streamseg.config_output import OutputConfig
from streamseg.sinks.clock_steps import ClockSteps
from streamseg.sinks.retention import Retention
from tests.sinks.test_retention import _HOUR_NS, NOW_NS, out, put  # noqa: F401  # a fixture

MINUTE_NS = 60 * 1_000_000_000
YEAR_NS = 365 * 24 * _HOUR_NS


def test_only_what_was_written_before_a_step_is_corrected() -> None:
    steps = ClockSteps()
    steps.look(100 * MINUTE_NS, 0)
    steps.look(101 * MINUTE_NS, 1 * MINUTE_NS)
    steps.look(102 * MINUTE_NS + YEAR_NS, 2 * MINUTE_NS)
    assert steps.written_ns(100 * MINUTE_NS) == 100 * MINUTE_NS + YEAR_NS
    assert steps.written_ns(102 * MINUTE_NS + YEAR_NS) == 102 * MINUTE_NS + YEAR_NS
    steps.look(103 * MINUTE_NS, 3 * MINUTE_NS)
    assert steps.written_ns(100 * MINUTE_NS) == 100 * MINUTE_NS, "set back"


def test_a_slow_drift_is_no_step() -> None:
    steps = ClockSteps()
    for minute in range(100):
        steps.look(minute * MINUTE_NS + minute * 10**9, minute * MINUTE_NS)
    assert steps.written_ns(5) == 5


def test_results_of_a_machine_whose_clock_was_a_year_late(out: Path) -> None:  # noqa: F811
    hours_in_a_year = 365 * 24
    for suffix, hours in (("", hours_in_a_year + 20), ("-0002", hours_in_a_year + 1), ("-0003", 0.1)):
        put(out / "gate" / f"objects{suffix}.jsonl", hours)
    steps, retention = ClockSteps(), Retention(OutputConfig(dir=out, keep_hours=15, disk_free_mb=0))
    steps.look(NOW_NS - YEAR_NS - _HOUR_NS, 0)
    steps.look(NOW_NS, _HOUR_NS)
    assert retention.sweep(NOW_NS, steps.written_ns).files == 1
    assert not (out / "gate" / "objects.jsonl").exists() and (out / "gate" / "objects-0002.jsonl").exists()
    assert retention.sweep(NOW_NS).files == 1, "by its time stamp it is a year old"
