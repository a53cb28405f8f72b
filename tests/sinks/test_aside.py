import threading
from collections.abc import Iterator

import numpy as np
import pytest

from streamseg.errors import SinkError
from streamseg.records import Extraction, Planes, StreamInfo
from streamseg.sinks.aside import Aside, owned
from streamseg.testing import ListSink
from tests.sinks.kills import Memory
from tests.sinks.scenes import extraction, info, make_cutout, make_frame, make_track


class GatedSink(ListSink):
    """Writes when it is let, or fails."""

    def __init__(self) -> None:
        super().__init__("gated")
        self.gate = threading.Semaphore(0)
        self.writing = threading.Semaphore(0)
        self.fails_at: int | None = None

    def write(self, extraction: Extraction) -> bool:
        self.writing.release()
        assert self.gate.acquire(timeout=10)
        if extraction.frame.seq == self.fails_at:
            raise SinkError("gate: broken")
        return super().write(extraction)

    @property
    def seqs(self) -> list[int]:
        return [taken.frame.seq for taken in self.extractions]


@pytest.fixture
def gated() -> Iterator[GatedSink]:
    sink = GatedSink()
    yield sink
    sink.gate.release(1000)


def filled(sink: GatedSink, room: int = 2, frames: int = 6) -> tuple[Aside, list[bool]]:
    """An aside whose sink is at its first frame, and what came of each frame."""
    aside = Aside(sink, room)
    assert aside.open(info()) == -1
    taken = [aside.write(extraction(0))]
    assert sink.writing.acquire(timeout=10)
    return aside, taken + [aside.write(extraction(seq)) for seq in range(1, frames)]


@pytest.mark.parametrize("room", [1, 2, 3])
def test_frames_that_find_the_mailbox_full_are_skipped(gated: GatedSink, room: int) -> None:
    aside, taken = filled(gated, room)
    assert aside.name == "gated"
    assert taken == [True] * (1 + room) + [False] * (5 - room)
    gated.gate.release(100)
    aside.close()
    assert gated.seqs == list(range(1 + room))
    assert gated.closed


def test_nothing_in_it_is_the_callers_memory(gated: GatedSink) -> None:
    memory = Memory()
    aside = Aside(gated)
    aside.open(info())
    assert aside.write(memory.extraction(0))
    memory.let_go()
    gated.gate.release()
    aside.close()
    [kept] = gated.extractions
    wanted = memory.extraction(0)
    for name in ("y", "u", "v"):
        np.testing.assert_array_equal(getattr(kept.frame.planes, name), getattr(wanted.frame.planes, name))
    np.testing.assert_array_equal(kept.cutouts[0].rgba, wanted.cutouts[0].rgba)
    assert kept.cutouts[0].rgba is kept.cutouts[1].rgba


def test_a_copy_has_no_array_of_the_other() -> None:
    frame, track = make_frame(), make_track()
    taken = Extraction(frame, (track, make_track(2, state="lost", mask=None)), (make_cutout(frame, track),))
    copy = owned(taken)
    assert (copy.tracks[1], copy.cutouts[0].offset) == (taken.tracks[1], taken.cutouts[0].offset)
    for a, b in zip(_arrays(copy), _arrays(taken), strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.shares_memory(a, b)
    assert copy.cutouts[0].track.mask.alpha is copy.tracks[0].mask.alpha


def _arrays(taken: Extraction) -> list[np.ndarray]:
    planes: Planes = taken.frame.planes
    masks = [track.mask.alpha for track in taken.tracks if track.mask is not None]
    return [planes.y, planes.u, planes.v, *masks, *(cutout.rgba for cutout in taken.cutouts)]


def test_a_successor_goes_on_where_the_other_sink_has_settled(gated: GatedSink) -> None:
    aside, _ = filled(gated)
    assert aside.settle() == b""
    gated.gate.release(3)
    for _ in range(2):
        assert gated.writing.acquire(timeout=10)
    aside.close()
    assert aside.settle() == b"2"
    successor = ListSink()
    Aside(successor).open(info(), aside.settle())
    assert successor.position == b"2"


def test_an_error_of_the_other_sink_reaches_the_next_write(gated: GatedSink) -> None:
    gated.fails_at = 0
    aside, _ = filled(gated)
    gated.gate.release(100)
    with pytest.raises(SinkError, match="gate: broken"):
        for seq in range(6, 100_000):
            aside.write(extraction(seq))
    aside.close()
    assert gated.seqs == []
    assert gated.closed


def test_an_error_that_nobody_has_heard_of_is_raised_by_close(gated: GatedSink) -> None:
    gated.fails_at = 2
    aside, _ = filled(gated)
    gated.gate.release(100)
    with pytest.raises(SinkError, match="gate: broken"):
        aside.close()
    assert gated.seqs == [0, 1]
    aside.close()


def test_an_error_at_the_other_sinks_end_is_raised_by_close() -> None:
    class Unclosed(ListSink):
        def close(self) -> None:
            raise SinkError("disk: full")

    aside = Aside(Unclosed())
    aside.open(info())
    with pytest.raises(SinkError, match="disk: full"):
        aside.close()


def test_what_cannot_be_finished_in_time_is_left_and_told(gated: GatedSink) -> None:
    aside, _ = filled(gated)
    aside.deadline_s = 0.05
    with pytest.raises(SinkError, match=r"sink gated: not done in 0\.05 s; 2 frames were still waiting"):
        aside.close()


def test_one_that_cannot_be_opened_or_is_closed_takes_nothing() -> None:
    class Unopened(ListSink):
        def open(self, info: StreamInfo, position: bytes = b"") -> int:
            raise SinkError("folder: is a file")

    aside = Aside(Unopened())
    with pytest.raises(SinkError, match="is a file"):
        aside.open(info())
    aside.close()
    with pytest.raises(SinkError, match="is closed"):
        aside.write(extraction())


def test_left_it_finishes_its_frame_and_writes_and_closes_no_more(gated: GatedSink) -> None:
    aside, taken = filled(gated)
    assert sum(taken) == 3
    threading.Timer(0.1, gated.gate.release, (100,)).start()
    aside.leave()
    assert gated.seqs == [0]
    assert not gated.closed
