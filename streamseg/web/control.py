"""The run: looked at, and its streams and network changed while it lasts."""

from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from streamseg.config import LineConfig, Share, StreamConfig, ZoneConfig
from streamseg.web.asking import AskRun, StreamName
from streamseg.web.callers import SeenStream, TheCaller, owner_only


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


def whole_run(ask: AskRun) -> APIRouter:
    """Routes of what concerns all streams; for the owner."""
    router = APIRouter(prefix="/api/v1", tags=["run"], dependencies=[Depends(owner_only)])

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


def streams(ask: AskRun) -> APIRouter:
    """Routes of single streams: looking is for all who may see them, the rest for the owner."""
    router = APIRouter(prefix="/api/v1", tags=["streams"])
    owners = [Depends(owner_only)]

    @router.get("/streams")
    async def listed(caller: TheCaller) -> list[dict[str, Any]]:
        """Every stream: what it is, how it gets on, its accounts."""
        snapshot = await ask("snapshot", {})
        return [stream for stream in snapshot["streams"] if caller.may_see(stream["name"])]

    @router.post("/streams", status_code=201, dependencies=owners)
    async def add(stream: StreamConfig) -> Any:
        """Add a stream; it begins at once, a file when its turn comes."""
        return await ask("add", stream.model_dump(mode="json"))

    @router.get("/streams/{name}")
    async def stream(name: SeenStream) -> Any:
        """One stream."""
        return await ask("stream", {"name": name})

    @router.delete("/streams/{name}", status_code=202, dependencies=owners)
    async def remove(name: StreamName) -> Any:
        """End a stream: frames in flight are finished, its files closed."""
        return await ask("remove", {"name": name})

    @router.post("/streams/{name}/pause", dependencies=owners)
    async def pause(name: StreamName) -> Any:
        """Hand out no further frames; those of a live stream are dropped as paused, a file waits."""
        return await ask("pause", {"name": name})

    @router.post("/streams/{name}/resume", dependencies=owners)
    async def resume(name: StreamName) -> Any:
        """Go on after a pause."""
        return await ask("resume", {"name": name})

    @router.post("/streams/{name}/save", dependencies=owners)
    async def save(name: StreamName) -> Any:
        """Write its zones and lines, as they are now, into the YAML that the run was begun with."""
        return await ask("save", {"name": name})

    @router.patch("/streams/{name}", dependencies=owners)
    async def change(name: StreamName, change: StreamChange) -> Any:
        """Change classes, score, zones or lines from the next frame on."""
        given = change.model_dump(mode="json", include=change.model_fields_set)
        given |= {key: [] for key in ("zones", "lines") if key in given and given[key] is None}
        return await ask("change", {"name": name, **given})

    return router
