"""The web server alone, with made-up results: real HTTP, and no run behind it."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import uvicorn

from streamseg.config_output import OutputConfig
from streamseg.index import Index, schema
from streamseg.runtime.web_host import settings
from streamseg.serve import ask_nothing
from streamseg.sinks.outdir import claim_stream, prepare_output
from streamseg.web.app import make_app
from streamseg.web.archive import Archive
from streamseg.web.callers import OWNER, Caller, Key
from tests.index.rows import coloured, shot, track_row, visit

OWNER_TOKEN, VIEWER_TOKEN = "owner-token-is-long", "viewer-token-is-long"
KEYS = (
    Key(OWNER, OWNER_TOKEN),
    Key(Caller("porch", ("a", "a-*"), may_control=False), VIEWER_TOKEN),
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Asks the server at a port; token: what it shows; cookie: what it was given."""

    port: int
    token: str | None = OWNER_TOKEN
    cookie: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Answer:
        told = dict(self.headers)
        if self.token is not None:
            told["Authorization"] = f"Bearer {self.token}"
        if self.cookie is not None:
            told["Cookie"] = self.cookie
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            told["Content-Type"] = "application/json"
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path if path.startswith("/") else f"/api/v1/{path}", data, told)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())


@contextmanager
def serving(
    folder: Path, *, keys: tuple[Key, ...] = KEYS, ask: Any = ask_nothing, indexed: bool = True
) -> Iterator[Client]:
    """A server of results in a folder."""
    archive = Archive(folder, url_of(folder) if indexed else None)
    app = make_app(ask, version="0", keys=keys, hosts=("127.0.0.1",), archive=archive)
    listener = socket.create_server(("127.0.0.1", 0))
    served = settings(app)
    served.timeout_graceful_shutdown = 1
    server = uvicorn.Server(served)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    try:
        yield Client(listener.getsockname()[1], OWNER_TOKEN if keys else None)
    finally:
        server.should_exit = True
        thread.join()
        archive.close()


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'index.sqlite'}"


def picture(number: int, size_hw: tuple[int, int] = (60, 40)) -> np.ndarray:
    """An ellipse of a colour that its number tells, transparent around it."""
    rgba = np.zeros((*size_hw, 4), np.uint8)
    centre = size_hw[1] // 2, size_hw[0] // 2
    cv2.ellipse(rgba, centre, (centre[0] - 2, centre[1] - 2), 0, 0, 360, (50 + number % 200, 90, 10, 255), -1)
    return rgba


def made_up(folder: Path, streams: tuple[str, ...] = ("a", "b"), many: int = 6) -> None:
    """Results of a run: each stream with tracks 1 to many, the first ones with files."""
    prepare_output(OutputConfig(dir=folder))
    index = Index(url_of(folder))
    for stream in streams:
        place = claim_stream(folder / stream)
        rows = [track_row(stream, number, appearance=_looks(number)) for number in range(1, many + 1)]
        index.write({
            schema.streams: [{"stream": stream, "source": f"{stream}.mp4", "width": 640, "height": 360, "fps": 25.0,
                              "live": False}],
            schema.tracks: rows,
            schema.visits: [visit(rows[0], "gate")],
            schema.colours: [coloured(row, "red", 0.6) for row in rows[:2]],
            schema.shots: [shot(row, 5, 1) for row in rows[:3]],
            schema.events: [event(stream, row["track"]) for row in rows],
        })  # fmt: skip
        for row in rows[:3]:
            tracks = place / "cutouts" / row["folder"]
            tracks.mkdir(parents=True)
            for name in ("best", "000005"):
                cv2.imwrite(str(tracks / f"{name}.png"), picture(row["track"]))
                (tracks / f"{name}.json").write_text(f'{{"track": {row["track"]}}}')
        (place / "clips").mkdir()
        (place / "clips" / f"{rows[0]['folder']}.webm").write_bytes(bytes(range(256)) * 40)
        (place / "annotated.mp4").write_bytes(bytes(range(256)) * 4000)
    index.close()


def event(stream: str, track: int, **changes: Any) -> dict[str, Any]:
    row = {"stream": stream, "seq": track * 10, "number": 0, "at": float(track), "pts": float(track), "time": None,
           "kind": "appeared", "track": track, "label": "person", "zone": None, "line": None, "direction": None,
           "seconds": None}  # fmt: skip
    return row | changes


def _looks(number: int) -> bytes:
    angle = number * 0.1
    return np.array([np.cos(angle), np.sin(angle)], np.float32).tobytes()
