"""The wall clock jumps an hour forward and two back: nothing but `time` of live frames shows it."""

import pytest

from tests.chaos.clock_steps import HOUR_S, step_cameras
from tests.runtime.stepped_clock import stepped_clock


@pytest.mark.timeout(300)
def test_of_cameras_only_time_does(tmp_path):
    with stepped_clock(tmp_path) as step:

        def between(job):
            for offset_s in (HOUR_S, -HOUR_S):
                step(offset_s)
                job.wait_for_lines("east", job.lines("east") + 8)
                job.wait_for_lines("west", job.lines("west") + 8)

        step_cameras(tmp_path, between)
