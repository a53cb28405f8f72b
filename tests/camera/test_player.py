"""The plan in real time, with steps that are only noted."""

import threading

import pytest

from streamseg.camera.plan import Step, parse_plan
from streamseg.camera.player import Player
from streamseg.errors import SinkError


class Notes:
    """Steps taken, and how often all was put right."""

    def __init__(self, enough: int) -> None:
        self.taken: list[str] = []
        self.done = threading.Event()
        self._enough = enough

    def take(self, step: Step) -> None:
        self.taken.append(f"{step.fault.kind} {'begins' if step.begins else 'ends'}")
        if len(self.taken) == self._enough:
            self.done.set()

    def reset(self) -> None:
        self.taken.append("reset")


def played(plan: str, enough: int, *, repeat: str | None = None, begin: bool = True) -> list[str]:
    notes = Notes(enough)
    player = Player(parse_plan(plan, repeat=repeat), notes.take, notes.reset)
    player.start()
    if begin:
        player.begin()
        assert notes.done.wait(20)
    player.stop()
    return notes.taken[:enough]


def test_steps_in_order() -> None:
    taken = ["burst begins", "freeze begins", "freeze ends", "burst ends", "drop begins"]
    assert played("freeze@20ms/20ms,burst@10ms/50ms,drop@100ms", 5) == taken


def test_turns() -> None:
    turn = ["freeze begins", "freeze ends", "fps begins"]
    assert played("freeze@10ms/10ms,fps@30ms", 7, repeat="50ms") == [*turn, "reset", *turn]


def test_waits_for_the_first_client() -> None:
    assert played("freeze@1ms", 1, begin=False) == []


def test_second_0_does_not_wait_as_it_may_keep_the_first_client_away() -> None:
    notes = Notes(2)
    player = Player(parse_plan("auth@0s/10ms"), notes.take, notes.reset)
    player.start()
    assert notes.done.wait(20)
    player.stop()
    assert notes.taken == ["auth begins", "auth ends"]


def test_what_fails_ends_the_plan() -> None:
    def fail(step: Step) -> None:
        raise SinkError("the port is taken")

    player = Player(parse_plan("restart@1ms"), fail, lambda: None)
    player.start()
    player.begin()
    while player.failure is None:
        threading.Event().wait(0.01)
    player.stop()
    with pytest.raises(SinkError, match="taken"):
        raise player.failure
