import pytest

from streamseg.config import Config
from streamseg.runtime import placement
from streamseg.runtime.placement import place


def config(**runtime):
    return Config.model_validate({"runtime": runtime})


def names(plan):
    return [worker.name for worker in plan.workers()]


def test_fused_has_four_kinds_of_workers():
    plan = place(config(placement="fused", streams_per_capture=2), 3)
    assert names(plan) == ["capture-0", "capture-1", "inference-0", "tracking-0", "sinks-0"]
    assert plan.groups[0][0].stages == ("capture", "preprocess")
    assert plan.groups[-1][0].stages == ("sink:cutouts", "sink:video", "sink:objects", "sink:events")


def test_split_has_one_for_every_stage_and_sink():
    plan = place(config(placement="split"), 1)
    sinks = ["cutouts-0", "video-0", "objects-0", "events-0"]
    assert names(plan) == ["capture-0", "preprocess-0", "inference-0", "tracking-0", *sinks]


def test_every_station_works_on_what_comes_before_it():
    plan = place(config(), 1)
    assert dict(zip(plan.stations, plan.upstream, strict=True)) == {
        "preprocess": -1,
        "inference": 0,
        "tracking": 1,
        "sink:cutouts": 2,
        "sink:video": 2,
        "sink:objects": 2,
        "sink:events": 2,
    }


@pytest.mark.parametrize("kind", ["fused", "split"])
def test_every_stream_has_one_worker_for_each_stage(kind):
    settings = config(
        placement=kind, streams_per_capture=1, tracking_workers=3, sink_workers=2, devices=["cpu", "cuda:0"]
    )
    plan = place(settings, 4)
    for shard in range(12):
        stages = [stage for worker in plan.serving(shard, "capture-1") for stage in worker.stages]
        assert sorted(stages) == sorted(("capture", *plan.stations))
    used = {worker.name for shard in range(6) for worker in plan.serving(shard, "capture-0")}
    assert used == set(names(plan)) - {"capture-1", "capture-2", "capture-3"}


def test_sinks_that_are_not_asked_for_have_no_worker():
    quiet = Config.model_validate(
        {"cutouts": {"every": "none"}} | {kind: {"enabled": False} for kind in ("video", "objects", "events")}
    )
    plan = place(quiet, 1)
    assert plan.stations == ("preprocess", "inference", "tracking")
    assert not any("sink" in name for name in names(plan))


@pytest.mark.parametrize(("cores", "fused"), [(2, True), (5, True), (6, False), (64, False)])
def test_auto_follows_the_cores(monkeypatch, cores, fused):
    monkeypatch.setattr(placement, "cores", lambda: cores)
    assert ("preprocess-0" not in names(place(config(), 1))) is fused


def test_a_network_for_each_device():
    plan = place(config(devices=["cuda:0", "cuda:1"]), 1)
    assert [(w.name, w.device) for w in plan.groups[1]] == [("inference-0", "cuda:0"), ("inference-1", "cuda:1")]
