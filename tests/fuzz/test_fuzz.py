"""Whatever comes: it is taken, or refused by one of our errors; a hundred tries of each kind (see tests/chaos)."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.target import Target, bounded_memory
from tests.fuzz.targets import TARGETS

EXAMPLES = 100


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_what_is_good_is_taken(target: Target) -> None:
    for seed in target.seeds():
        target.read(seed)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_what_is_not_is_refused(target: Target) -> None:
    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(target.inputs)
    def check(content: bytes) -> None:
        target.check(content)

    with bounded_memory():
        check()
