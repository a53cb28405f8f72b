"""The latency contract's controller, on a clock of its own."""

from itertools import pairwise

import pytest

from streamseg.runtime.contract import Contract
from streamseg.runtime.governor import Governor
from streamseg.shedding import Shed

_MS = 1_000_000
CONTRACT = 100 * _MS


class Alone:
    """A stream that has the machine to itself."""

    def __init__(self):
        self.governor, self.contract = Governor(CONTRACT), Contract()

    def look(self, oldest_ns: int, now_ns: int) -> Shed:
        """What it leaves out from now on."""
        self.contract.look({self.governor: oldest_ns}, now_ns)
        return self.governor.level


class Stream(Alone):
    """Frames at 25 a second, fewer by what is left out, whose latency (ms) is told by the level.

    A key frame every two seconds. The governor is asked ten times a second.
    """

    def __init__(self, latency_ms):
        super().__init__()
        self.latency_ms = latency_ms
        self.now_ns, self.levels = 10**12, []
        self.look(0, self.now_ns - 2000 * _MS)

    def run(self, seconds: float) -> list[Shed]:
        for tick in range(round(seconds * 50)):
            self.now_ns += 20 * _MS
            level = self.governor.level
            if tick % (100 if level == Shed.ALL_BUT_KEY else 2 * level.keeps_every) == 0:
                self.governor.observe(round(self.latency_ms(self.governor.level) * _MS), self.now_ns)
            if tick % 5 == 0:
                self.levels.append(self.look(0, self.now_ns))
        return self.levels


@pytest.mark.parametrize("calm_ms", [1, 30, 60, 79])
def test_nothing_is_left_out_while_there_is_time(calm_ms):
    assert set(Stream(lambda _: calm_ms).run(20)) == {Shed.NOTHING}


@pytest.mark.parametrize("enough", list(Shed)[1:])
def test_as_much_is_left_out_as_is_needed_and_in_order(enough):
    stream = Stream(lambda level: 200 if level < enough else 50)
    levels = stream.run(8)
    assert levels[-1] == enough == max(levels)
    assert all(b - a in (0, 1) for a, b in pairwise(levels))


def test_the_worst_is_reached_within_a_few_seconds():
    levels = Stream(lambda _: 1000).run(5)
    assert levels[-1] == Shed.ALL_BUT_KEY


def test_what_was_left_out_comes_back():
    stream = Stream(lambda level: 200 if level < Shed.DETECTION else 50)
    assert stream.run(5)[-1] == Shed.DETECTION
    stream.latency_ms = lambda _: 10
    assert stream.run(10)[-1] == Shed.NOTHING


def test_what_was_left_out_at_worst_comes_back_by_key_frames_alone():
    stream = Stream(lambda _: 1000)
    assert stream.run(6)[-1] == Shed.ALL_BUT_KEY
    stream.latency_ms = lambda _: 10
    assert stream.run(40)[-1] == Shed.NOTHING


def test_a_latency_that_is_neither_late_nor_early_is_tried_with_less():
    stream = Stream(lambda _: 1000)
    stream.run(6)
    stream.latency_ms = lambda _: 55
    assert stream.run(90)[-1] == Shed.NOTHING


def test_it_does_not_swing():
    """A load that a level just carries, with room to spare: trying less becomes rarer and rarer."""
    stream = Stream(lambda level: 200 if level < Shed.FRAMES else 20)
    levels = stream.run(300)
    falls = [i for i, (a, b) in enumerate(pairwise(levels)) if b < a]
    assert levels[-1] >= Shed.MOST_DETECTION
    assert len(falls) < 12
    assert falls[-1] - falls[-2] > 5 * (falls[1] - falls[0])


@pytest.mark.parametrize("late_ms", [85, 130, 1000])
def test_what_gains_nothing_is_not_left_out(late_ms):
    """A contract beyond the machine: frames are as late with all left out as with nothing."""
    stream = Stream(lambda _: late_ms)
    levels = stream.run(30)
    assert max(levels) == Shed.ALL_BUT_KEY and levels[-100:] == [Shed.NOTHING] * 100


def test_where_the_contract_is_beyond_the_machine_what_gains_something_stays_left_out():
    stream = Stream(lambda level: 400 if level < Shed.DETECTION else 130)
    levels = stream.run(200)
    assert set(levels[-1000:]) <= {Shed.MATTE, Shed.DETECTION}
    assert levels[-1000:].count(Shed.DETECTION) > 900


def test_a_contract_that_was_beyond_the_machine_for_a_while_is_met_again():
    stream = Stream(lambda _: 500)
    stream.run(30)
    stream.latency_ms = lambda level: 180 if level < Shed.FRAMES else 50
    assert stream.run(30)[-1] == Shed.FRAMES


def test_the_rush_at_the_begin_does_not_count():
    alone = Alone()
    for i in range(50):
        alone.look(0, 10**12 + 40 * i * _MS)
        alone.governor.observe(300 * _MS, 10**12 + 40 * i * _MS)
    assert alone.governor.level == Shed.NOTHING


def test_one_late_frame_among_many_changes_nothing():
    stream = Stream(lambda _: 20)
    stream.run(2)
    stream.governor.observe(900 * _MS, stream.now_ns)
    assert set(stream.run(2)) == {Shed.NOTHING}


def test_frames_from_before_a_change_do_not_ask_for_another():
    alone, now_ns = Alone(), 10**12
    alone.look(0, now_ns - 2000 * _MS)
    for i in range(20):
        alone.governor.observe(250 * _MS, now_ns + (400 + i) * _MS)
    assert alone.look(0, now_ns + 500 * _MS) == Shed.MATTE
    for i in range(20):
        alone.governor.observe(250 * _MS, now_ns + (700 + i) * _MS)
    assert alone.look(390 * _MS, now_ns + 850 * _MS) == Shed.MATTE
    for i in range(20):
        alone.governor.observe(250 * _MS, now_ns + (900 + i) * _MS)
    assert alone.look(0, now_ns + 950 * _MS) == Shed.DETECTION


def test_a_frame_that_never_comes_out_counts():
    alone = Alone()
    alone.look(0, 10**12 - 2000 * _MS)
    assert alone.look(90 * _MS, 10**12) == Shed.NOTHING
    assert alone.look(110 * _MS, 10**12 + 500 * _MS) == Shed.MATTE
