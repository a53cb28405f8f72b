from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamseg.config_output import ClipsConfig
from streamseg.sinks.clip_layout import HOLD_MS, clock, lay_out
from streamseg.sinks.clip_reel import Head, Picture

HEAD = Head("1-person", "street", 1, "person", (640, 360), (1, 1), ())


def picture(seq: int, box: tuple[int, int, int, int], *, pts_ns: int | None = None) -> Picture:
    centre = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return Picture(seq, seq * 40_000_000 if pts_ns is None else pts_ns, None, 0.5, box, centre)


boxes = st.tuples(st.integers(0, 600), st.integers(0, 320), st.integers(1, 90), st.integers(1, 90)).map(
    lambda box: (box[0], box[1], min(640, box[0] + box[2]), min(360, box[1] + box[3]))
)


@given(st.lists(boxes, min_size=1, max_size=12), st.integers(0, 20), st.integers(16, 200))
def test_every_picture_lies_on_the_canvas(places: list[tuple[int, int, int, int]], padding: int, most: int) -> None:
    pictures = [picture(seq, box) for seq, box in enumerate(places)]
    canvas = lay_out(pictures, HEAD, ClipsConfig(padding=padding, max_side=most))
    width, height = canvas.covers
    assert width % 2 == height % 2 == canvas.size[0] % 2 == canvas.size[1] % 2 == 0
    assert max(canvas.size) <= most and (max(canvas.covers) > most or canvas.size == canvas.covers)
    for (x0, y0, x1, y1), (left, top) in zip(places, canvas.offsets, strict=True):
        assert left + padding <= x0 and top + padding <= y0
        assert x1 <= left + width - padding and y1 <= top + height - padding


def test_the_canvas_follows_a_box_that_trembles_without_trembling() -> None:
    pictures = [picture(seq, (100 + 2 * seq + seq % 2, 50, 140 + 2 * seq, 150 + seq % 3)) for seq in range(40)]
    offsets = lay_out(pictures, HEAD, ClipsConfig()).offsets
    steps = [after[0] - before[0] for before, after in pairwise(offsets)]
    assert set(steps[2:]) == {2} and len({y for _, y in offsets}) == 1


def test_who_walks_out_of_the_frame_is_not_held_in_the_middle() -> None:
    """Only the visible part has a centre: where it is cut off, the path goes on as before."""
    pictures = [picture(seq, (max(0, 80 - 4 * seq), 50, 140 - 4 * seq, 150)) for seq in range(30)]
    canvas = lay_out(pictures, HEAD, ClipsConfig(padding=0))
    assert canvas.offsets[-1][0] < -20
    assert canvas.covers[0] < 90


def test_times_never_fall_together() -> None:
    pictures = [picture(seq, (0, 0, 9, 9), pts_ns=seq * 100_000) for seq in range(5)]
    assert [(moment.at_ms, moment.duration_ms) for moment in clock(pictures)] == [(i, 1) for i in range(5)]


def test_a_stream_whose_time_steps_back_still_has_a_clip() -> None:
    times_ns = [0, 40_000_000, 5_000_000_000, 80_000_000, 120_000_000, 160_000_000]
    pictures = [picture(seq, (10, 10, 50, 90), pts_ns=pts_ns) for seq, pts_ns in enumerate(times_ns)]
    assert lay_out(pictures, HEAD, ClipsConfig(padding=4)).covers == (48, 88)
    starts = [moment.at_ms for moment in clock(pictures)]
    assert starts == sorted(set(starts))


def test_a_slow_stream_is_not_empty_between_its_frames() -> None:
    pictures = [picture(seq, (0, 0, 9, 9), pts_ns=seq * 3_000_000_000) for seq in range(3)]
    assert [moment.index for moment in clock(pictures)] == [0, 1, 2]


@pytest.mark.parametrize(("gap_ms", "empty"), [(HOLD_MS, False), (HOLD_MS + 1, True)])
def test_where_frames_are_missing_a_picture_stays_for_a_while(gap_ms: int, empty: bool) -> None:
    pictures = [picture(0, (0, 0, 9, 9), pts_ns=0), picture(5, (0, 0, 9, 9), pts_ns=gap_ms * 1_000_000)]
    shown = [(moment.index, moment.at_ms) for moment in clock(pictures)]
    assert shown == [(0, 0), *([(None, HOLD_MS)] if empty else []), (1, gap_ms)]


def test_one_picture_lasts_as_long_as_one_usually_does() -> None:
    [moment] = clock([picture(7, (0, 0, 9, 9))])
    assert (moment.at_ms, moment.duration_ms) == (0, 40)
