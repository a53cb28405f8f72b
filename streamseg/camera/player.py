"""Carries out a plan in real time."""

import logging
import threading
import time
from collections.abc import Callable

from streamseg.camera.plan import Plan, Step
from streamseg.errors import StreamsegError, told

log = logging.getLogger(__name__)


class Player:
    """A thread that takes the plan's steps at their times, from the moment `begin` is called.

    Args:
        plan: what to do.
        take: called with every step.
        reset: called before the plan begins again.

    Attributes:
        failure: what ended the thread before its time.
    """

    def __init__(self, plan: Plan, take: Callable[[Step], None], reset: Callable[[], None]) -> None:
        self._plan, self._take, self._reset = plan, take, reset
        self._begun, self._ended = threading.Event(), threading.Event()
        self.failure: StreamsegError | None = None
        self._thread = threading.Thread(target=self._play, name="faults", daemon=True)

    def start(self) -> None:
        """Take the steps of second 0; if there are any, it is now: they may keep the first client away."""
        at_once = [step for step in self._plan.steps() if step.at_s == 0]
        for step in at_once:
            self._take(step)
        if at_once:
            self.begin()
        self._thread.start()

    def begin(self) -> None:
        """Second 0 is now, if it has not been already."""
        self._begun.set()

    def stop(self) -> None:
        """Take no further step; returns when the last one is done."""
        self._ended.set()
        self._begun.set()
        if self._thread.is_alive():
            self._thread.join()

    def _play(self) -> None:
        self._begun.wait()
        try:
            self._take_turns()
        except StreamsegError as error:
            self.failure = error
            log.error("event=plan-failed error=%s", told(error))

    def _take_turns(self) -> None:
        zero_s = time.monotonic()
        steps = [step for step in self._plan.steps() if step.at_s > 0]
        while self._take_all(steps, zero_s) and self._plan.repeat_s is not None:
            zero_s += self._plan.repeat_s
            if self._ended.wait(max(0.0, zero_s - time.monotonic())):
                return
            self._reset()
            steps = self._plan.steps()

    def _take_all(self, steps: list[Step], zero_s: float) -> bool:
        for step in steps:
            if self._ended.wait(max(0.0, zero_s + step.at_s - time.monotonic())):
                return False
            self._take(step)
        if steps:
            log.info("event=turn-over")
        return not self._ended.is_set()
