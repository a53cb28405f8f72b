"""Faults of pictures and time stamps, as a client with a real decoder sees them over RTSP."""

from itertools import groupby, pairwise

import pytest

from tests.camera.viewer import steps, view
from tests.servers import FaultyCamera

LOOP = 100


def test_a_camera_that_is_well(camera: FaultyCamera) -> None:
    with view(camera.url) as first, view(camera.url) as second:
        seen = first.see(25)
        assert steps(seen) == [1] * 24
        assert {s.size for s in seen} == {(160, 96)}
        times = [s.pts_s for s in seen if s.pts_s is not None]
        assert [round(b - a, 3) for a, b in pairwise(times)] == [0.02] * (len(times) - 1)
        # a camera shows everybody the same moment
        now = camera.number_now()
        late = (now - first.see(30)[-1].number) % LOOP, (now - second.see(30)[-1].number) % LOOP
        assert all(lateness < 50 or lateness > LOOP - 50 for lateness in late)


def test_freeze_by_plan() -> None:
    with FaultyCamera("freeze@600ms/800ms") as camera, view(camera.url) as viewer:
        seen = viewer.see(50)
        [gap] = [step for step in steps(seen) if step != 1]
        assert 15 < gap < 40
        # it goes on with a key frame, in the same connection
        [after] = [b.number for a, b in pairwise(seen) if (b.number - a.number) % LOOP == gap]
        assert after % 5 == 0
        times = [s.pts_s for s in seen if s.pts_s is not None]
        assert max(b - a for a, b in pairwise(times)) == pytest.approx(gap / 25, abs=0.01)


def test_burst_by_plan() -> None:
    with FaultyCamera("burst@1s/800ms") as camera, view(camera.url) as viewer:
        seen = viewer.see(55)
    assert steps(seen) == [1] * 54
    arrivals = [b.at_s - a.at_s for a, b in pairwise(seen)]
    assert max(arrivals) > 0.4
    after = arrivals[arrivals.index(max(arrivals)) + 1 :]
    assert sum(after[:10]) < max(arrivals)


def test_slow_by_plan() -> None:
    with FaultyCamera("slow:0.1@1s/1500ms") as camera, view(camera.url) as viewer:
        viewer.see(15)
        seen, late = [], []
        while len(seen) < 55:
            seen += viewer.see(1)
            late.append((camera.number_now() - (seen[-1].number or 0)) % LOOP)
    # far behind, but all of it; then up to date again
    assert steps(seen) == [1] * 54
    assert max(late) > 15 > late[-1]


def test_resolution_in_the_same_connection(camera: FaultyCamera) -> None:
    with view(camera.url) as viewer:
        seen = viewer.see(15)
        resolution = camera.begin("resolution:320x192")
        seen += viewer.see(40)
        camera.end(resolution)
        seen += viewer.see(40)
    assert [size for size, _ in groupby(s.size for s in seen)] == [(160, 96), (320, 192), (160, 96)]
    assert steps(seen) == [1] * 94


def test_fps_in_the_same_connection(camera: FaultyCamera) -> None:
    with view(camera.url) as viewer:
        seen = viewer.see(15)
        fps = camera.begin("fps:25")
        seen += viewer.see(40)
        camera.end(fps)
        seen += viewer.see(30)
    assert [step for step, _ in groupby(steps(seen))] == [1, 2, 1]
    times = [s.pts_s for s in seen if s.pts_s is not None]
    assert {round(b - a, 3) for a, b in pairwise(times)} == {0.02, 0.04}


def test_clock_jumps_forward_and_back(camera: FaultyCamera) -> None:
    with view(camera.url) as viewer:
        seen = viewer.see(15)
        camera.begin("clock:+10s")
        seen += viewer.see(40)
        camera.begin("clock:-10s")
        seen += viewer.see(40)
    assert steps(seen) == [1] * 94
    times = [s.pts_s for s in seen if s.pts_s is not None]
    assert [round(b - a, 2) for a, b in pairwise(times) if abs(b - a) > 1] == [10.02, -9.98]


def test_garbage(camera: FaultyCamera) -> None:
    with view(camera.url) as viewer:
        assert None not in [s.number for s in viewer.see(20)]
        garbage = camera.begin("garbage:0.6")
        during = viewer.see(40)
        camera.end(garbage)
        viewer.see(30)
        after = viewer.see(20)
    broken = sum(s.number is None for s in during) + sum(step != 1 for step in steps(during))
    assert broken > 5
    assert steps(after) == [1] * 19


def test_the_plan_begins_again() -> None:
    with FaultyCamera("resolution:80x48@400ms", repeat="800ms") as camera, view(camera.url) as viewer:
        seen = viewer.see(60)
    assert [size for size, _ in groupby(s.size for s in seen)][:5] == [(160, 96), (80, 48)] * 2 + [(160, 96)]
    assert steps(seen) == [1] * 59
