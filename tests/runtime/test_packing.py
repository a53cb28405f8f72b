from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from streamseg.geometry import Letterbox, SoftMask
from streamseg.records import Cutout, Frame, History, Instances, Planes, Sample, Stored, Track
from streamseg.runtime.packing import RecordTooBig, pack, unpack


def area(size=1 << 20):
    return memoryview(bytearray(size))


def soft_mask(seed):
    return SoftMask(np.random.default_rng(seed).integers(0, 256, (7, 5), np.uint8), (0.25, 1.0, 9.5, 1 / 3))


def planes(height=17, width=21):
    rng = np.random.default_rng(1)
    half = (height + 1) // 2, (width + 1) // 2
    padded = [rng.integers(0, 256, (h, w + 11), np.uint8)[:, :w] for h, w in ((height, width), half, half)]
    return Planes(*padded)


def same(a, b):
    """Equal records, arrays by content."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "__dataclass_fields__"):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__)
    return a == b


FRAME = Frame(
    "door",
    7,
    123_456_789_012,
    planes(),
    arrived_ns=5,
    wall_ns=10**18,
    aspect=Fraction(4, 3),
    notes=("a", "b"),
    stored=Stored((101, 60), True, -1, 1),
)
LOST = Track(3, "person", 1 / 3, (0.1, 0.2, 0.3, 1e9), "lost", None, "person", 12, 4)
RECORDS = [
    FRAME,
    Sample(np.arange(96 * 64 * 3, dtype=np.uint8).reshape(96, 64, 3), Letterbox.fit((0, 0, 100, 60), (96, 64), 1.1)),
    Instances.none(),
    Instances(
        np.array([[0.1, 2, 3, 4], [5, 6, 7, 8.125]], np.float32),
        np.array([0.9, 1 / 3], np.float32),
        np.array([2, 0], np.int32),
        (soft_mask(1), soft_mask(2)),
    ),
    LOST,
    Cutout(
        LOST,
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        (4, 6),
        "best",
        1 / 3,
        {"size": 0.1},
        (7, 3),
        History(5, 10**15, ((5, 0.1, 0.2), (10**15, 1e9, 0.5))),
    ),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_records_come_back_equal(record):
    place = area()
    pack(record, place)
    assert same(record, unpack(place, type(record)))


def test_a_shared_array_is_stored_once_and_is_one_object_again():
    rgba = np.ones((300, 300, 4), np.uint8)
    track = Track(1, "person", 0.5, (0.0, 0.0, 1.0, 1.0), "active", soft_mask(3))
    cutouts = Cutout(track, rgba, (3, 4)), Cutout(track, rgba, (3, 4), "best", 0.5, {"size": 0.25})
    place = area(rgba.nbytes + 4096)
    pack(cutouts, place)
    due, best = unpack(place, tuple[Cutout, Cutout])
    assert due.rgba is best.rgba and np.array_equal(due.rgba, rgba)
    assert same(cutouts, (due, best))


def test_views_lie_in_the_area_and_cannot_be_written():
    place = area()
    pack(FRAME, place)
    found = unpack(place, Frame)
    assert np.shares_memory(found.planes.y, np.frombuffer(place, np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        found.planes.y[0, 0] = 1


def test_too_big_is_refused_before_anything_is_written_behind_the_area():
    whole = bytearray(b"\xaa" * 4096)
    with pytest.raises(RecordTooBig, match="its area holds 512"):
        pack(FRAME, memoryview(whole)[:512])
    assert whole[512:] == b"\xaa" * (4096 - 512)


def test_another_kind_or_garbage_is_refused():
    place = area()
    pack(FRAME, place)
    with pytest.raises(ValueError, match="no Sample here"):
        unpack(place, Sample)
    with pytest.raises(ValueError, match="no Frame here"):
        unpack(memoryview(bytearray(b"\xff" * 64)), Frame)


def test_the_area_can_be_used_again_for_a_smaller_record():
    place = area()
    pack(replace(FRAME, notes=("x" * 1000,)), place)
    pack(FRAME, place)
    assert same(FRAME, unpack(place, Frame))
