import threading
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest

from streamseg.capture.freshest import Freshest
from streamseg.errors import SourceUnreachable
from streamseg.records import Frame, Place, Planes, StreamInfo

_PLANES = Planes(*(np.zeros((2, 2), np.uint8) for _ in range(3)))


class _Scripted:
    """A source whose frames come when the test says so."""

    def __init__(self, play: Callable[["_Scripted"], Iterator[int]]) -> None:
        self.dropped: dict[str, int] = {}
        self.closed = threading.Event()
        self.go_on = threading.Event()
        self._play = play
        self.after: Place | None = None

    def open(self, after: Place | None = None) -> StreamInfo:
        self.after = after
        return StreamInfo("x", "rtsp://x", (2, 2), Fraction(25), True)

    def __iter__(self) -> Iterator[Frame]:
        for index in self._play(self):
            yield Frame("x", index, index * 1000, _PLANES)

    def close(self) -> None:
        self.closed.set()
        self.go_on.set()


def test_every_frame_that_is_fetched_in_time(  # a fetched frame lets the next one come
) -> None:
    def play(source: _Scripted) -> Iterator[int]:
        for index in range(5):
            yield index
            source.go_on.wait()
            source.go_on.clear()

    source = _Scripted(play)
    fresh, seen = Freshest(source), []
    for frame in fresh:
        seen.append((frame.seq, frame.pts_ns))
        source.go_on.set()
    assert seen == [(i, i * 1000) for i in range(5)]
    assert fresh.dropped == {}


def test_unread_frames_are_stale_and_seq_has_no_gap() -> None:
    def play(source: _Scripted) -> Iterator[int]:
        yield 0
        source.go_on.wait()
        yield from range(1, 8)

    source = _Scripted(play)
    frames = iter(Freshest(source))
    first = next(frames)
    source.go_on.set()
    for thread in threading.enumerate():
        if thread.name == "freshest":
            thread.join()
    assert [(f.seq, f.pts_ns) for f in (first, *frames)] == [(0, 0), (1, 7000)]
    assert source.dropped == {"stale": 6}


def test_the_last_frame_comes_before_the_error() -> None:
    def play(source: _Scripted) -> Iterator[int]:
        yield 0
        raise SourceUnreachable("rtsp://x: gone")

    seen = []
    with pytest.raises(SourceUnreachable, match="gone"):
        seen.extend(f.seq for f in Freshest(_Scripted(play)))
    # list.extend keeps what came before the error
    assert seen == [0]


def test_close_from_another_thread_ends_a_wait() -> None:
    def play(source: _Scripted) -> Iterator[int]:
        source.go_on.wait()
        yield from ()

    source = _Scripted(play)
    fresh = Freshest(source)
    waiting = threading.Thread(target=lambda: list(fresh))
    waiting.start()
    fresh.close()
    waiting.join(timeout=10)
    assert not waiting.is_alive()
    assert source.closed.is_set()


def test_leaving_the_loop_closes_the_source() -> None:
    def play(source: _Scripted) -> Iterator[int]:
        count = 0
        while not source.closed.is_set():
            yield count
            count += 1

    source = _Scripted(play)
    frames = iter(Freshest(source))
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert source.closed.is_set()


def test_seq_goes_on_after_a_place() -> None:
    def play(source: _Scripted) -> Iterator[int]:
        yield 40
        source.go_on.wait()
        yield 41

    source, after = _Scripted(play), Place(6, 1000, 5)
    fresh = Freshest(source)
    fresh.open(after)
    assert source.after == after
    seen = []
    for frame in fresh:
        seen.append((frame.seq, frame.pts_ns))
        source.go_on.set()
    assert seen == [(7, 40_000), (8, 41_000)]


@pytest.mark.parametrize("exact", [True, False])
def test_exact_is_what_the_source_says(exact: bool) -> None:
    source = _Scripted(lambda _: iter(()))
    source.exact = exact  # type: ignore[attr-defined]
    assert Freshest(source).exact == exact
