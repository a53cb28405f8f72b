"""Whatever cannot be done is told in the same form: {"error": one line}."""

import re
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException

from streamseg.web.asking import Refused
from streamseg.web.callers import Caller

_MOST_TOLD = 8


class Fault(BaseModel):
    """What is said where something cannot be done, in one line."""

    error: str


FAULTS: dict[int | str, dict[str, Any]] = {
    status: {"model": Fault, "description": told}
    for status, told in (
        (400, "not understood"),
        (401, "a token is needed"),
        (403, "not for this caller"),
        (404, "no such thing"),
        (409, "not now"),
        (410, "it is over"),
        (413, "too large"),
        (422, "not what is allowed"),
        (429, "too many wrong tokens"),
        (503, "cannot be answered just now"),
    )
}
"""What any route may answer besides what it is for."""


def tell_faults(app: FastAPI) -> None:
    """Have all of them told so."""

    @app.exception_handler(Refused)
    async def refused(request: Request, refusal: Refused) -> JSONResponse:
        caller: Caller | None = getattr(request.state, "caller", None)
        # which streams there are is told to those only who may see all of them
        hidden = refusal.status == 404 and (caller is None or not caller.may_see_all)
        return JSONResponse({"error": "no such thing" if hidden else str(refusal)}, refusal.status)

    @app.exception_handler(StarletteHTTPException)
    async def raised(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(app, request.url.path)) or headers.get("Allow", "GET")
        return JSONResponse({"error": str(error.detail)}, error.status_code, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = [(".".join(map(str, fault["loc"][1:] or fault["loc"])), fault["msg"]) for fault in error.errors()]
        return JSONResponse({"error": "; ".join(f"{place}: {told}" for place, told in faults[:_MOST_TOLD])}, 422)


def _methods(app: FastAPI, path: str) -> Sequence[str]:
    """All that an address is there for: each of its methods is a route of its own, which knows of no other."""
    for pattern, methods in app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path):
            return sorted(method.upper() for method in methods)
    return ()
