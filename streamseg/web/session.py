"""Signing in: a browser gives the token once, and has a cookie from then on."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from streamseg.web.access import SESSION_S, Access
from streamseg.web.callers import Caller


class Token(BaseModel):
    """What a browser signs in with."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=4096)


class Session(BaseModel):
    """Who is signed in."""

    name: str
    may_control: bool
    streams: list[str] = Field(description="patterns of the streams that may be seen")
    sign_in: bool = Field(description="false: nobody needs a token")


def session(access: Access) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1/session", tags=["session"])

    @router.get("")
    async def who(caller: Annotated[Caller, Depends(access)]) -> Session:
        """Who asks, and what for it may."""
        return Session(
            name=caller.name,
            may_control=caller.may_control,
            streams=list(caller.streams),
            sign_in=not access.open_to_all,
        )

    @router.post("", status_code=204, response_class=Response)
    async def sign_in(token: Token, request: Request, response: Response) -> None:
        """Set a cookie that stands for the token; it cannot be read by scripts, nor sent by pages of other sites."""
        key = access.key_of(request, token.token)
        if key is not None:
            response.set_cookie(
                access.cookie_of(request),
                access.cookie_for(key),
                max_age=SESSION_S,
                httponly=True,
                samesite="strict",
                secure=request.url.scheme == "https",
            )

    @router.delete("", status_code=204, response_class=Response)
    async def sign_out(request: Request, response: Response) -> None:
        """Remove the cookie."""
        response.delete_cookie(access.cookie_of(request), httponly=True, samesite="strict")

    return router
