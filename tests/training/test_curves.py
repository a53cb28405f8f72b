import json

import pytest

from streamseg.evaluation.charts import axis_from_zero
from streamseg.training.curves import read_curves
from streamseg.training.losses import WEIGHTS


def line(images, value=1.0):
    return json.dumps({"images": images, "rate": 30.0} | dict.fromkeys(WEIGHTS, value)) + "\n"


def test_curves_are_short_however_long_the_run(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text("".join(line(32 * i, i / 50_000) for i in range(1, 50_001)))
    curves = read_curves(log)
    assert set(curves) == {"rate", "loss", *WEIGHTS}
    assert 100 <= len(curves["heat"]) <= 150
    assert curves["heat"][-1] == (32 * 50_000, pytest.approx(1.0, abs=0.01))
    assert curves["loss"][0][1] == pytest.approx(sum(WEIGHTS.values()) * curves["heat"][0][1])


def test_what_a_resume_repeats_and_what_is_torn_or_no_number_counts_not(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text(
        line(4) + line(8, 5.0) + line(12, 5.0) + '{"images": 16, "ra\n' + line(8, 2.0) + line(12, float("nan"))
    )
    assert read_curves(log)["dice"] == [(4, 1.0), (8, 2.0)]
    assert read_curves(tmp_path / "none.jsonl") == {}


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, [0, 0.2]),
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.31, [0, 0.1, 0.2, 0.3, 0.4]),
        (2000, [0, 1000, 2000]),
        (7.3, [0, 2, 4, 6, 8]),
    ],
)
def test_axes_have_round_ticks(highest, ticks):
    axis = axis_from_zero("", highest)
    assert axis.ticks == pytest.approx(ticks) and axis.high == pytest.approx(ticks[-1])
