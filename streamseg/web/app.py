"""The HTTP interface: /healthz, /readyz, /metrics, and /api/v1 to look at streams and to control them."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict, Field
from starlette.middleware.trustedhost import TrustedHostMiddleware

from streamseg.config import LineConfig, Share, StreamConfig, ZoneConfig
from streamseg.web import prometheus
from streamseg.web.access import Access
from streamseg.web.asking import AskRun, Refused, StreamName
from streamseg.web.bodies import SmallBodies
from streamseg.web.viewers import Viewers
from streamseg.web.watching import watching


class StreamChange(BaseModel):
    """What can be changed of a stream that runs; what is left out stays, null goes back to the default."""

    model_config = ConfigDict(extra="forbid")

    classes: list[str] | None = Field(None, description="only these classes")
    score: Share | None = Field(None, description="lowest score of an object that starts a track")
    zones: list[ZoneConfig] | None = Field(None, description="all of its zones")
    lines: list[LineConfig] | None = Field(None, description="all of its lines")


class ModelName(BaseModel):
    """Which network."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=4096, description="a shipped network, or a file on the run's machine")


def make_app(
    ask: AskRun,
    *,
    version: str,
    token: str,
    hosts: tuple[str, ...],
    viewers: Viewers | None = None,
    mjpeg_fps: float = 5.0,
) -> FastAPI:
    """The application.

    Args:
        ask: how to reach the run.
        version: of streamseg.
        token: to be asked for; empty: none.
        hosts: names in the Host header that are answered; empty: any. On loopback it keeps web pages elsewhere from
            reaching this server by a name of their own (DNS rebinding).
        viewers: who watches the streams; None: nobody may.
        mjpeg_fps: most pictures a second of live.mjpg.
    """
    app = FastAPI(
        title="streamseg", version=version, docs_url="/api/docs", redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.add_middleware(SmallBodies)
    if hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    access = Access(token)
    app.include_router(_health(ask))
    for router in (_run(ask), _streams(ask)):
        app.include_router(router, dependencies=[Depends(access)])
    if viewers is not None:
        app.include_router(watching(ask, access, viewers, mjpeg_fps=mjpeg_fps))

    @app.get("/metrics", dependencies=[Depends(access)], tags=["monitoring"])
    async def metrics() -> Response:
        """Prometheus text."""
        return Response(prometheus.text(await ask("snapshot", {})), media_type=CONTENT_TYPE_LATEST)

    @app.exception_handler(Refused)
    async def refused(_: Request, refusal: Refused) -> JSONResponse:
        return JSONResponse({"error": str(refusal)}, refusal.status)

    return app


def _health(ask: AskRun) -> APIRouter:
    """Open to all: they tell nothing but yes or no."""
    router = APIRouter(tags=["monitoring"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """200 while the run answers, else 503."""
        await ask("model", {})  # any answer will do, this one is small
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, object]:
        """200 once the network is loaded, every worker is at work and no live source is away, else 503."""
        snapshot = await ask("snapshot", {})
        waits = [] if snapshot["network"] else ["network"]
        waits += [worker["name"] for worker in snapshot["workers"] if worker["state"] != "ready"]
        live = [stream for stream in snapshot["streams"] if stream["live"] and stream["state"] == "running"]
        waits += [stream["name"] for stream in live if stream["source_state"] != "streaming"]
        response.status_code = 503 if waits else 200
        return {"status": "not ready" if waits else "ready", "waits_for": waits}

    return router


def _run(ask: AskRun) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["run"])

    @router.get("/run")
    async def run() -> Any:
        """The whole run: streams, workers, network."""
        return await ask("snapshot", {})

    @router.get("/model")
    async def model() -> Any:
        """The network at work, and how the last swap went."""
        return await ask("model", {})

    @router.put("/model", status_code=202)
    async def swap(wanted: ModelName) -> Any:
        """Have another network take over from the next frame on, once it is loaded; if it cannot, nothing changes."""
        return await ask("model", {"name": wanted.name})

    return router


def _streams(ask: AskRun) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["streams"])

    @router.get("/streams")
    async def streams() -> Any:
        """Every stream: what it is, how it gets on, its accounts."""
        return (await ask("snapshot", {}))["streams"]

    @router.post("/streams", status_code=201)
    async def add(stream: StreamConfig) -> Any:
        """Add a stream; it begins at once, a file when its turn comes."""
        return await ask("add", stream.model_dump(mode="json"))

    @router.get("/streams/{name}")
    async def stream(name: StreamName) -> Any:
        """One stream."""
        return await ask("stream", {"name": name})

    @router.delete("/streams/{name}", status_code=202)
    async def remove(name: StreamName) -> Any:
        """End a stream: frames in flight are finished, its files closed."""
        return await ask("remove", {"name": name})

    @router.post("/streams/{name}/pause")
    async def pause(name: StreamName) -> Any:
        """Hand out no further frames; those of a live stream are dropped as paused, a file waits."""
        return await ask("pause", {"name": name})

    @router.post("/streams/{name}/resume")
    async def resume(name: StreamName) -> Any:
        """Go on after a pause."""
        return await ask("resume", {"name": name})

    @router.patch("/streams/{name}")
    async def change(name: StreamName, change: StreamChange) -> Any:
        """Change classes, score, zones or lines from the next frame on."""
        given = change.model_dump(mode="json", include=change.model_fields_set)
        given |= {key: [] for key in ("zones", "lines") if key in given and given[key] is None}
        return await ask("change", {"name": name, **given})

    return router
