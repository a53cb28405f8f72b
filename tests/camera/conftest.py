"""The camera that most tests share; each puts it right again."""

from collections.abc import Iterator

import pytest

from tests.servers import FaultyCamera


@pytest.fixture(scope="module")
def camera() -> Iterator[FaultyCamera]:
    """Over RTSP: 160x96, 50 a second, a loop of 100 pictures."""
    with FaultyCamera(fps=50.0, seconds=2.0) as running:
        yield running
