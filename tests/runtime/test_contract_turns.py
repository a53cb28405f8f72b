"""Streams that share a machine leave out more and less in turns: no more than it takes."""

import pytest

from streamseg.runtime.contract import Contract
from streamseg.runtime.governor import Governor
from streamseg.shedding import Shed
from tests.runtime.sharing import MS, Machine

CONTRACT_NS = 250 * MS


class Apart:
    """What each would do if it knew of no other."""

    def __init__(self):
        self._contracts = {}

    def look(self, oldest_ns: dict[Governor, int], now_ns: int) -> None:
        for governor, oldest in oldest_ns.items():
            self._contracts.setdefault(governor, Contract()).look({governor: oldest}, now_ns)


@pytest.mark.parametrize("streams", [3, 4, 8])
def test_together_they_use_the_machine_and_keep_the_contract(streams):
    together, apart = Machine(streams, CONTRACT_NS), Machine(streams, CONTRACT_NS)
    for machine, way in ((together, Contract()), (apart, Apart())):
        machine.run(30, way.look)
        machine.run(90, way.look)
    cores_ns = 2 * 90_000 * MS
    assert together.p95_ns <= 1.1 * CONTRACT_NS
    assert together.busy_ns > 0.85 * cores_ns > apart.busy_ns + 0.04 * cores_ns
    assert len(together.latencies_ns) + together.looked > len(apart.latencies_ns) + apart.looked


def test_nobody_leaves_out_far_more_than_others():
    machine = Machine(4, CONTRACT_NS)
    contract = Contract()
    machine.run(30, contract.look)
    machine.levels.clear()
    machine.run(60, contract.look)
    assert max(max(levels) - min(levels) for levels in machine.levels) <= 2


def test_two_that_the_machine_can_serve_leave_out_nothing():
    machine = Machine(2, CONTRACT_NS)
    machine.run(60, Contract().look)
    assert {level for levels in machine.levels for level in levels} == {Shed.NOTHING}


def late(level: Shed = Shed.NOTHING) -> Governor:
    """One whose frames are late, a little too much."""
    governor = Governor(CONTRACT_NS)
    governor.wants(0, 10**12, 0)
    if level:
        governor.go_to(level, 10**12)
    for i in range(20):
        governor.observe(300 * MS, 10**12 + (3000 + i) * MS)
    return governor


def test_those_that_leave_out_least_go_first():
    much, little, more = late(Shed.FRAMES), late(Shed.MATTE), late(Shed.DETECTION)
    Contract().look(dict.fromkeys((much, little, more), 0), 10**12 + 3100 * MS)
    assert [g.level for g in (much, little, more)] == [Shed.FRAMES, Shed.DETECTION, Shed.DETECTION]


def test_the_others_judge_by_what_they_see_after_the_change():
    first, second = late(), late()
    for wait_ms in (0, 200):
        Contract().look({first: 0, second: 0}, 10**12 + (3100 + wait_ms) * MS)
        assert [first.level, second.level] == [Shed.MATTE, Shed.NOTHING]
    for i in range(20):
        second.observe(300 * MS, 10**12 + (3500 + i) * MS)
    Contract().look({first: 0, second: 0}, 10**12 + 3550 * MS)
    assert [first.level, second.level] == [Shed.MATTE, Shed.MATTE]


def test_where_all_are_far_too_late_all_leave_out_more():
    governors = [Governor(CONTRACT_NS) for _ in range(4)]
    for governor in governors:
        governor.wants(0, 10**12, 0)
    Contract().look(dict.fromkeys(governors, 2000 * MS), 10**12 + 9000 * MS)
    assert {governor.level for governor in governors} == {Shed.DETECTION}
