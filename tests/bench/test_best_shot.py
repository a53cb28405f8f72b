"""The bar of best shots, on a short street: see best_shot.py for the whole measurement."""

import numpy as np
import pytest

from streamseg.config import Config
from streamseg.inference import load_network
from tests.bench.best_shot import RULES, Life, Picture, figure, lives

URL = "synthetic://street?seconds=6&size=960x540&fps=5&seed=7"


@pytest.fixture(scope="module")
def judged() -> list[Life]:
    config = Config.model_validate({"cutouts": {"every": "best", "matte": "mask"}})
    return lives(URL, config, load_network(config.model))


def mean(judged: list[Life], rule: str) -> float:
    return float(np.mean([figure(life, RULES[rule]) for life in judged]))


def test_best_shots_show_nearly_all_that_could_be_shown(judged: list[Life]) -> None:
    assert len(judged) >= 20
    assert mean(judged, "streamseg") >= 0.95


def test_no_simple_rule_is_as_good(judged: list[Life]) -> None:
    assert all(mean(judged, "streamseg") > mean(judged, rule) for rule in RULES if rule != "streamseg")


def test_a_figure_is_what_a_rule_shows_of_what_there_was() -> None:
    pictures = [Picture(0, 7, 0.4, 10.0, 0.9), Picture(1, 7, 0.8, 30.0, 0.5), Picture(2, None, 0.0, 20.0, 0.6)]
    life = Life(pictures, [0, 1])
    wanted = {"streamseg": 1, "first": 0.5, "last": 0, "largest box": 1, "highest score": 0.5}
    assert {name: figure(life, rule) for name, rule in RULES.items()} == wanted
