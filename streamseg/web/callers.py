"""Those who ask: the run's owner, who may do anything, and viewers, who may see some streams."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated

from fastapi import Depends, HTTPException
from starlette.requests import HTTPConnection

from streamseg.web.asking import StreamName


@dataclass(frozen=True, slots=True)
class Caller:
    """One who asks. streams: patterns of the names that it may see; * stands for anything."""

    name: str
    streams: tuple[str, ...]
    may_control: bool

    @property
    def may_see_all(self) -> bool:
        """Whether there is no stream that it may not see."""
        return "*" in self.streams

    def may_see(self, stream: str) -> bool:
        """Whether a stream is one of its."""
        return any(fnmatchcase(stream, pattern) for pattern in self.streams)


@dataclass(frozen=True, slots=True)
class Key:
    """A caller and its token."""

    caller: Caller
    token: str


OWNER = Caller("owner", ("*",), may_control=True)


def caller_of(connection: HTTPConnection) -> Caller:
    """Who asks; Access has noted it."""
    return connection.state.caller


TheCaller = Annotated[Caller, Depends(caller_of)]


def owner_only(caller: TheCaller) -> None:
    """A dependency of what changes anything; raises HTTPException 403."""
    if not caller.may_control:
        raise HTTPException(403, f"{caller.name} may look, not change or ask for all of the run")


def seen_stream(name: StreamName, caller: TheCaller) -> str:
    """A stream's name; 404 where the caller may not see it, as if there were none."""
    if not caller.may_see(name):
        raise HTTPException(404, no_stream(name))
    return name


def no_stream(name: str) -> str:
    """What is said of it."""
    return f"{name}: no such stream"


SeenStream = Annotated[str, Depends(seen_stream)]
