import struct

import pytest

from streamseg.camera.condition import Condition, Format
from streamseg.camera.packets import PacketFaults, shift_report, shift_rtp

FORMAT = Format("h264", 64, 48, 25.0)


def a_packet(number: int, size: int = 200) -> bytes:
    return struct.pack(">BBHII", 0x80, 96, number, number * 3600, 7) + bytes([number]) * size


def sent(condition: Condition, count: int = 200, seed: int = 1) -> list[bytes]:
    faults = PacketFaults(condition, seed=seed)
    return [out for number in range(count) for out in faults.sent(a_packet(number))]


def numbers(packets: list[bytes]) -> list[int]:
    return [packet[3] for packet in packets]


def test_well() -> None:
    assert not PacketFaults(Condition(FORMAT)).any
    assert sent(Condition(FORMAT)) == [a_packet(number) for number in range(200)]


def test_loss() -> None:
    some = numbers(sent(Condition(FORMAT, loss=0.2)))
    assert 130 < len(some) < 190
    assert some == sorted(some)
    assert sent(Condition(FORMAT, loss=1.0)) == []


def test_garbage_spares_what_says_how_to_read_it() -> None:
    out = sent(Condition(FORMAT, garbage=0.5))
    spoilt = [packet for packet in out if packet != a_packet(packet[3])]
    assert 70 < len(spoilt) < 130
    assert all(len(packet) == 212 and packet[:16] == a_packet(packet[3])[:16] for packet in spoilt)


def test_reorder_loses_nothing() -> None:
    faults = PacketFaults(Condition(FORMAT, reorder=0.2))
    out = numbers([packet for number in range(200) for packet in faults.sent(a_packet(number))])
    assert out != sorted(out)
    # nothing is more than three packets late
    assert all(abs(place - number) <= 3 + out.index(number) // 200 + 3 for place, number in enumerate(out))
    faults.condition = Condition(FORMAT)
    rest = numbers([packet for number in range(200, 210) for packet in faults.sent(a_packet(number))])
    assert sorted(out + rest) == list(range(210))
    assert not faults.any


def test_the_same_seed_gives_the_same_faults() -> None:
    condition = Condition(FORMAT, garbage=0.2, loss=0.2, reorder=0.2)
    assert sent(condition) == sent(condition)
    assert sent(condition) != sent(condition, seed=2)


@pytest.mark.parametrize(("by_s", "stamp"), [(10.0, 900_000 + 7200), (-1.0, 2**32 - 90_000 + 7200)])
def test_time_stamps_wrap(by_s: float, stamp: int) -> None:
    moved = shift_rtp(a_packet(2), by_s)
    assert struct.unpack_from(">I", moved, 4) == (stamp,)
    assert moved[:4] + moved[8:] == a_packet(2)[:4] + a_packet(2)[8:]


def test_reports() -> None:
    report = struct.pack(">BBHIQIII", 0x80, 200, 6, 7, 5 << 32, 1, 2, 3)
    assert shift_report(report, -2.5) == struct.pack(">BBHIQIII", 0x80, 200, 6, 7, 5 << 31, 1, 2, 3)
    bye = struct.pack(">BBHI", 0x81, 203, 1, 7)
    assert shift_report(bye, 10) == bye
