"""Flags for what pictures look like."""

import click
import pytest

from streamseg.commands.flags_to_config import merge
from streamseg.commands.look_flags import Drawn
from streamseg.config import Config


@pytest.mark.parametrize(
    ("text", "shown", "trail_s"),
    [
        ("none", set(), 0.0),
        ("masks", {"masks"}, 0.0),
        ("labels, outlines", {"labels", "outlines"}, 0.0),
        ("masks,outlines,labels,trails", {"masks", "outlines", "labels"}, 2.0),
    ],
)
def test_what_is_not_named_is_not_drawn(text: str, shown: set[str], trail_s: float) -> None:
    video = merge(Config(), {"draw": Drawn().convert(text, None, None)}).video
    assert {name for name in ("masks", "outlines", "labels") if getattr(video, name)} == shown
    assert video.trail_s == trail_s


def test_nothing_changes_without_the_flag() -> None:
    assert merge(Config(), {"draw": None}) == Config()


@pytest.mark.parametrize("text", ["", "boxes", "masks,", "none,masks"])
def test_what_is_not_drawn_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"allowed are masks, outlines, labels, trails, .* or none"):
        Drawn().convert(text, None, None)


def test_privacy_and_the_clean_plate() -> None:
    config = merge(Config(), {"privacy": "fill", "privacy_classes": ["person"], "clean_plate": True})
    assert (config.video.privacy, config.video.privacy_classes) == ("fill", ["person"])
    assert config.clean_plate.enabled
