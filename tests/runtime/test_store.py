import os
from pathlib import Path

import numpy as np
import pytest

from streamseg.errors import ConfigError
from streamseg.records import Frame, Planes
from streamseg.runtime import store
from streamseg.runtime.packing import pack, unpack
from streamseg.runtime.store import Area, Layout, Segment, available_bytes, make_memory, make_segment
from streamseg.runtime.visits import Stamp

UPSTREAM = (-1, 0, 1, 2)


def layout(size_hw=(90, 161), slots=3):
    return Layout.of(size_hw, (64, 96), slots=slots, upstream=UPSTREAM)


@pytest.fixture
def fd():
    number = make_segment("door", layout())
    yield number
    os.close(number)


def frame(seq, size_hw):
    height, width = size_hw
    half = (height + 1) // 2, (width + 1) // 2
    return Frame("door", seq, 0, Planes(*(np.full(shape, seq, np.uint8) for shape in (size_hw, half, half))))


def test_areas_never_overlap_and_fill_the_segment():
    plan = layout()
    ends = [0, plan.table_size]
    for slot in range(plan.slots):
        for area in Area:
            assert plan.at(slot, area) == ends[-1]
            ends.append(ends[-1] + plan.areas[area])
    assert ends[-1] == plan.size and all(end % 64 == 0 for end in ends)


@pytest.mark.parametrize("size_hw", [(1, 1), (2, 3), (1080, 1920), (1081, 1921)])
def test_a_frame_of_its_size_fits(size_hw):
    plan = Layout.of(size_hw, (32, 32), slots=2, upstream=UPSTREAM)
    pack(frame(1, size_hw), memoryview(bytearray(plan.areas[Area.FRAME])))


def test_two_maps_of_one_segment_share_table_and_areas(fd):
    ours, theirs = Segment(fd, layout()), Segment(fd, layout())
    ours.table.set_active(range(4))
    for seq in range(3):
        slot = ours.table.claim()
        pack(frame(seq, (90, 161)), ours.area(slot, Area.FRAME))
        ours.table.publish(slot, Stamp(seq, seq, 0))
    seen = [unpack(theirs.area(slot, Area.FRAME), Frame) for slot in theirs.table.waiting(0)]
    assert [(f.seq, int(f.planes.y[-1, -1]), int(f.planes.v[-1, -1])) for f in seen] == [(i, i, i) for i in range(3)]


def test_views_outlive_the_segment_object(fd):
    segment = Segment(fd, layout())
    pack(frame(7, (90, 161)), segment.area(0, Area.FRAME))
    planes = unpack(segment.area(0, Area.FRAME), Frame).planes
    del segment
    assert planes.y.max() == 7


def test_only_frames_and_samples_are_reserved(fd):
    plan = layout()
    taken = os.fstat(fd).st_blocks * 512
    assert plan.reserved <= taken < plan.size


def test_a_segment_cannot_be_cut_off_under_its_readers(fd):
    with pytest.raises(PermissionError):
        os.ftruncate(fd, 0)


def test_no_memory_is_an_error_that_tells_what_to_do(monkeypatch):
    monkeypatch.setattr(store, "available_bytes", lambda: 10_000_000)
    with pytest.raises(ConfigError, match=r"stream door: 8 slots need \d+ MB of memory, 10 MB are available.*slots"):
        make_segment("door", Layout.of((2160, 3840), (384, 640), slots=8, upstream=UPSTREAM))


def test_available_memory_is_no_more_than_the_machine_has():
    assert 0 < available_bytes() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_memory_has_no_name_in_any_file_system():
    before = set(Path("/dev/shm").iterdir())
    fd = make_memory("nobody", 4096)
    assert str(Path(f"/proc/self/fd/{fd}").readlink()).startswith("/memfd:streamseg-nobody")
    assert set(Path("/dev/shm").iterdir()) == before
    os.close(fd)


def test_what_files_hold_in_memory_can_be_had_in_a_control_group(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("50000000\n")
    (tmp_path / "memory.current").write_text("49000000\n")
    assert available_bytes() == 1_000_000
    (tmp_path / "memory.stat").write_text("anon 9000000\nfile 40000000\ninactive_file 30000000\nactive_file 10000000\n")
    assert available_bytes() == 31_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert available_bytes() > 50_000_000
