"""The synthetic street as a source: URLs, times, sizes, and where it starts and ends."""

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from streamseg.capture.street import Street
from streamseg.capture.synthetic import StreetUrl, SyntheticSource, parse_street_url
from streamseg.config import CaptureConfig
from streamseg.errors import ConfigError
from streamseg.pixels import frame_rgb
from streamseg.records import Extraction, Frame, Place
from streamseg.testing import ListSink, ListSource

SMALL = "synthetic://street?seconds=1&size=96x64&fps=10&seed=2"


def frames(url: str = SMALL, **capture: object) -> list[Frame]:
    source = SyntheticSource(url, CaptureConfig(**capture), "street")
    source.open()
    return list(source)


def test_url_defaults_and_values() -> None:
    assert parse_street_url("synthetic://street") == StreetUrl(20.0, (720, 1280), Fraction(25), 1)
    ask = parse_street_url("synthetic://street?seconds=1.5&size=640x480&fps=30000/1001&seed=7")
    assert ask == StreetUrl(1.5, (480, 640), Fraction(30000, 1001), 7)
    assert ask.frames == 45


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("speed=2", ["'speed'", "seconds, size, fps, seed"]),
        ("seed=1&seed=2", ["'seed'", "twice"]),
        ("seconds=0", ["seconds='0'", "86400"]),
        ("seconds=86401", ["seconds='86401'", "86400"]),
        ("seconds=soon", ["seconds='soon'"]),
        ("fps=0", ["fps='0'", "240"]),
        ("fps=241", ["fps='241'", "240"]),
        ("fps=1/0", ["fps='1/0'"]),
        ("fps=nan", ["fps='nan'"]),
        ("size=63x64", ["size='63x64'", "64x64 to 7680x4320"]),
        ("size=1280", ["size='1280'"]),
        ("size=7681x720", ["size='7681x720'"]),
        ("size=-640x480", ["size='-640x480'"]),
        ("seed=-1", ["seed='-1'", "0"]),
        ("seed=1.5", ["seed='1.5'"]),
        ("seed=", ["seed=''"]),
    ],
)
def test_bad_urls_name_key_value_and_range(query: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        SyntheticSource(f"synthetic://street?{query}", CaptureConfig(), "a")
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words)


def test_other_scenes_are_refused() -> None:
    with pytest.raises(ConfigError, match="synthetic://street"):
        parse_street_url("synthetic://forest?seed=1")


def test_open_tells_what_comes() -> None:
    info = SyntheticSource(SMALL, CaptureConfig(), "cam").open()
    assert (info.name, info.size_hw, info.fps, info.live) == ("cam", (64, 96), Fraction(10), False)
    assert (info.frames, info.duration_s) == (10, 1.0)


def test_frames_carry_exact_times_and_the_streets_pixels() -> None:
    got = frames()
    assert [f.seq for f in got] == list(range(10))
    assert [f.pts_ns for f in got] == [i * 100_000_000 for i in range(10)]
    assert {(f.stream, f.color.matrix, f.color.full_range, f.color.chroma_site) for f in got} == {
        ("street", "bt709", False, "center")
    }
    rendered = Street(seed=2, size_hw=(64, 96), fps=10).render(4).rgb
    luma = rendered @ np.array([0.2126, 0.7152, 0.0722])
    back = frame_rgb(got[4]) @ np.array([0.2126, 0.7152, 0.0722])
    assert np.abs(luma - back).mean() < 2.5


def test_times_of_a_broken_rate_do_not_drift() -> None:
    ask = parse_street_url("synthetic://street?fps=30000/1001&seconds=3600")
    assert ask.pts_ns(30000) == 1_001_000_000_000


def test_start_end_and_most_frames() -> None:
    cut = frames(start=0.25, end=0.8)
    assert [f.pts_ns for f in cut] == [300_000_000, 400_000_000, 500_000_000, 600_000_000, 700_000_000]
    assert [f.seq for f in cut] == list(range(5))
    assert len(frames(max_frames=3)) == 3
    whole = frames()
    assert np.array_equal(cut[0].planes.y, whole[3].planes.y)
    assert len(frames(end=99)) == 10


def test_a_start_behind_the_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="start 5 s"):
        SyntheticSource(SMALL, CaptureConfig(start=5), "a")


def test_close_ends_the_iteration() -> None:
    source = SyntheticSource(SMALL, CaptureConfig(), "a")
    source.open()
    iterator = iter(source)
    next(iterator)
    source.close()
    assert list(iterator) == []
    assert source.dropped == {}


def test_odd_sizes_have_rounded_up_chroma() -> None:
    frame = frames("synthetic://street?seconds=0.1&size=97x65&fps=10")[0]
    assert frame.planes.y.shape == (65, 97)
    assert frame.planes.u.shape == frame.planes.v.shape == (33, 49)


def test_lists_as_source_and_sink() -> None:
    got = frames(max_frames=3)
    source, sink = ListSource(got), ListSink()
    info = source.open()
    assert (info.frames, info.size_hw) == (3, (64, 96))
    assert sink.open(info) == -1
    for frame in islice(source, 2):
        assert sink.write(Extraction(frame, ()))
    source.close()
    sink.close()
    assert [e.frame.seq for e in sink.extractions] == [0, 1]
    assert list(source) == []
    assert sink.closed


@pytest.mark.parametrize("index", [0, 2, 4])
def test_goes_on_after_any_frame(index: int) -> None:
    capture = CaptureConfig(start=0.25, end=0.9, max_frames=5)
    whole, successor = frames(start=0.25, end=0.9, max_frames=5), SyntheticSource(SMALL, capture, "street")
    after = Place(index, whole[index].pts_ns, exact=successor.exact)
    assert successor.open(after) == SyntheticSource(SMALL, capture, "street").open()
    rest = list(successor)
    assert [(f.seq, f.pts_ns) for f in rest] == [(f.seq, f.pts_ns) for f in whole[index + 1 :]]
    for one, other in zip(rest, whole[index + 1 :], strict=True):
        assert np.array_equal(one.planes.y, other.planes.y) and np.array_equal(one.planes.v, other.planes.v)


def test_a_list_goes_on_too() -> None:
    got = frames(max_frames=4)
    source = ListSource(got)
    assert source.open(Place(1, got[1].pts_ns)).frames == 4
    assert [f.seq for f in source] == [2, 3]
