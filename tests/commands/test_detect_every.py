"""--detect-every: a number of frames, or auto."""

import click
import pytest

from streamseg.commands.flag_types import DetectEvery
from streamseg.commands.flags_to_config import merge
from streamseg.config import Config
from streamseg.config_file import parse
from streamseg.errors import ConfigError


@pytest.mark.parametrize(("text", "every"), [("1", 1), ("12", 12), ("auto", "auto")])
def test_it_becomes_a_key(text: str, every: int | str) -> None:
    assert merge(Config(), {"detect_every": DetectEvery().convert(text, None, None)}).model.detect_every == every


@pytest.mark.parametrize("text", ["0", "101", "-1", "2.5", "often", ""])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="neither a number from 1 to 100 nor auto"):
        DetectEvery().convert(text, None, None)


@pytest.mark.parametrize("value", [0, 101, "often", 1.5])
def test_a_file_is_held_to_the_same(value: object) -> None:
    with pytest.raises(ConfigError, match="detect_every"):
        parse({"model": {"detect_every": value}}, "x.yaml")
