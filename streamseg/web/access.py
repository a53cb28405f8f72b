"""Who may ask, and for what: tokens, compared in constant time; who guesses is soon not listened to."""

import hashlib
import hmac
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from urllib.parse import urlsplit

from fastapi import HTTPException
from itsdangerous import BadData, TimestampSigner
from starlette.requests import HTTPConnection

from streamseg.web.callers import OWNER, Caller, Key

_TRIES = 10
_WITHIN_S = 60.0
_CLIENTS_MOST = 4096
_HARMLESS = ("GET", "HEAD", "OPTIONS")

SESSION_S = 30 * 86_400
"""So long a browser that signed in need not do so again, if the token is the same."""


class Access:
    """A dependency of every route that is not open to all; it notes who asks as `state.caller`.

    A token comes as `Authorization: Bearer TOKEN`, or a browser has the cookie that it got for one. After ten wrong
    tokens within a minute an address is refused without a look (429) until the minute is over.

    Args:
        keys: who may ask; none: everybody may do anything.
    """

    def __init__(self, keys: Sequence[Key]):
        self._keys = tuple(keys)
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    @property
    def open_to_all(self) -> bool:
        """Whether no token is asked for."""
        return not self._keys

    async def __call__(self, connection: HTTPConnection) -> Caller:
        """Raises HTTPException 401, 403 or 429."""
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        if given:
            return self._let_in(
                connection, self.key_of(connection, given.strip() if scheme.lower() == "bearer" else "")
            )
        key = self._of_cookie(connection)
        if key is None and self._keys:
            raise _needed()
        if connection.scope.get("method") not in _HARMLESS and not _is_same_origin(connection):
            raise HTTPException(403, "pages of other sites may not do this")
        return self._let_in(connection, key)

    async def or_in_query(self, connection: HTTPConnection) -> Caller:
        """The same, where the token may also come as `?access_token=TOKEN` (RFC 6750, section 2.3)."""
        given = connection.query_params.get("access_token")
        return await self(connection) if given is None else self._let_in(connection, self.key_of(connection, given))

    def key_of(self, connection: HTTPConnection, token: str) -> Key | None:
        """Whose token it is; None where none is needed. Raises HTTPException 401 or 429."""
        if not self._keys:
            return None
        client = connection.client.host if connection.client else ""
        failures = self._recent(client)
        if len(failures) >= _TRIES:
            wait_s = max(1, round(failures[0] + _WITHIN_S - time.monotonic()))
            raise HTTPException(429, "too many wrong tokens", {"Retry-After": str(wait_s)})
        # all are compared, whichever is right
        right = [key for key in self._keys if hmac.compare_digest(token.encode(errors="replace"), key.token.encode())]
        if not right:
            self._note(client, failures)
            raise _needed()
        return right[0]

    def cookie_of(self, connection: HTTPConnection) -> str:
        """Its name: browsers tell servers at different ports of a host the same cookies."""
        return f"streamseg-{connection.url.port or ''}"

    def cookie_for(self, key: Key) -> str:
        """What a browser brings back in place of the token; nobody can read that from it."""
        return _signer(key).sign(key.caller.name).decode()

    def _of_cookie(self, connection: HTTPConnection) -> Key | None:
        given = connection.cookies.get(self.cookie_of(connection), "")
        for key in self._keys:
            try:
                if _signer(key).unsign(given, max_age=SESSION_S) == key.caller.name.encode():
                    return key
            except BadData:
                continue
        return None

    def _let_in(self, connection: HTTPConnection, key: Key | None) -> Caller:
        caller = OWNER if key is None else key.caller
        connection.state.caller = caller
        return caller

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


def _needed() -> HTTPException:
    return HTTPException(401, "a token is needed: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})


def _signer(key: Key) -> TimestampSigner:
    return TimestampSigner(key.token, salt="streamseg.session", digest_method=hashlib.sha256, key_derivation="hmac")


def _is_same_origin(connection: HTTPConnection) -> bool:
    """Whether no page of another site asks: a browser sends cookies along with what such a page asks for."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")
