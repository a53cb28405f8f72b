"""The page: files that come with the package, and nothing from anywhere else."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath

from streamseg.web.asking import Refused
from streamseg.web.files import answer_file

FOLDER = Path(__file__).parent / "page"
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' ws: wss:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What a browser lets the page do: load from here alone, and be shown in no other page's frame."""


def page() -> APIRouter:
    """The routes; open to all, for there is nothing of the run in them."""
    router = APIRouter(include_in_schema=False)
    names = {path.name for path in FOLDER.iterdir() if path.is_file()}

    @router.get("/")
    def front(request: Request) -> Response:
        return _guarded(answer_file(request, FOLDER / "index.html"))

    @router.get("/page/{name}")
    def part(name: Annotated[str, InPath(max_length=64)], request: Request) -> Response:
        if name not in names:
            raise Refused(404, f"{name}: no such file")
        return _guarded(answer_file(request, FOLDER / name))

    return router


def _guarded(answer: Response) -> Response:
    answer.headers.update({"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"})
    return answer
