"""Who may ask: a token, compared in constant time; who guesses is soon not listened to."""

import hmac
import time
from collections import OrderedDict, deque

from fastapi import HTTPException
from starlette.requests import HTTPConnection

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

    @property
    def open_to_all(self) -> bool:
        """Whether no token is asked for."""
        return not self._token

    async def __call__(self, connection: HTTPConnection) -> None:
        """Raises HTTPException 401 or 429."""
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        self._check(connection, given.strip(), presented=bool(given), right=scheme.lower() == "bearer")

    async def or_in_query(self, connection: HTTPConnection) -> None:
        """The same, where the token may also come as `?access_token=TOKEN` (RFC 6750, section 2.3)."""
        given = connection.query_params.get("access_token")
        if given is None:
            await self(connection)
        else:
            self._check(connection, given)

    def _check(self, connection: HTTPConnection, given: str, *, presented: bool = True, right: bool = True) -> None:
        if not self._token:
            return
        client = connection.client.host if connection.client else ""
        failures = self._recent(client)
        if len(failures) >= _TRIES:
            wait_s = max(1, round(failures[0] + _WITHIN_S - time.monotonic()))
            raise HTTPException(429, "too many wrong tokens", {"Retry-After": str(wait_s)})
        if right and hmac.compare_digest(given.encode(), self._token):
            return
        if presented:
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
