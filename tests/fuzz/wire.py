"""What processes say to each other: bells, orders, reports, records in shared memory, encoded pictures, checkpoints."""

import types
from dataclasses import is_dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
from hypothesis import strategies as st

from streamseg.accounts import Counts
from streamseg.broadcast.pictures import EncodedPicture
from streamseg.broadcast.pusher import PushedPicture, PushOrder
from streamseg.broadcast.subscription import read as read_picture
from streamseg.records import Cutout, Frame, Instances, Planes, StreamInfo, Track
from streamseg.runtime import bells, messages, packing
from streamseg.runtime.checkpoint import Checkpoint
from streamseg.runtime.ledger import Committed
from streamseg.sinks.outdir import CHECKPOINT
from tests.fuzz.hostile import as_msgpack, documents, mutated
from tests.fuzz.target import Target, of_file

_PLAIN: dict[object, Any] = {int: 1, str: "s", bytes: b"{}", bool: True, float: 0.5, type(None): None}
_AREA_BYTES = 1 << 16


def example(kind: Any) -> Any:
    """A value of a type, the fuller one where there is a choice."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    if isinstance(kind, type) and (issubclass(kind, msgspec.Struct) or is_dataclass(kind)):
        return kind(**{name: example(hint) for name, hint in get_type_hints(kind, include_extras=True).items()})
    if origin in (Union, types.UnionType):
        return example(next(each for each in inner if each is not type(None)))
    if origin is Literal:
        return inner[0]
    if origin is Annotated:
        return example(inner[0])
    if origin is dict:
        return {example(inner[0]): example(inner[1])}
    assert origin is tuple, kind
    return tuple(example(each) for each in inner if each is not ...)


INFO = messages.encode_info(StreamInfo("s", "clip.mp4", (60, 100), Fraction(25), live=False))


def _messages(union: Any) -> list[bytes]:
    kinds = [example(kind) for kind in get_args(union)]
    told = [msgspec.structs.replace(each, info=INFO) if hasattr(each, "info") else each for each in kinds]
    return [messages.encode(each) for each in told]


def _read_info(content: bytes) -> None:
    messages.decode_info(content)


def _records() -> list[bytes]:
    track = Track(3, "person", 0.5, (0.0, 0.0, 9.0, 9.0), "active", None, "person", 12, 4)
    planes = Planes(*(np.zeros(shape, np.uint8) for shape in ((6, 8), (3, 4), (3, 4))))
    records = (
        Frame("s", 1, 2, planes),
        Cutout(track, np.zeros((2, 3, 4), np.uint8), (4, 6)),
        Instances(np.zeros((1, 4), np.float32), np.zeros(1, np.float32), np.zeros(1, np.int32), ()),
    )
    packed = []
    for record in records:
        area = memoryview(bytearray(2048))
        packing.pack(record, area)
        packed.append(bytes(area))
    return packed


def _unpack(content: bytes) -> None:
    area = memoryview(bytearray(content[:_AREA_BYTES]))
    kinds: tuple[type, ...] = (Frame, Cutout, Instances)
    last: ValueError | None = None
    for kind in kinds:
        try:
            packing.unpack(area, kind)
        except ValueError as error:
            last = error
        else:
            return
    assert last is not None
    raise last


def _pictures() -> list[bytes]:
    return [msgspec.msgpack.encode(example(EncodedPicture))]


def _read_pictures(content: bytes) -> None:
    read_picture([content, content])  # whoever may publish says the stream's name, too
    if read_picture([b"s/", content]) is None:
        raise ValueError("no picture")


_COUNTS = Counts(5, 5, 1, 0, {"stale": 1}, {}, {}, {}, {}, 0.5)


def _checkpoints() -> list[bytes]:
    states = {"tracking": Committed(4, b"\x93\x01\x02\x03"), "capture": Committed(4, b"\x90")}
    whole = Checkpoint(1, "0.1.0", {"model.score": "ab"}, (9, 10), _COUNTS, states, None)
    return [msgspec.msgpack.encode(whole), msgspec.msgpack.encode(msgspec.structs.replace(whole, ended="done"))]


def _read_checkpoint(path: Path) -> None:
    found = Checkpoint.read(path.parent)
    assert found is not None
    found.check("0.1.0", {"model.score": "ab"}, (9, 10), name=str(path))


def _both(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """The bytes mutated, or what they say."""
    return mutated(seeds) | documents([msgspec.msgpack.decode(seed) for seed in seeds], as_msgpack)


def _of_bytes(name: str, read: Any, seeds: list[bytes]) -> Target:
    return Target(name, _both(seeds), read, lambda: seeds, (ValueError,))


BELL = bells.encode(bells.Bell(1, 2, 3, 4))
WIRE = (
    Target("bells", _both([BELL]), bells.decode, lambda: [BELL], ()),
    _of_bytes("orders", messages.decode_order, _messages(messages.Order)),
    _of_bytes("reports", messages.decode_report, _messages(messages.Report)),
    _of_bytes("stream-info", _read_info, [INFO]),
    Target("records", mutated(_records()), _unpack, _records, (ValueError,)),
    _of_bytes("pictures", _read_pictures, _pictures()),
    _of_bytes("pushes", partial(msgspec.msgpack.decode, type=PushOrder), [msgspec.msgpack.encode(example(PushOrder))]),
    _of_bytes(
        "pushed-pictures",
        partial(msgspec.msgpack.decode, type=PushedPicture),
        [msgspec.msgpack.encode(example(PushedPicture))],
    ),
    Target("checkpoints", _both(_checkpoints()), of_file(CHECKPOINT, _read_checkpoint), _checkpoints),
)
