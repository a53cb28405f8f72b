"""The bell: a hint, never data, that a slot of a stream's table is worth a look.

The slot table is the truth. A bell that is lost costs its receiver a scan of the table, never a frame; one that comes
late, twice or from an epoch long gone costs a look. On the wire it is a MessagePack array of five integers, at most 20
bytes: VERSION, then the fields in their order.
"""

from typing import Annotated

import msgspec

VERSION = 1
LIMIT_BYTES = 64
"""No bell of any version is longer."""

U16 = Annotated[int, msgspec.Meta(ge=0, lt=1 << 16)]
U32 = Annotated[int, msgspec.Meta(ge=0, lt=1 << 32)]


class Bell(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=VERSION, forbid_unknown_fields=True):
    """Look at `slot`, in its `generation`, of `stream`, whose slots are those of `epoch`.

    The ranges are checked where a bell is decoded, not where it is made.
    """

    stream: U16
    epoch: U32
    slot: U16
    generation: U32


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Bell)


def encode(bell: Bell) -> bytes:
    """The bell as it goes over the wire."""
    return _encoder.encode(bell)


def decode(message: bytes) -> Bell | None:
    """The bell that the message holds; None if it is too long, of another version, out of range, or no bell at all."""
    if len(message) > LIMIT_BYTES:
        return None
    try:
        return _decoder.decode(message)
    except msgspec.DecodeError:
        return None
