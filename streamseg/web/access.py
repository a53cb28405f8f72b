"""Who may ask: a token, compared in constant time; who guesses is soon not listened to."""

import hmac
import time
from collections import OrderedDict, deque

from fastapi import HTTPException, Request

_TRIES = 10
_WITHIN_S = 60.0
_CLIENTS_MOST = 4096


class Access:
    """A dependency of every route that is not open to all.

    The token comes as `Authorization: Bearer TOKEN`. After ten wrong ones within a minute an address is refused
    without a look (429) until the minute is over.

    Args:
        token: the right one; empty: everybody may ask.
    """

    def __init__(self, token: str):
        self._token = token.encode()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    async def __call__(self, request: Request) -> None:
        """Raises HTTPException 401 or 429."""
        if not self._token:
            return
        client = request.client.host if request.client else ""
        failures = self._recent(client)
        if len(failures) >= _TRIES:
            wait_s = max(1, round(failures[0] + _WITHIN_S - time.monotonic()))
            raise HTTPException(429, "too many wrong tokens", {"Retry-After": str(wait_s)})
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token):
            return
        if given:
            self._note(client, failures)
        raise HTTPException(401, "a token is needed: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})

    def _recent(self, client: str) -> deque[float]:
        failures = self._failures.get(client, deque())
        while failures and failures[0] < time.monotonic() - _WITHIN_S:
            failures.popleft()
        return failures

    def _note(self, client: str, failures: deque[float]) -> None:
        failures.append(time.monotonic())
        self._failures[client] = failures
        self._failures.move_to_end(client)
        while len(self._failures) > _CLIENTS_MOST:
            self._failures.popitem(last=False)
