"""What once did something else than be refused, as small as it was found, or thought of."""

import json
from pathlib import Path

import msgspec
import pytest

from streamseg.cli import main
from streamseg.runtime import messages
from streamseg.runtime.checkpoint import Checkpoint
from tests.fuzz.content import _DATA, _weights, data_set, join, onnx, split
from tests.fuzz.documents import LINES, OBJECT
from tests.fuzz.hostile import as_json_lines
from tests.fuzz.target import bounded_memory
from tests.fuzz.targets import TARGETS

DEEP = b"\x91" * 20_000


def plan(**changes: object) -> bytes:
    """A weight file that says something else of its network."""
    header, tensors = split(_weights())
    header["__metadata__"]["config"] |= changes
    return join(header, tensors)


def line(**changes: object) -> bytes:
    """A recorded line with other values."""
    return as_json_lines([LINES[0] | changes])


def outlined(size: list[int], counts: str) -> bytes:
    """A recorded line with another mask."""
    return line(objects=[OBJECT | {"mask": {"size": size, "counts": counts}}])


def annotated(segmentation: object) -> bytes:
    """A data set with another outline."""
    return data_set(_DATA | {"annotations": [_DATA["annotations"][0] | {"segmentation": segmentation}]})


def opened(**changes: object) -> bytes:
    """What a capture process says of its source, with something else in it."""
    info = {"name": "s", "source": "x", "size_hw": (9, 9), "fps": (25, 1), "live": False} | changes
    return messages.encode(messages.Opened(1, msgspec.msgpack.encode(info)))


def checkpoint(**changes: object) -> bytes:
    """A checkpoint of another run."""
    whole = msgspec.msgpack.decode(TARGETS["checkpoints"].seeds()[0], type=Checkpoint)
    return msgspec.msgpack.encode(msgspec.structs.replace(whole, **changes))


def shaped(*shape: object) -> bytes:
    """A record with an array of this shape."""
    planes = {name: (0, "|u1", shape) for name in "yuv"}
    meta = msgspec.msgpack.encode({"stream": "s", "seq": 1, "pts_ns": 1, "planes": planes})
    return len(meta).to_bytes(4, "little") + meta + bytes(64)


def bombs() -> dict[str, bytes]:
    """Much in little: a document of nothing but blanks, a picture of a size that it is not of."""
    header = b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    return {"blanks": data_set(b" " * (200 << 20)), "picture": data_set(_DATA, header)}


FOUND = [
    ("configurations", b"[" * 5000),
    ("configurations", b"a: 2020-13-45"),
    ("configurations", b"a: " + b"9" * 5000),
    ("configurations", b"streams: 0x" + b"f" * 5000),
    ("configurations", b"!!timestamp x"),
    ("configurations", b"a: !!bool x"),
    ("configurations", b"\x00"),
    ("configurations", b'streams: [{source: "a\\0b"}]'),
    ("configurations", b"jobs: &a " + b"x" * 100_000 + b"\n" + b"".join(b"k%d: *a\n" % n for n in range(1000))),
    ("configurations", b"streams: [{source: x, zones: [{name: a, polygon: [[0, 0], [1, 0], [1, 1]], knd: watch}]}]"),
    ("configurations", b"streams: [{source: x, push: [{a: 1}]}]"),
    ("recipes", b"weights: {a: x, b: y}"),
    ("recipes", b"size: [\n}"),
    ("zones", b"- zones"),
    ("zones", b"3"),
    ("orders", b"\x82\xa4type\xa6cancel\xa1a" + DEEP),
    ("reports", b"\x82\xa4type\xa7at_work\xa1a" + DEEP),
    ("reports", opened(fps=(1, 0))),
    ("reports", opened(fps=(1,))),
    ("reports", opened(size_hw=(1 << 40, 1 << 40))),
    ("reports", opened(size_hw=(0, 9))),
    ("checkpoints", DEEP),
    ("checkpoints", b"\xa1\n"),
    ("checkpoints", checkpoint(settings={"a\nb": "x"})),
    ("checkpoints", checkpoint(version="0\n1")),
    ("records", shaped("x" * 1000, 2**40)),
    ("records", shaped(-1, -(2**62), 2**62)),
    ("recorded-objects", line(pts=1e300)),
    ("recorded-objects", line(seq=2**64)),
    ("recorded-objects", outlined([999_999, 999_999], "0" * 12)),
    ("recorded-objects", outlined([6, 5], "o" * 200_000)),
    ("recorded-objects", line(objects=[OBJECT | {"box": [1e300, 0, 1e300, 1]}])),
    ("truth", json.dumps({"frame": 0, "labelled": True, "foreground": {"size": [-1, -1], "counts": "1"}}).encode()),
    ("boxes", b"1,1,nan,1,1,1,1"),
    ("boxes", b"inf,1,1,1,1,1,1"),
    ("validations", b"[" * 20_000),
    ("validations", b'{"images": "x", "mask_ap": 1, "mask_ap50": 1, "best": true, "sets": {}}'),
    ("weights", plan(widths=[4096, 4096, 4096, 4096])),
    ("weights", plan(widths=[10**9, 2, 2, 2])),
    ("weights", plan(depths=[10**9, 0, 0, 0])),
    ("weights", plan(labels=5)),
    ("weights", plan(labels="person")),
    ("weights", plan(prototypes=-1)),
    ("weights", plan(std=0)),
    ("weights", b"\xff" * 8 + b"{}"),
    ("weights", (2**63).to_bytes(8, "little") + b"{}"),
    ("onnx-metadata", onnx({"names": "{1e999: 'a'}"})),
    ("onnx-metadata", onnx({"mean": "1" + "0" * 400})),
    ("onnx-metadata", onnx({"names": "(" * 20_000})),
    ("data-sets", annotated({"size": [8, 8], "counts": [10**15]})),
    ("data-sets", annotated({"size": [10**9, 10**9], "counts": "0" * 12})),
    ("data-sets", data_set(_DATA | {"images": [{"id": 7, "file_name": "a.jpg", "height": 10**6, "width": 10**6}]})),
    ("data-sets", data_set(_DATA | {"images": [{"id": 7, "file_name": "../a.jpg", "height": 8, "width": 8}]})),
    ("data-sets", data_set(_DATA, b"")),
    ("data-sets", data_set(b"[" * 20_000)),
    ("sources", b"a" * 4000 + b".mp4\xff"),
    ("sources", b"\0"),
    ("sources", b"sync://x\ny"),
    ("pictures-of-folders", b"\x89PNG" + b"\xdd\xff\xff\xff\xff" * 40),
    ("pictures-of-folders", b"\xff\n\n\n\n\x05\n\n\n$\n\n\n\n\n" + bytes(23)),
    (
        "pictures-of-folders",
        bytes.fromhex(
            "ff0a0a0a0a0a0a0501000000000000000a0a0a240a0a0a0a0a00000000000000000000000000000000000000000000000a0a0a0a0a0a0a2a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0affc000110800080008030122d7021101031101ffc47114c000d9"
        ),
    ),
    ("pictures", TARGETS["pictures"].seeds()[0].replace(b"\x97", b"\x98", 1) + DEEP),
    ("sources", b"a" * 5000),
]


NAMES = [f"{number}-{name}" for number, (name, _) in enumerate(FOUND)]


@pytest.mark.parametrize(("name", "content"), FOUND, ids=NAMES)
def test_it_is_refused_now(name: str, content: bytes) -> None:
    with bounded_memory():
        assert not TARGETS[name].check(content)


@pytest.mark.parametrize("bomb", ["blanks", "picture"])
def test_a_bomb_is_refused_before_it_goes_off(bomb: str) -> None:
    content = bombs()[bomb]
    assert len(content) < 1 << 20
    with bounded_memory(128):
        assert not TARGETS["data-sets"].check(content)


def test_there_is_no_room_for_what_allocates_first() -> None:
    with bounded_memory(), pytest.raises(MemoryError):
        bytearray(1 << 30)


@pytest.mark.parametrize(
    ("arguments", "content", "status"),
    [
        (["check", "FILE"], b"[" * 5000, 2),
        (["check", "FILE"], b"\xff\xfe\x00", 2),
        (["run", "synthetic://street?seconds=1", "--config", "FILE"], b"model: {1: 2}", 2),
        (["run", "synthetic://street?seconds=1", "--model", "FILE.safetensors"], plan(widths=[10**9, 2, 2, 2]), 2),
        (["run", "synthetic://street?seconds=1", "--model", "FILE.onnx"], onnx({"names": "(" * 20_000}), 2),
        (["render", "clip.mp4", "FILE"], outlined([6, 5], "o" * 9), 1),
    ],
    ids=range(6),
)
def test_a_command_says_so_in_a_line(tmp_path, monkeypatch, capfd, arguments, content, status):
    monkeypatch.chdir(tmp_path)
    name = arguments[-1].replace("FILE", "file")
    Path(name).write_bytes(content)
    assert main([*arguments[:-1], name]) == status
    told = [line for line in capfd.readouterr().err.splitlines() if "level=" not in line]
    assert len(told) == 1 and told[0].startswith("streamseg: error: ") and name in told[0], told
