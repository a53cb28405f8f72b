"""The crew's book-keeping of those that are no more."""

import logging
import subprocess
import sys

import pytest

from streamseg.runtime import control
from streamseg.runtime.crew import Crew, Member
from streamseg.runtime.messages import Begin, Stop, decode_order
from streamseg.runtime.placement import WorkerPlan


@pytest.fixture
def crew(tmp_path):
    """Three whose processes do nothing; `ears` are the other ends of their lines."""
    made = Crew(tmp_path, Begin("", (), b"", "1", "", logging.INFO), "ipc://here")
    made.ears = {}
    for name in ("a-0", "b-0", "c-0"):
        ours, made.ears[name] = control.control_pair()
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        made.members[name] = Member(WorkerPlan(name, ("capture",)), process, ours, 1, 0.0)
    yield made
    for name, member in made.members.items():
        made.bury(member)
        made.ears[name].close()


def test_who_is_buried_hears_nothing_and_others_hear_of_each_other(crew):
    first, second, third = crew.members.values()
    crew.bury(first)
    crew.gone.add("a-0")
    assert crew.bury(third) < 0  # dead, and not replaced yet
    first.tell(Stop(1))
    crew.is_ready(second, "ipc://second")
    crew.is_ready(third, "ipc://third")
    assert decode_order(control.receive(crew.ears["b-0"])[0]).endpoint == "ipc://third"
