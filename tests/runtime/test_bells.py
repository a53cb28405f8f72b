import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamseg.runtime.bells import LIMIT_BYTES, VERSION, Bell, decode, encode

u16 = st.integers(0, 2**16 - 1)
u32 = st.integers(0, 2**32 - 1)
bells = st.builds(Bell, stream=u16, epoch=u32, slot=u16, generation=u32)
pack = msgspec.msgpack.encode


@given(bells)
@example(Bell(2**16 - 1, 2**32 - 1, 2**16 - 1, 2**32 - 1))
def test_a_bell_comes_out_as_it_went_in_and_is_short(bell):
    assert decode(encode(bell)) == bell
    assert len(encode(bell)) <= 20


def test_the_wire_is_version_then_the_fields():
    assert msgspec.msgpack.decode(encode(Bell(stream=2, epoch=3, slot=4, generation=5))) == [VERSION, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        pack([VERSION + 1, 2, 3, 4, 5]),
        pack(["Bell", 2, 3, 4, 5]),
        pack([VERSION, 2, 3, 4]),
        pack([VERSION, 2, 3, 4, 5, 6]),
        pack([VERSION, 2**16, 3, 4, 5]),
        pack([VERSION, 2, 2**32, 4, 5]),
        pack([VERSION, 2, 3, 2**16, 5]),
        pack([VERSION, 2, 3, 4, 2**32]),
        pack([VERSION, 2, 3, 4, -1]),
        pack([VERSION, 2, 3, 4, 5.0]),
        pack([VERSION, 2, 3, 4, True]),
        pack([VERSION, 2, 3, 4, None]),
        pack({"stream": 2, "epoch": 3, "slot": 4, "generation": 5}),
        pack([VERSION, 2, 3, 4, 5]) + b"\0",
        pack([VERSION, 2, 3, 4, 5])[:-1],
        b"\x91" * LIMIT_BYTES,
        b"\x91" * 100_000,
    ],
)
def test_what_is_no_bell_is_none(message):
    assert decode(message) is None


@given(st.binary(max_size=LIMIT_BYTES + 8))
def test_no_bytes_raise(message):
    bell = decode(message)
    assert bell is None or decode(encode(bell)) == bell


@given(bells, st.data())
def test_a_flipped_bit_gives_a_bell_in_range_or_none(bell, data):
    message = bytearray(encode(bell))
    bit = data.draw(st.integers(0, 8 * len(message) - 1))
    message[bit // 8] ^= 1 << bit % 8
    found = decode(bytes(message))
    assert found is None or decode(encode(found)) == found != bell
