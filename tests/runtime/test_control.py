import os
import socket
import struct
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.records import StreamInfo
from streamseg.runtime import control
from streamseg.runtime.messages import (
    MOST_BYTES,
    Captured,
    Log,
    Map,
    Open,
    decode_info,
    decode_order,
    decode_report,
    encode,
    encode_info,
)
from streamseg.runtime.store import Layout


@pytest.fixture
def pair():
    ours, theirs = control.control_pair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_messages_stay_whole_and_in_order(pair):
    ours, theirs = pair
    sent = [bytes([n]) * (n * 1000 + 1) for n in range(20)]
    assert all(control.send(ours, data) for data in sent)
    assert [control.receive(theirs)[0] for _ in sent] == sent


def test_descriptors_travel_and_are_closed_on_exec(pair):
    ours, theirs = pair
    reading, writing = os.pipe()
    control.send(ours, b"here", [writing])
    _, [theirs_writing] = control.receive(theirs)
    assert not os.get_inheritable(theirs_writing) and theirs_writing != writing
    os.write(theirs_writing, b"through")
    assert os.read(reading, 99) == b"through"
    control.close_all([reading, writing, theirs_writing, theirs_writing])


def test_the_end_of_the_line_is_seen_on_both_sides(pair):
    ours, theirs = pair
    ours.close()
    assert control.receive(theirs) is None
    assert control.send(theirs, b"anybody?") is False


def test_a_reader_that_never_reads_does_not_hold_the_writer_for_ever(pair):
    ours, _ = pair
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 50_000))
    while control.send(ours, bytes(MOST_BYTES)):
        pass


def test_nothing_said_is_told_at_once_to_one_that_does_not_wait(pair):
    ours, theirs = pair
    with pytest.raises(BlockingIOError):
        control.receive(ours, wait=False)
    control.send(theirs, b"now")
    assert control.receive(ours, wait=False) == (b"now", ())


def test_orders_and_reports_come_back_equal():
    layout = Layout.of((90, 160), (64, 96), slots=3, upstream=(-1, 0))
    order = Open(1, "door", b"{}", True, ("a", "b"), (64, 96), ("person",), True, {"a": ("w-0",)}, epochs=2, info=b"x")
    assert decode_order(encode(order)) == order
    assert decode_order(encode(Map(1, 2, layout))) == Map(1, 2, layout)
    assert decode_report(encode(Captured(3, "broke off"))) == Captured(3, "broke off")


def test_a_stream_s_info_comes_back_equal():
    for fps in (Fraction(30000, 1001), None):
        info = StreamInfo("door", "rtsp://x", (90, 161), fps, True, None, 2.5, None, ("10-bit",))
        assert decode_info(encode_info(info)) == info


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data):
    for decode in (decode_order, decode_report):
        with pytest.raises(msgspec.MsgspecError):
            decode(data)


def test_reports_are_no_orders_and_too_much_is_refused():
    with pytest.raises(msgspec.MsgspecError):
        decode_order(encode(Captured(1)))
    with pytest.raises(ValueError, match="at most"):
        encode(Log("x", 20, "x" * MOST_BYTES))
