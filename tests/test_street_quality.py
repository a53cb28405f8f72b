"""The whole way on streets of unseen seeds (those under 1000 are never trained on): found, followed, outlined."""

import pytest

import streamseg
from streamseg.accounts import Account
from streamseg.config import Config, StreamConfig
from streamseg.inference import load_network
from streamseg.run import build
from streamseg.testing import StreetScore, score_against_truth, street_truth

SEEDS = (11, 27, 45)
WARM_UP = 12
"""Frames until tracks that were there from the start are confirmed and steady."""


def url(seed: int) -> str:
    return f"synthetic://street?seconds=3.6&size=1280x720&fps=10&seed={seed}"


@pytest.fixture(scope="module")
def score() -> StreetScore:
    truths, tracks = [], []
    for seed in SEEDS:
        for extraction in streamseg.open(url(seed), every="none"):
            seq = extraction.frame.seq
            if seq >= WARM_UP and seq % 6 == 0:
                truths.append(street_truth(url(seed), seq))
                tracks.append(extraction.tracks)
    return score_against_truth(truths, tracks)


@pytest.mark.timeout(300)
def test_objects_of_unseen_streets_are_found_and_outlined(score: StreetScore) -> None:
    assert score.truths > 100
    assert score.recall >= 0.85 and score.precision >= 0.85 and score.mask_iou >= 0.80, score


def test_the_account_of_a_street_closes() -> None:
    account = Account()
    config = Config()
    stream = StreamConfig(source="synthetic://street?seconds=2&size=320x180&fps=10&seed=5", name="street")
    frames = [e.frame.seq for e in build(stream, config, load_network(config.model), account=account)]
    totals = account.totals()
    assert frames == list(range(20))
    assert totals.closes and (totals.captured, totals.emitted, totals.in_flight) == (20, 20, 0)
