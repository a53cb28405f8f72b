"""Tokens: who has none, guesses, or guesses on from many addresses."""

import asyncio

import pytest
from fastapi import HTTPException
from starlette.requests import HTTPConnection

from streamseg.web import access as access_module
from streamseg.web.access import Access
from streamseg.web.callers import OWNER, Key

TOKEN = "right-and-16-long"


def ask(access, *, header=None, query="", client="10.0.0.7"):
    """The status, and what may be waited for."""
    headers = [] if header is None else [(b"authorization", header.encode("latin-1"))]
    scope = {
        "type": "http", "method": "GET", "path": "/", "server": ("127.0.0.1", 80), "client": (client, 1),
        "headers": headers, "query_string": query.encode(),
    }  # fmt: skip
    try:
        asyncio.run(access.or_in_query(HTTPConnection(scope)))
    except HTTPException as refused:
        return refused.status_code
    return 200


@pytest.mark.parametrize(
    ("header", "query", "status"),
    [
        (f"Bearer {TOKEN}", "", 200),
        (f"bearer  {TOKEN} ", "", 200),
        (None, f"access_token={TOKEN}", 200),
        (None, "", 401),
        ("Bearer", "", 401),
        ("Bearer ", "", 401),
        (f"Basic {TOKEN}", "", 401),
        (TOKEN, "", 401),
        (f"Bearer {TOKEN}x", "", 401),
        (f"Bearer {TOKEN[:-1]}", "", 401),
        (f"Bearer {TOKEN.upper()}", "", 401),
        (f"Bearer {TOKEN}\xff", "", 401),
        (f"Bearer {TOKEN}", "access_token=wrong", 401),
        (None, "access_token=", 401),
        (None, f"access_token={TOKEN}%00", 401),
        (None, "access_token=%ed%a0%80", 401),
    ],
)
def test_only_the_token_lets_in(header, query, status):
    assert ask(Access((Key(OWNER, TOKEN),)), header=header, query=query) == status


def test_who_guesses_is_not_listened_to_for_a_minute(monkeypatch):
    now_s = [1000.0]
    monkeypatch.setattr(access_module.time, "monotonic", lambda: now_s[0])
    access = Access((Key(OWNER, TOKEN),))
    assert [ask(access, header=f"Bearer guess-{number}") for number in range(12)] == [401] * 10 + [429] * 2
    assert ask(access, header=f"Bearer {TOKEN}") == 429, "not even with the right one"
    assert ask(access, query=f"access_token={TOKEN}") == 429, "nor by another way"
    assert ask(access, header=f"Bearer {TOKEN}", client="10.0.0.8") == 200, "others are"
    now_s[0] += 61
    assert ask(access, header=f"Bearer {TOKEN}") == 200


def test_who_has_no_token_yet_does_not_lock_himself_out():
    access = Access((Key(OWNER, TOKEN),))
    assert {ask(access) for _ in range(20)} == {401}
    assert ask(access, header=f"Bearer {TOKEN}") == 200


def test_many_addresses_take_no_more_memory():
    access = Access((Key(OWNER, TOKEN),))
    for number in range(5000):
        ask(access, header="Bearer guess", client=f"10.0.{number // 256}.{number % 256}")
    assert len(access._failures) <= 4096


def test_the_comparison_takes_the_same_time_whatever_is_right_of_it(monkeypatch):
    compared = []
    real = access_module.hmac.compare_digest
    monkeypatch.setattr(access_module.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    assert ask(Access((Key(OWNER, TOKEN),)), header=f"Bearer {TOKEN[:-1]}x") == 401
    assert compared == [(f"{TOKEN[:-1]}x".encode(), TOKEN.encode())]
