"""The slot table against a model: stations that die between any two stores, join, leave and come back, new epochs."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streamseg.runtime.slots import SlotTable
from streamseg.runtime.visits import POISON_TRIES, Result, Stamp

UPSTREAM = (-1, 0, 1, 2, 2)
STATIONS = range(len(UPSTREAM))


def make_table(slots=3, upstream=UPSTREAM):
    return SlotTable(memoryview(bytearray(SlotTable.size(slots, len(upstream)))), slots, upstream)


def published(table, seq, active=STATIONS):
    table.set_active(list(active))
    slot = table.claim()
    table.publish(slot, Stamp(seq, seq * 40, 0))
    return slot


def through(table, slot, stations=STATIONS, result=Result.WRITTEN):
    for station in stations:
        table.begin(slot, station, 1)
        table.finish(slot, station, result, now_ns=2)
        table.let_go(slot, station)


def test_a_frame_goes_from_station_to_station_and_frees_its_slot():
    table = make_table()
    slot = published(table, 0)
    for station in STATIONS:
        assert table.ready(slot, station) and table.waiting(station).tolist() == [slot]
        assert table.retirable() == []
        through(table, slot, [station])
        assert table.waiting(station).tolist() == []
    assert table.retirable() == [slot]
    assert [(v.station, v.result, v.begun_ns, v.ended_ns) for v in table.visits(slot)] == [
        (station, Result.WRITTEN, 1, 2) for station in STATIONS
    ]
    table.free(slot)
    assert table.in_flight == 0 and table.retirable() == []


def test_no_slot_is_claimed_before_its_frame_is_counted():
    table = make_table(slots=2)
    first, second = published(table, 0), published(table, 1)
    assert {first, second} == {0, 1} and table.claim() is None
    through(table, first)
    assert table.claim() is None
    table.free(first)
    assert table.claim() == first


def test_waiting_frames_come_by_seq_whatever_their_slots():
    table = make_table(slots=4)
    for seq in range(4):
        published(table, seq)
    through(table, 0)
    table.free(0)
    published(table, 4)
    assert table.seq[table.waiting(0)].tolist() == [1, 2, 3, 4]
    assert table.last() == Stamp(4, 160, 0)


def test_a_frame_that_never_comes_back_is_poison():
    table = make_table()
    slot = published(table, 0)
    assert [table.begin(slot, 0, 0) for _ in range(POISON_TRIES + 1)] == [True] * POISON_TRIES + [False]


def test_a_station_owes_what_is_ready_for_it_until_it_lets_go():
    table = make_table()
    assert not table.owed(0)
    slot = published(table, 0)
    assert table.owed(0) and not table.owed(1)
    assert table.begin(slot, 0, 0) and table.owed(0)
    through(table, slot, [0])
    assert not table.owed(0) and table.owed(1)


def test_lost_frames_are_lost_to_all_stations_below():
    table = make_table()
    slot = published(table, 0)
    through(table, slot, [0])
    through(table, slot, [1], Result.FAILED)
    assert not table.lost(slot, 1)
    assert all(table.lost(slot, station) for station in (2, 3, 4))


def test_a_struck_station_is_waited_for_no_more_and_its_siblings_are():
    table = make_table()
    slot = published(table, 0)
    through(table, slot, [0, 1, 2, 3])
    table.strike(4)
    assert table.retirable() == [slot] and table.waiting(4).tolist() == []
    table.free(slot)
    second = table.claim()
    table.publish(second, Stamp(1, 0, 0))
    through(table, second, [0, 1, 2])
    assert table.retirable() == []
    through(table, second, [3])
    assert table.retirable() == [second]


def test_a_station_that_joins_begins_with_the_next_frame():
    table = make_table()
    first = published(table, 0, active=[0, 1, 2, 3])
    second = published(table, 1)
    assert table.waiting(4).tolist() == [second]
    through(table, first, [0, 1, 2, 3])
    assert table.retirable() == [first]


class _Interrupted:
    """An array after whose comparison something else happens."""

    def __init__(self, array, then):
        self._array, self._then = array, then

    def __ne__(self, other):
        differs = self._array != other
        self._then()
        return differs


@pytest.mark.parametrize("field", ["done", "struck"])
def test_a_frame_published_while_the_table_is_read_is_not_done_with(field):
    table = make_table()
    through(table, published(table, 0))
    table.free(0)
    array = getattr(table, field)
    setattr(table, field, _Interrupted(array, lambda: table.publish(0, Stamp(1, 40, 0))))
    assert table.retirable() == []
    assert table.in_flight == 1


def test_too_many_stations_are_refused():
    with pytest.raises(ValueError, match="must be 1 to 16"):
        make_table(upstream=(-1,) * 17)


class Runtime(RuleBasedStateMachine):
    """Capture, stations and supervisor, each store by store; a death forgets what a process knew, never the table."""

    def __init__(self):
        super().__init__()
        self.tables = [make_table()]
        self.active = set(STATIONS)
        self.struck = set()
        self.tables[-1].set_active(sorted(self.active))
        self.seq = 0
        self.claimed = None
        self.doing = {}
        self.written = {station: [] for station in STATIONS}
        self.readers = {}
        self.retired = []

    # capture: claim, then write and publish

    @rule()
    def capture(self):
        table = self.tables[-1]
        if self.claimed is not None:
            table.publish(self.claimed, Stamp(self.seq, 0, 0))
            self.readers[self.seq] = set(self.active)
            self.seq, self.claimed = self.seq + 1, None
            return
        self.claimed = table.claim()
        if self.claimed is not None and table.generation[self.claimed]:
            assert int(table.seq[self.claimed]) in self.retired, "given out before its frame was counted"

    @rule()
    def capture_dies(self):
        self.claimed = None
        stamps = [table.last() for table in self.tables]
        last = max((stamp.seq for stamp in stamps if stamp), default=-1)
        assert last + 1 == self.seq, "a successor goes on with the next frame"

    @precondition(lambda self: len(self.tables) < 4)
    @rule(slots=st.integers(1, 4))
    def resize(self, slots):
        self.claimed = None
        self.tables.append(make_table(slots))
        self.tables[-1].set_active(sorted(self.active))

    # stations: begin, finish, let go

    def choose(self, station):
        for table in self.tables:
            for slot in table.waiting(station):
                return (table, int(slot)) if table.ready(slot, station) else None
        return None

    @rule(which=st.integers(0, 99), result=st.sampled_from([Result.WRITTEN] * 6 + [Result.FAILED, Result.STALE]))
    def work(self, which, result):
        """One step of one station that has something to do."""
        able = [s for s in STATIONS if s in self.doing or (s not in self.struck and self.choose(s))]
        if able:
            station = able[which % len(able)]
            self.go_on(station, result) if station in self.doing else self.begin(station)

    @rule(which=st.integers(0, 99))
    def work_more(self, which):
        for step in range(6):
            self.work(which + 7 * step, Result.WRITTEN)

    def begin(self, station):
        table, slot = self.choose(station)
        lost = table.lost(slot, station)
        if lost or not table.begin(slot, station, 1):
            table.finish(slot, station, Result.PASSED if lost else Result.POISON, now_ns=2)
            self.doing[station] = [table, slot, int(table.seq[slot]), "let go"]
        else:
            self.doing[station] = [table, slot, int(table.seq[slot]), "finish"]

    def go_on(self, station, result):
        table, slot, seq, step = self.doing[station]
        assert int(table.seq[slot]) == seq, "the slot was given away under a reader"
        if step == "finish":
            table.finish(slot, station, result, now_ns=2)
            self.doing[station][3] = "let go"
        else:
            assert seq not in self.written[station], "given twice after it was let go"
            assert not self.written[station] or seq > self.written[station][-1], "out of order"
            self.written[station].append(seq)
            table.let_go(slot, station)
            del self.doing[station]

    @rule(station=st.sampled_from(STATIONS))
    def die(self, station):
        self.doing.pop(station, None)

    @rule(station=st.sampled_from([3, 4]))
    def leave(self, station):
        """A sink is given up: its process is gone."""
        self.doing.pop(station, None)
        self.active.discard(station)
        self.struck.add(station)
        for table in self.tables:
            table.strike(station)
        for seq in self.readers:
            if seq not in self.retired:
                self.readers[seq].discard(station)

    @rule(station=st.sampled_from([3, 4]))
    def come_back(self, station):
        """It joins again, with the next frame."""
        self.struck.discard(station)
        self.active.add(station)
        for table in self.tables:
            table.set_active(sorted(self.active))

    # supervisor

    @rule()
    def retire(self):
        for table in self.tables:
            for slot in table.retirable():
                seq = int(table.seq[slot])
                assert seq not in self.retired, "counted twice"
                passed = {station for station in STATIONS if seq in self.written[station]}
                assert self.readers[seq] <= passed, "freed under a reader that had not let go"
                self.retired.append(seq)
                table.free(slot)

    @invariant()
    def the_account_closes(self):
        assert self.seq == len(self.retired) + sum(table.in_flight for table in self.tables)

    def teardown(self):
        """Left alone, everything drains: no frame is kept for ever."""
        for _ in range(200):
            self.work(0, Result.WRITTEN)
            self.work(1, Result.WRITTEN)
            self.retire()
        assert sorted(self.retired) == list(range(self.seq))
        for station in STATIONS:
            assert self.written[station] == sorted(set(self.written[station]))
        assert all(np.array_equal(table.freed, table.generation) for table in self.tables)


Runtime.TestCase.settings = settings(max_examples=60, stateful_step_count=100, deadline=None)
TestRuntime = Runtime.TestCase
