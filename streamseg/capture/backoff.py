"""How long to wait between two tries to reconnect: exponential with jitter, up to a longest wait.

Source: "equal jitter", M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
"""

from random import SystemRandom

_FIRST_S = 0.5


class Backoff:
    """Waits for one row of failures: each is half to all of 0.5 s, 1 s, 2 s ... up to max_s."""

    def __init__(self, max_s: float) -> None:
        self._max_s = max_s
        self._tries = 0
        self._random = SystemRandom()

    def next_s(self) -> float:
        """Seconds to wait before the next try; cameras that fell together must not come back together."""
        longest = min(self._max_s, _FIRST_S * 2.0 ** min(self._tries, 32))
        self._tries += 1
        return longest * self._random.uniform(0.5, 1.0)
