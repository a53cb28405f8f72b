import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.runtime import ledger as module
from streamseg.runtime.ledger import STATE_BYTES, Committed, Ledger
from streamseg.runtime.packing import RecordTooBig
from streamseg.runtime.store import make_memory

WRITERS = 3


@pytest.fixture
def fd():
    number = make_memory("ledger", Ledger.size(WRITERS))
    yield number
    os.close(number)


def test_a_new_ledger_knows_nothing(fd):
    assert [Ledger(fd, WRITERS).committed(writer) for writer in range(WRITERS)] == [None] * WRITERS


@given(st.lists(st.tuples(st.integers(0, WRITERS - 1), st.integers(0, 2**40), st.binary(max_size=300)), max_size=30))
def test_everybody_sees_each_writer_s_last_state(commits):
    fd = make_memory("ledger", Ledger.size(WRITERS))
    try:
        ours, theirs = Ledger(fd, WRITERS), Ledger(fd, WRITERS)
        last = {}
        for writer, seq, state in commits:
            ours.commit(writer, seq, state)
            last[writer] = Committed(seq, state)
            assert {w: theirs.committed(w) for w in range(WRITERS)} == {w: last.get(w) for w in range(WRITERS)}
    finally:
        os.close(fd)


def test_a_death_between_any_two_stores_leaves_the_old_state(fd):
    """All a commit does before its last store is undone by not doing that store."""
    ledger = Ledger(fd, WRITERS)
    ledger.commit(1, 5, b"five")
    turn = int(ledger._turn[1])
    ledger.commit(1, 6, b"sixth and longer")
    ledger._turn[1] = turn
    assert Ledger(fd, WRITERS).committed(1) == Committed(5, b"five")


def test_a_state_too_large_is_refused_and_the_old_one_stays(fd, monkeypatch):
    ledger = Ledger(fd, WRITERS)
    ledger.commit(0, 1, b"x" * 1000)
    with pytest.raises(RecordTooBig, match="after frame 2"):
        ledger.commit(0, 2, b"x" * (STATE_BYTES + 1))
    assert ledger.committed(0) == Committed(1, b"x" * 1000)


def test_the_largest_states_do_not_touch_their_neighbours(fd):
    ledger = Ledger(fd, WRITERS)
    for writer in range(WRITERS):
        for turn in range(2):
            ledger.commit(writer, turn, bytes([10 * writer + turn]) * module.STATE_BYTES)
    for writer in range(WRITERS):
        assert ledger.committed(writer).state == bytes([10 * writer + 1]) * module.STATE_BYTES
