"""Names of colours."""

import numpy as np
import pytest

from streamseg.index.colours import NAMES, shares


def plain(rgb, alpha=255, size=(40, 30)):
    return np.full((*size, 4), (*rgb, alpha), np.uint8)


@pytest.mark.parametrize("rgb, name", [
    ((15, 12, 18), "black"), ((128, 128, 130), "grey"), ((240, 240, 238), "white"), ((200, 20, 25), "red"),
    ((250, 140, 20), "orange"), ((110, 65, 25), "brown"), ((250, 220, 30), "yellow"), ((30, 140, 50), "green"),
    ((30, 70, 200), "blue"), ((130, 30, 190), "purple"), ((250, 130, 190), "pink"), ((205, 15, 60), "red"),
])  # fmt: skip
def test_each_has_its_name(rgb, name):
    assert name in NAMES and shares(plain(rgb)) == {name: 1.0}


def test_shares_are_of_what_is_opaque_the_largest_first():
    rgba = plain((200, 20, 25))
    rgba[:12] = (30, 70, 200, 255)
    rgba[12:14] = (250, 220, 30, 255)
    rgba[34:] = (30, 140, 50, 60)
    assert list(shares(rgba).items()) == [
        ("red", pytest.approx(20 / 34, abs=0.02)),
        ("blue", pytest.approx(12 / 34, abs=0.02)),
    ]


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (1000, 7)])
def test_any_size(size):
    assert shares(plain((30, 70, 200), size=size)) == {"blue": 1.0}
    assert shares(plain((30, 70, 200), alpha=0, size=size)) == {}
