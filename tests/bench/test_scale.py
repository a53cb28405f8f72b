"""The benchmarks of many streams, of the scaling law and of GPUs run, and judge by what they saw."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from streamseg.preprocess import FitView
from streamseg.records import Frame
from tests.bench import gpu, gpu_parts, live_streams, made_clips, scaling
from tests.bench.live_streams import Counters, Flow, Found
from tests.bench.stage_cpu import STAGES
from tests.servers import require_rtsp

SIZE = (192, 108)
METRICS = """\
# TYPE streamseg_frames_captured counter
streamseg_frames_captured_total{{stream="a"}} {captured}
streamseg_frames_captured_total{{stream="b"}} 100
# TYPE streamseg_frames_emitted counter
streamseg_frames_emitted_total{{stream="a"}} {emitted}
# TYPE streamseg_frames_dropped counter
streamseg_frames_dropped_total{{cause="stale",stream="a"}} {dropped}
# TYPE streamseg_latency_seconds histogram
streamseg_latency_seconds_bucket{{le="0.25",stage="total",stream="a"}} {soon}
streamseg_latency_seconds_bucket{{le="0.25",stage="tracking",stream="a"}} 7
streamseg_latency_seconds_bucket{{le="+Inf",stage="total",stream="a"}} {emitted}
"""


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(made_clips, "KEPT", tmp_path / "kept")
    return tmp_path / "kept"


def test_a_peopled_street_shows_as_many_as_it_was_asked_for_and_can_be_looped():
    street = made_clips.PeopledStreet(6, (360, 640))
    for index in (0, 33, 77):
        assert len(street.render(index).actors) == 6
    crowd = made_clips.Crowd(street._plan, 4, made_clips.SECONDS)
    places = [[(being.s, being.t) for being in crowd.at(time_s)] for time_s in (0.0, 1.0, made_clips.SECONDS)]
    assert np.allclose(places[0], places[2]) and not np.allclose(places[0], places[1])
    assert not made_clips.PeopledStreet(0, (180, 320)).render(0).actors


def test_frames_are_counted_from_the_metrics_between_two_moments():
    before = Counters(METRICS.format(captured=10, emitted=8, dropped=2, soon=3))
    after = Counters(METRICS.format(captured=61, emitted=58, dropped=3, soon=43))
    assert after.flow(before, 250) == Flow(captured=51, emitted=50, lost=1, degraded=0, in_time=0.8)


@pytest.mark.parametrize(
    ("flow", "held"),
    [
        (Flow(100, 100, 0, 0, 1.0), True),
        (Flow(100, 99, 1, 0, 1.0), False),
        (Flow(100, 100, 0, 1, 1.0), False),
        (Flow(100, 100, 0, 0, 0.98), False),
        (Flow(90, 90, 0, 0, 1.0), False),
    ],
)
def test_a_number_of_streams_is_held_only_if_all_was_done_in_time(flow, held):
    found = Found("1", 4, 1.0, 100, flow, dict.fromkeys(STAGES, 2.0), 0.5)
    assert found.held is held
    assert found.cores == pytest.approx(2.0 * len(STAGES) * 100 / 1000)
    assert f"| {'yes' if held else 'no'} |" in live_streams.row(found)


def test_live_streams_is_a_command(capsys):
    require_rtsp()
    few = ["--streams", "1", "--size", "192x108", "--fps", "5", "--loop", "1", "--seconds", "3"]
    live_streams.main([*few, "--within", "1000"])
    heads, row = (line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[-3::2])
    told = dict(zip(heads, row, strict=True))
    assert told["cameras"] == "1" and told["held"] in ("yes", "no") and float(told["frames/s"]) >= 0
    assert sum(float(told[stage]) for stage in STAGES) > 0


def test_the_scaling_law_is_measured_point_by_point_and_drawn(tmp_path, capsys, monkeypatch):
    kept, picture = tmp_path / "scaling.json", tmp_path / "scaling.svg"
    common = ["--seconds", "1", "--json", str(kept), "--picture", str(picture)]
    scaling.main(["--axis", "resolution", "--points", "192x108", *common])
    row = json.loads(kept.read_text())["resolution"]["192x108"]
    assert row["fps"] > 0 and row["frames"] > 0 and 0 < row["uss_mb"] < row["pss_mb"]
    assert row["stages_ms"]["inference"] > 0
    assert "| 192x108 |" in capsys.readouterr().out
    assert ET.fromstring(picture.read_text()).tag.endswith("svg")
    monkeypatch.setattr(scaling, "at", lambda *_: pytest.fail("measured again"))
    scaling.main(["--axis", "resolution", "--points", "192x108", *common])


def test_the_view_made_on_a_device_is_the_one_that_the_product_makes():
    import torch

    planes = gpu_parts.planes((384, 216))
    ours = FitView((90, 160))(Frame("t", 0, 0, planes, gpu_parts.COLOR)).view
    theirs = gpu_parts.view_on_device(tuple(map(torch.from_numpy, (planes.y, planes.u, planes.v))), (90, 160)).numpy()
    away = np.abs(ours.astype(int) - theirs)
    assert away.mean() < 1.5 and np.percentile(away, 99) < 8


def test_everything_for_a_gpu_runs_small_on_the_cpu(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    gpu.main(["--small", "--device", "cpu", "--out", str(tmp_path / "gpu")])
    parts = json.loads((tmp_path / "gpu.json").read_text())["parts"]
    assert list(parts) == list(gpu.PARTS)
    assert not [row for rows in parts.values() for row in rows if "failed" in row]
    assert {row["batch"] for row in parts["network"]} == {1, 2}
    assert all(row["GraphRunner, pictures/s"] > 0 for row in parts["runner"])
    for row in parts["roofline"]:
        assert row["share"] > 0 and row["GFLOP a picture"] > 0.05 and row["layers"] > 20
    assert parts["product"][0]["frames/s"] > 0
    assert "## roofline" in (tmp_path / "gpu.md").read_text()


def test_sums_are_counted_by_layer():
    bench = gpu_parts.Bench(gpu_parts.torch.device("cpu"), (64, 96), 0.01, small=True)
    small = sum(flops for flops, _ in gpu_parts.layers(bench, gpu_parts.torch.float32))
    large = sum(
        flops
        for flops, _ in gpu_parts.layers(
            gpu_parts.Bench(bench.device, (128, 192), 0.01, small=True), gpu_parts.torch.float32
        )
    )
    assert large == pytest.approx(4 * small)
