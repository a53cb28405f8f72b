"""The HTTP server's application: /healthz, /readyz, /metrics, the page, and /api/v1 to look, search and control."""

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.middleware.trustedhost import TrustedHostMiddleware

from streamseg.web import prometheus
from streamseg.web.access import Access
from streamseg.web.archive import Archive
from streamseg.web.artefacts import artefacts
from streamseg.web.asking import AskRun
from streamseg.web.bodies import SmallBodies
from streamseg.web.callers import Key, owner_only
from streamseg.web.control import streams, whole_run
from streamseg.web.faults import FAULTS, tell_faults
from streamseg.web.finding import finding
from streamseg.web.page import page
from streamseg.web.session import session
from streamseg.web.training_set import training_set
from streamseg.web.updates import Updates, updates
from streamseg.web.viewers import Viewers
from streamseg.web.watching import watching


def make_app(
    ask: AskRun,
    *,
    version: str,
    keys: tuple[Key, ...],
    hosts: tuple[str, ...],
    archive: Archive,
    viewers: Viewers | None = None,
    mjpeg_fps: float = 5.0,
) -> FastAPI:
    """The application.

    Args:
        ask: how to reach the run.
        version: of streamseg.
        keys: who may ask; none: everybody may do anything.
        hosts: names in the Host header that are answered; empty: any. On loopback it keeps web pages elsewhere from
            reaching this server by a name of their own (DNS rebinding).
        archive: what was found so far.
        viewers: who watches the streams; None: nobody may.
        mjpeg_fps: most pictures a second of live.mjpg.
    """
    app = FastAPIOffline(
        title="streamseg",
        version=version,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        swagger_ui_oauth2_redirect_url="/api/docs/signed-in",
        static_url="/api/static",
        responses=FAULTS,
    )
    app.add_middleware(SmallBodies)
    if hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    access = Access(keys)
    for router in (_health(ask), session(access), page()):
        app.include_router(router)
    live = updates(Updates(ask, archive))
    for router in (
        whole_run(ask), streams(ask), finding(archive), artefacts(archive), training_set(archive), live, _metrics(ask)
    ):  # fmt: skip
        app.include_router(router, dependencies=[Depends(access)])
    if viewers is not None:
        app.include_router(watching(ask, access, viewers, mjpeg_fps=mjpeg_fps))
    tell_faults(app)
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


def _metrics(ask: AskRun) -> APIRouter:
    router = APIRouter(tags=["monitoring"], dependencies=[Depends(owner_only)])

    @router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Prometheus text."""
        return Response(prometheus.text(await ask("snapshot", {})), media_type=CONTENT_TYPE_LATEST)

    return router
