"""The sections of the YAML that say how a run is run, not what comes of it: processes, and the HTTP server."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from streamseg.config_section import EnvName, Section

LOOPBACK = ("127.0.0.1", "::1", "localhost")
StreamPattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9_*-]+$", max_length=64)]
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/-]+$", max_length=253)]
SinkKind = Literal["cutouts", "clips", "video", "clean_plate", "objects", "events", "publish", "mqtt", "webhook"]


class RuntimeConfig(Section):
    """How the stages run as processes."""

    single_process: bool = Field(False, description="all stages in this process, a thread for each stream")
    placement: Literal["auto", "split", "fused"] = Field(
        "auto", description="split: processes of their own for every stage; fused: few; auto: fused below 6 cores"
    )
    slots: int = Field(6, ge=2, le=64, description="frames of a stream in flight; each takes its size in memory")
    devices: list[str] | None = Field(
        None, min_length=1, description="a process for inference on each, streams spread; default: model.device"
    )
    batch: int | None = Field(
        None, ge=1, le=64, description="most frames in one call of the network; default 1 on CPUs"
    )
    batch_wait_ms: float = Field(2.0, ge=0, le=1000, description="longest wait for a batch to fill, ms")
    streams_per_capture: int = Field(4, ge=1, le=64, description="streams that one process for capture may read")
    preprocess_workers: int = Field(1, ge=1, le=64, description="processes for preprocessing (placement: split)")
    tracking_workers: int = Field(1, ge=1, le=64, description="processes for tracking, streams spread")
    sink_workers: int = Field(1, ge=1, le=64, description="processes for each kind of sink (split) or all (fused)")
    optional_sinks: tuple[SinkKind, ...] = Field(
        (), description="these skip frames, counted, rather than hold a stream up; at its end each has 10 s to finish"
    )
    max_latency_ms: float | None = Field(
        None, gt=0, le=60000, description="of live frames, arrival to last sink; what does not fit in is left out"
    )
    restarts: int = Field(5, ge=0, le=10000, description="a process that dies more often in restarts_s is given up")
    restarts_s: float = Field(60.0, gt=0, le=86400, description="the time that restarts counts in, s")
    stall_s: float = Field(30.0, gt=0, le=3600, description="a process without progress for so long is killed, s")
    start_s: float = Field(180.0, gt=0, le=3600, description="and one that is not ready for so long, s")
    checkpoint_s: float = Field(
        30.0, ge=0, le=86400, description="recorded streams keep so often, s, what --resume goes on with; 0: never"
    )
    drain_s: float = Field(20.0, gt=0, le=3600, description="after the first Ctrl-C or SIGTERM all ends within, s")


class ViewerConfig(Section):
    """One who may look at some streams and what was cut out of them, and change nothing."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=64, description="who that is; not owner")
    token_env: EnvName = Field(description="environment variable with the token")
    streams: tuple[StreamPattern, ...] = Field(min_length=1, max_length=64, description="their names; *: anything")

    @model_validator(mode="after")
    def _check_name(self) -> "ViewerConfig":
        if self.name == "owner":
            raise ValueError("name owner: is the one of web.token_env; choose another")
        return self


class WebConfig(Section):
    """The one HTTP server of a run: page, index, health, metrics, control."""

    enabled: bool = Field(False, description="serve HTTP while the run lasts")
    host: str = Field("127.0.0.1", min_length=1, description="address to listen at; 0.0.0.0: all of this machine")
    port: int = Field(8765, ge=0, le=65535, description="0: any that is free")
    auth: Literal["token", "none"] = Field("token", description="none: anybody may do anything; loopback only")
    token_env: EnvName | None = Field(None, description="environment variable with the token; default: a new one")
    viewers: tuple[ViewerConfig, ...] = Field(
        (), max_length=64, description="who may look at some streams: name, token_env, streams"
    )
    hosts: tuple[str, ...] = Field((), description="names that requests may call it by; default on loopback: its own")
    add_hosts: tuple[HostName, ...] | None = Field(
        None,
        max_length=256,
        description="hosts and networks (10.0.0.0/8) that added streams may name; default: on loopback any, else all "
        "but this machine and link-local addresses",
    )
    add_folders: tuple[Path, ...] | None = Field(
        None,
        max_length=64,
        description="folders whose files added streams may read, /dev for cameras; default: on loopback any, else none",
    )
    hold: bool = Field(False, description="go on when all streams are over: others may be added")

    @model_validator(mode="after")
    def _check_auth(self) -> "WebConfig":
        if self.auth == "none" and self.host not in LOOPBACK:
            raise ValueError(f"auth none: allowed on {', '.join(LOOPBACK)} only, host is {self.host}")
        if self.auth == "none" and self.viewers:
            raise ValueError("auth none: everybody may do anything, viewers are for auth token")
        names = [viewer.name for viewer in self.viewers]
        if len(set(names)) < len(names):
            raise ValueError(f"viewers: names must differ, there are {', '.join(names)}")
        return self
