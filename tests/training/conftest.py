"""What tests of whole training runs share."""

import pytest

from streamseg.inference.net import PLANS, NetConfig


@pytest.fixture
def small_network(monkeypatch):
    """A network of few channels goes by the name of s."""
    config = NetConfig(widths=(8, 16, 16, 16), depths=(1, 1, 1, 1), prototypes=4, appearance=4)
    monkeypatch.setitem(PLANS, "s", config)
