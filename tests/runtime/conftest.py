"""What the tests of links share: a private folder with a short path, a ZeroMQ context that must end empty."""

import tempfile
from pathlib import Path
from threading import Thread

import pytest
import zmq


@pytest.fixture
def folder():
    """A directory of mode 0700; pytest's own paths may be too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="bells-") as name:
        yield Path(name)


@pytest.fixture
def context():
    """A context of the test's own; ending it waits for every socket of it to be closed."""
    context = zmq.Context()
    yield context
    ending = Thread(target=context.term, daemon=True)
    ending.start()
    ending.join(30)
    assert not ending.is_alive(), "a socket was left open"
