"""Takes letters out of an outbox, one after the other, and has a carrier bring each; a thread of its own."""

import logging
import threading
from collections import Counter
from typing import Literal, Protocol

from streamseg.errors import told
from streamseg.sinks.outbox import Letter, Outbox

log = logging.getLogger(__name__)

Fate = Literal["delivered", "given_up", "stopped"]

_STOP_S = 1.0
"""A carrier that is told to stop has so long to say goodbye."""


class Carrier(Protocol):
    """A way out. The courier's thread alone calls it."""

    def carry(self, letter: Letter, stopping: threading.Event) -> Fate:
        """Bring a letter, however long it takes; "stopped" soon after stopping is set."""

    def end(self) -> None:
        """No letter follows: let go of the connection."""


class Courier:
    """Works until its outbox is closed and empty.

    Args:
        name: of the sink and its stream, for the log.
        outbox: where letters come from.
        carrier: where they go.
    """

    def __init__(self, name: str, outbox: Outbox, carrier: Carrier):
        self.fates: Counter[str] = Counter()
        """How many letters had which fate."""
        self._name, self._outbox, self._carrier = name, outbox, carrier
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"courier-{name}", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def finish(self, patience_s: float) -> None:
        """Close the outbox and wait for what is in it; whoever still works after that is left to himself."""
        self._outbox.close()
        self._thread.join(patience_s)
        if self._thread.is_alive():
            self._stopping.set()
            self._thread.join(_STOP_S)

    def _work(self) -> None:
        try:
            while not self._stopping.is_set() and (letter := self._outbox.next()) is not None:
                fate = self._carried(letter)
                if fate == "stopped":
                    break
                self._outbox.done(letter)
                self.fates[fate] += 1
        finally:
            self._carrier.end()

    def _carried(self, letter: Letter) -> Fate:
        try:
            return self._carrier.carry(letter, self._stopping)
        except Exception as error:
            log.exception("sink=%s id=%s given_up=1 error=%s", self._name, letter.id, told(error))
            return "given_up"
