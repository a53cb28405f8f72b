"""What all routes share: how the run is asked, and what is raised where it refuses."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Path

from streamseg.config import Name

AskRun = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""Asks the run (see runtime/controls.py) and gives its answer, or raises Refused."""

StreamName = Annotated[Name, Path(description="name of a stream")]


class Refused(Exception):
    """The run does not do what was asked; status and reason are passed on."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status = status
