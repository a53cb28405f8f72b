"""Where zones lie: in pixels or shares of the frame; hidden from the network, or from everybody."""

import numpy as np
import pytest

from streamseg.capture import open_source
from streamseg.capture.privacy import Veiled
from streamseg.capture.status import SourceStatus
from streamseg.config import CaptureConfig, StreamConfig, ZoneConfig
from streamseg.pixels import frame_rgb
from streamseg.preprocess.fit_view import GREY, FitView
from streamseg.records import Color, Frame, Planes
from streamseg.zones import covered, in_pixels

BOX = [(10, 6), (30, 6), (30, 26), (10, 26)]


def zone(kind, polygon=BOX, name="zone"):
    return ZoneConfig(name=name, polygon=polygon, kind=kind)


def white(size_hw=(48, 64), color=None):
    height, width = size_hw
    half = (height + 1) // 2, (width + 1) // 2
    planes = Planes(np.full(size_hw, 200, np.uint8), np.full(half, 90, np.uint8), np.full(half, 170, np.uint8))
    return Frame("gate", 0, 0, planes, color or Color())


class Still:
    """A source of the same frame."""

    exact = True

    def __init__(self, *frames):
        self.frames, self.dropped = frames, {}

    def __iter__(self):
        return iter(self.frames)


def test_shares_and_pixels():
    assert in_pixels([(0, 0), (1, 0.5), (0.25, 1)], (40, 80)).tolist() == [[0, 0], [80, 20], [20, 40]]
    assert in_pixels([(0, 0), (2, 0.5), (1, 1)], (40, 80)).tolist() == [[0, 0], [2, 0.5], [1, 1]]


def test_a_polygon_covers_its_pixels():
    mask = covered([in_pixels(BOX, (48, 64))], (48, 64)).astype(bool)
    assert mask[6:26, 10:30].all() and not mask[:5].any() and not mask[:, 32:].any() and mask.sum() < 23 * 23


@pytest.mark.parametrize(("size_hw", "full_range"), [((48, 64), False), ((47, 63), True)])
def test_nothing_is_left_of_a_privacy_zone(size_hw, full_range):
    frame = white(size_hw, Color(full_range=full_range))
    [veiled] = Veiled(Still(frame), [zone("privacy"), zone("watch", [(0, 0), (60, 0), (60, 40)], "other")])
    y, u, v = veiled.planes.y, veiled.planes.u, veiled.planes.v
    assert (y[6:26, 10:30] == (0 if full_range else 16)).all()
    assert (u[3:13, 5:15] == 128).all() and (v[3:13, 5:15] == 128).all()
    assert frame_rgb(veiled)[8:24, 12:28].max() == 0, "at the border chroma of outside shows"
    assert (y[28:] == 200).all() and (u[:, 17:] == 90).all()
    assert (frame.planes.y == 200).all(), "what the decoder lent stays as it is"
    assert veiled.notes == ("privacy zones blacked out",)


def test_every_pixel_that_a_zone_touches_is_gone_with_its_colour():
    slanted = [(11.3, 5.2), (33.7, 9.9), (20.1, 31.6)]
    [veiled] = Veiled(Still(white()), [zone("privacy", slanted)])
    black = veiled.planes.y == 16
    assert black[covered([in_pixels(slanted, (48, 64))], (48, 64)) > 0].all()
    blocks = black.reshape(24, 2, 32, 2)
    assert (blocks.all((1, 3)) == blocks.any((1, 3))).all(), "whole chroma samples"
    assert (blocks.any((1, 3)) == (veiled.planes.u == 128)).all()


def test_what_a_source_says_of_itself_is_said_through_the_veil():
    source = Still(white())
    source.status, source.exact = SourceStatus("stalled", "no packet", 3), False
    veiled = Veiled(source, [zone("privacy")])
    assert (veiled.status, veiled.exact) == (source.status, False)
    assert veiled.dropped is source.dropped


def test_a_stream_with_privacy_zones_is_never_seen_without_them():
    url = "synthetic://street?seconds=1&size=160x96&fps=10"
    stream = StreamConfig(source=url, name="street", zones=[zone("privacy", [(0, 0), (0.5, 0), (0.5, 1), (0, 1)])])
    source = open_source(stream, CaptureConfig(max_frames=2))
    source.open()
    frames = list(source)
    source.close()
    assert len(frames) == 2 and all((frame.planes.y[:, :80] == 16).all() for frame in frames)
    assert all(frame.planes.y[:, 84:].std() > 5 for frame in frames)


def test_the_network_does_not_see_what_is_excluded():
    fit = FitView((96, 128), zones=[zone("exclude")])
    sample = fit(white())
    hidden = (sample.view == GREY).all(-1)
    assert hidden[13:51, 21:59].all() and not hidden[:10].any() and not hidden[:, 64:].any()
    assert (FitView((96, 128))(white()).view != GREY).any(-1).all()


def test_the_network_sees_what_is_included_less_what_is_excluded():
    left = [(0, 0), (0.5, 0), (0.5, 1), (0, 1)]
    view = FitView((96, 128), zones=[zone("include", left), zone("exclude", BOX, "tree")])(white()).view
    hidden = (view == GREY).all(-1)
    assert hidden[:, 68:].all() and hidden[13:51, 21:59].all()
    assert not hidden[:, :18].any() and not hidden[56:, :62].any()


def test_another_size_of_frame_gets_its_own_place():
    fit = FitView((96, 128), zones=[zone("exclude", [(0.5, 0), (1, 0), (1, 1), (0.5, 1)])])
    for size_hw in ((48, 64), (96, 64), (48, 64)):
        sample = fit(white(size_hw))
        left, right = sample.fit.apply([[0, 0], [size_hw[1] / 2, 0]])[:, 0]
        hidden = (sample.view == GREY).all(-1)[48]
        assert hidden[int(right) + 2 :].all() and not hidden[int(left) + 2 : int(right) - 2].any()


def test_zones_may_change_while_it_is_read():
    veiled = Veiled(Still(white(), white(), white()), [])
    frames = iter(veiled)
    seen = [next(frames)]
    veiled.change([zone("privacy", [(0, 0), (0.5, 0), (0.5, 1), (0, 1)])])
    seen.append(next(frames))
    veiled.change([zone("watch")])
    seen.append(next(frames))
    assert [bool((frame.planes.y[:, 0] == 16).all()) for frame in seen] == [False, True, False]
