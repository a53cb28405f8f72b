"""A recording goes on after any of its frames as if nothing had happened: FileSource.open(after)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamseg.capture.file import FileSource
from streamseg.config import CaptureConfig
from streamseg.errors import SourceInvalid
from streamseg.records import Frame, Place, StreamInfo

from .clips import DOUBTFUL, NAMES, make_clips
from .conftest import WriteClip

_DAMAGED = ("damaged", "holed", "scratched")
"""What stands in for the lost parts of a picture depends on chance where frames are decoded side by side."""


@dataclass(frozen=True)
class Told:
    """All that a run told: its frames, and after each one the place and the drops; how it ended."""

    info: StreamInfo
    frames: list[Frame]
    places: list[Place]
    dropped: list[dict[str, int]]
    error: str | None


def _run(path: Path, after: Place | None = None, **capture: Any) -> Told:
    threads = 1 if path.stem.startswith(_DAMAGED) else 2
    source = FileSource(str(path), CaptureConfig(**{"threads": threads, **capture}), "clip")
    told = Told(source.open(after), [], [], [], None)
    try:
        for frame in source:
            told.frames.append(frame)
            told.places.append(Place(frame.seq, frame.pts_ns, frame.arrived_ns, source.exact))
            told.dropped.append(dict(source.dropped))
    except SourceInvalid as error:
        return replace(told, error=str(error))
    return told


def _assert_goes_on(whole: Told, rest: Told, after: Place) -> None:
    done = after.seq + 1
    assert rest.info == whole.info
    assert rest.error == whole.error
    assert [f.seq for f in rest.frames] == [f.seq for f in whole.frames[done:]]
    for one, other in zip(rest.frames, whole.frames[done:], strict=True):
        _assert_equal(one, other)
    assert [p.exact for p in rest.places] == [p.exact for p in whole.places[done:]]
    before = whole.dropped[after.seq].get("undecodable", 0)
    for one, other in zip(rest.dropped, whole.dropped[done:], strict=True):
        assert before + one.get("undecodable", 0) == other.get("undecodable", 0)


def _assert_equal(one: Frame, other: Frame) -> None:
    assert replace(one, planes=other.planes, arrived_ns=0) == replace(other, arrived_ns=0)
    for name in ("y", "u", "v"):
        np.testing.assert_array_equal(getattr(one.planes, name), getattr(other.planes, name))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every kind of clip by name."""
    return make_clips(tmp_path_factory.mktemp("clips"))


@cache
def _undisturbed(path: Path, start: float, end: float | None, max_frames: int | None) -> Told:
    return _run(path, start=start, end=end, max_frames=max_frames)


@pytest.mark.parametrize("name", NAMES)
def test_goes_on_after_its_ends_and_middle(clips: dict[str, Path], name: str) -> None:
    whole = _undisturbed(clips[name], 0, None, None)
    assert len(whole.frames) > 20
    for index in (0, len(whole.frames) // 2, len(whole.frames) - 1):
        _assert_goes_on(whole, _run(clips[name], whole.places[index]), whole.places[index])


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.3, 1.28]),
    st.sampled_from([None, 1.5, 3.0]),
    st.sampled_from([None, 1, 17]),
)
def test_goes_on_anywhere(
    clips: dict[str, Path], name: str, index: int, start: float, end: float | None, max_frames: int | None
) -> None:
    whole = _undisturbed(clips[name], start, end, max_frames)
    if whole.places:
        after = whole.places[index % len(whole.places)]
        rest = _run(clips[name], after, start=start, end=end, max_frames=max_frames)
        _assert_goes_on(whole, rest, after)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(NAMES), st.lists(st.integers(0, 12), min_size=2, max_size=4))
def test_goes_on_again_and_again(clips: dict[str, Path], name: str, steps: list[int]) -> None:
    whole = _undisturbed(clips[name], 0, None, None)
    after = whole.places[0]
    for step in steps:
        rest = _run(clips[name], after, max_frames=after.seq + 2 + step)
        after = rest.places[-1]
    assert after.exact == whole.places[after.seq].exact
    _assert_goes_on(whole, _run(clips[name], after), after)


def test_exact_until_a_time_stamp_was_made_up(clips: dict[str, Path]) -> None:
    exact = {name: [p.exact for p in _undisturbed(clips[name], 0, None, None).places] for name in NAMES}
    assert all(exact["b-frames"]) and all(exact["variable-rate"]) and all(exact["open-gop-long"])
    assert not any(exact["no-time-stamps"][1:])
    assert exact["doubled"] == [True] * 6 + [False] * 54
    assert exact["spliced"] == [True] * 30 + [False] * 30


def test_it_seeks_where_it_can(clips: dict[str, Path], tmp_path: Path) -> None:
    whole = _undisturbed(clips["b-frames"], 0, None, None)
    after = whole.places[40]
    content = bytearray(clips["b-frames"].read_bytes())
    with av.open(str(clips["b-frames"])) as container:
        packets = [p for p in container.demux(video=0) if p.dts is not None]
    # what lies between the first picture and the last key picture before the place is gone
    key = max(p.pos for p in packets if p.is_keyframe and p.pts <= packets[40].pts)
    content[packets[1].pos : key] = bytes(key - packets[1].pos)
    holed = tmp_path / "holed.mp4"
    holed.write_bytes(content)
    rest = _run(holed, after)
    assert len(rest.frames) == len(whole.frames) - 41
    for one, other in zip(rest.frames, whole.frames[41:], strict=True):
        _assert_equal(one, other)


@pytest.mark.parametrize("exact", [True, False])
def test_counts_where_no_picture_has_the_place_s_time(clips: dict[str, Path], exact: bool) -> None:
    whole = _undisturbed(clips["b-frames"], 0, None, None)
    misled = replace(whole.places[30], pts_ns=whole.places[30].pts_ns + 11, exact=exact)
    _assert_goes_on(whole, _run(clips["b-frames"], misled), whole.places[30])


def test_every_place_on_the_way_to_a_key_picture(clips: dict[str, Path]) -> None:
    whole = _undisturbed(clips["open-gop"], 0, None, None)
    for after in whole.places[8:28]:
        _assert_goes_on(whole, _run(clips["open-gop"], after, threads=1), after)


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_a_seek_would_get_wrong(clips: dict[str, Path], name: str) -> None:
    whole = _undisturbed(clips[name], 0, None, None)
    for after in whole.places[1::7]:
        _assert_goes_on(whole, _run(clips[name], after), after)


def test_read_twice_from_a_place(clips: dict[str, Path]) -> None:
    after = _undisturbed(clips["b-frames"], 0, None, None).places[9]
    source = FileSource(str(clips["b-frames"]), CaptureConfig(max_frames=14), "clip")
    source.open(after)
    assert [f.seq for f in source] == [f.seq for f in source] == [10, 11, 12, 13]


@pytest.fixture
def stopped(clips: dict[str, Path]) -> Iterator[FileSource]:
    source = FileSource(str(clips["no-time-stamps"]), CaptureConfig(), "clip")
    source.open(Place(50, 0, exact=False))
    yield source
    source.close()


def test_close_before_the_place_is_reached(stopped: FileSource) -> None:
    stopped.close()
    assert list(stopped) == []


def test_a_place_behind_the_end_gives_nothing(write_clip: WriteClip) -> None:
    assert _run(write_clip("short.mp4", frames=5), Place(9, 900_000_000)).frames == []
