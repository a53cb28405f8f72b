"""The YAML schema: every key, default, unit and range.

`streamseg init` writes the defaults with their comments; config_file.py reads a file by it; editors can use
`Config.model_json_schema()`.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from streamseg.config_broadcast import BroadcastConfig, PushUrl
from streamseg.config_metadata import MqttConfig, PublishConfig, WebhookConfig
from streamseg.config_output import (
    CleanPlateConfig,
    ClipsConfig,
    EventsConfig,
    IndexConfig,
    ObjectsConfig,
    OutputConfig,
    VideoConfig,
)
from streamseg.config_runtime import RuntimeConfig, WebConfig
from streamseg.config_section import Section

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=64)]
Share = Annotated[float, Field(ge=0, le=1)]
LONGEST_SOURCE = 4096


Coordinate = Annotated[float, Field(allow_inf_nan=False, ge=-100_000, le=100_000)]
Point = tuple[Coordinate, Coordinate]


class ZoneConfig(Section):
    """A part of a stream's picture. Corners x, y in pixels of the frame; all of them within 0 to 1: shares of it."""

    name: Name
    polygon: list[Point] = Field(min_length=3, max_length=256, description="corners, in turn")
    kind: Literal["watch", "include", "exclude", "privacy"] = Field(
        "watch",
        description="watch: events; include: the network sees only this; exclude: not this; privacy: nobody does",
    )
    dwell_s: float | None = Field(None, gt=0, le=86400, description="an event when an object stays for so long, s")
    classes: list[str] | None = Field(None, description="events of these only; default: all")


class LineConfig(Section):
    """A line whose crossing is an event; left and right are those of one who goes from its first point on."""

    name: Name
    points: tuple[Point, Point]
    classes: list[str] | None = Field(None, description="events of these only; default: all")

    @model_validator(mode="after")
    def _check_points(self) -> "LineConfig":
        if self.points[0] == self.points[1]:
            raise ValueError(f"points {list(map(list, self.points))}: must be two different ones")
        return self


class StreamConfig(Section):
    """One stream: where its frames come from, and what differs from the defaults."""

    source: str = Field(
        min_length=1,
        max_length=LONGEST_SOURCE,
        description="file, folder, glob, URL, camera index or synthetic://street?...",
    )
    name: Name | None = Field(None, description="folder name of its outputs; made from the source when missing")
    region: tuple[int, int, int, int] | None = Field(None, description="x, y, w, h (px) the network looks at")
    classes: list[str] | None = Field(None, description="only these classes; default: model.classes")
    score: Share | None = Field(None, description="lowest score kept; default: model.score")
    push: tuple[PushUrl, ...] | None = Field(
        None, max_length=8, description="servers that it is sent to; default: broadcast.push"
    )
    zones: tuple[ZoneConfig, ...] = Field(
        (), max_length=64, description="parts of the picture: name, polygon, kind, dwell_s, classes"
    )
    lines: tuple[LineConfig, ...] = Field(
        (), max_length=64, description="lines whose crossing is an event: name, points, classes"
    )

    @model_validator(mode="after")
    def _check_places(self) -> "StreamConfig":
        names = [zone.name for zone in self.zones] + [line.name for line in self.lines]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"zones and lines: name {twice[0]!r} is given twice; names must differ")
        return self


class CaptureConfig(Section):
    """How sources are read. Times are media time in seconds."""

    start: float = Field(0.0, ge=0, description="skip what comes before, s")
    end: float | None = Field(None, gt=0, description="stop here, s")
    max_frames: int | None = Field(None, ge=1, description="frames of each stream; null: all")
    pace: Literal["auto", "realtime", "fast"] = Field("auto", description="auto: live as it comes, files fast")
    threads: int = Field(2, ge=1, le=64, description="decoder threads of a file; live streams use slice threads")
    open_timeout_s: float = Field(10.0, gt=0, le=600, description="wait so long for a URL or camera to open")
    read_timeout_s: float = Field(5.0, gt=0, le=600, description="and so long for its next packet")
    wait: bool = Field(True, description="a live stream that cannot be reached at the start is waited for, too")
    wait_for_publisher: bool = Field(False, description="so is one whose path the server does not know yet (404)")
    reconnect_tries: int | None = Field(
        None, ge=0, description="of a live stream, in a row without a frame; null: for ever"
    )
    backoff_max_s: float = Field(2.0, gt=0, le=3600, description="longest wait between two tries")
    rtsp_transport: Literal["tcp", "udp"] = Field("tcp", description="how RTSP servers are asked to send")
    wall_clock: Literal["auto", "host", "sender"] = Field(
        "auto", description="time of live frames; auto: the sender's (RTCP) where it agrees with the host's to 2 s"
    )
    folder_fps: float = Field(25.0, gt=0, le=1000, description="frame rate of an image folder")
    camera_size: tuple[int, int] | None = Field(None, description="width, height asked of a camera")
    camera_fps: float | None = Field(None, gt=0, le=1000, description="frame rate asked of a camera")

    @model_validator(mode="after")
    def _check_end(self) -> "CaptureConfig":
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end {self.end}: must be above start {self.start}")
        return self


class ModelConfig(Section):
    """Which network, where it runs, what is kept of what it finds."""

    name: str = Field("s", description="a shipped network (s, m), or a .safetensors, .onnx or exported .xml file")
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto: a GPU if there is one")
    runner: Literal["auto", "torch", "openvino", "onnx"] = Field("auto", description="auto: OpenVINO on a CPU")
    precision: Literal["auto", "full", "int8"] = Field(
        "auto", description="auto: int8 where there is such a form of the network and the CPU gains by it"
    )
    view: tuple[int, int] = Field((448, 768), description="height, width the network sees; multiples of 32")
    enlarge: float = Field(1.33, gt=0, le=100, description="most that a frame smaller than the view grows; not regions")
    motion: bool = Field(True, description="tell the network what differs from the stream's own past (fixed cameras)")
    detect_every: Annotated[int, Field(ge=1, le=100)] | Literal["auto"] = Field(
        1,
        description="the network looks at one frame of so many, auto: where the picture changes enough; in between "
        "tracks are moved along with the picture",
    )
    score: Share = Field(0.35, description="lowest score of an object that starts a track")
    max_objects: int = Field(100, ge=1, le=1000, description="most objects in a frame")
    classes: list[str] | None = Field(None, description="only these; default: all the network knows")
    threads: int = Field(2, ge=1, le=256, description="of the network on a CPU")
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="SHA-256 that the file must have (of an .xml: the .bin beside it)"
    )

    @model_validator(mode="after")
    def _check_view(self) -> "ModelConfig":
        if any(side % 32 or not 32 <= side <= 4096 for side in self.view):
            raise ValueError(f"view {list(self.view)}: both sides must be multiples of 32 from 32 to 4096")
        return self


class TrackingConfig(Section):
    """When a track begins, goes on and ends."""

    low_score: Share = Field(0.15, description="second pass: weaker detections may continue a track, never start one")
    match_iou: Share = Field(0.2, description="lowest overlap of a track's prediction and a detection")
    trust: Share = Field(0.75, description="share of model.score that the running mean of a shown track's scores keeps")
    confirm_frames: int = Field(2, ge=1, le=1000, description="sightings that make a track active")
    lost_s: float = Field(2.0, ge=0, le=600, description="a track unseen for longer ends")
    camera_motion: bool = Field(True, description="tracks move along with the picture where the camera itself moves")


class CutoutsConfig(Section):
    """Which objects are cut out, and how."""

    every: Annotated[float, Field(gt=0, le=86400)] | Literal["all", "best", "none"] = Field(
        1.0, description="seconds between cut-outs of a track; all: every frame; best: only the best shot; none"
    )
    margin: float = Field(0.06, ge=0, le=1, description="room around the box, share of its longer side")
    matte: Literal["guided", "mask"] = Field("guided", description="guided: alpha follows the picture's edges")
    min_side: int = Field(16, ge=1, le=10000, description="objects smaller than this (px) are not cut out")
    compression: int = Field(1, ge=0, le=9, description="PNG: 0 fast and large, 9 slow and small")


Weight = Annotated[float, Field(ge=0, le=10)]


class TermWeights(Section):
    """Exponents of the terms whose product is a shot's score: 0 leaves one out, higher ones make it count for more."""

    confidence: Weight = Field(1.0, description="how sure the network is, also of the outline")
    size: Weight = Field(1.0, description="extent of the box in pixels")
    completeness: Weight = Field(1.0, description="not cut off by a border, nothing in front")
    sharpness: Weight = Field(0.5, description="detail inside the mask")
    exposure: Weight = Field(1.0, description="neither black nor burnt out")
    scorer: Weight = Field(1.0, description="what best_shot.scorer gives")


class BestShotConfig(Section):
    """Which pictures of an object are its best: best.png, best-2.png and so on."""

    top_k: int = Field(1, ge=1, le=20, description="pictures kept of each track")
    spacing_s: float = Field(1.0, ge=0, le=3600, description="they lie at least so far apart, s")
    better_by: float = Field(0.02, ge=0, le=10, description="one replaces another if its score is higher by this share")
    after_s: float = Field(0.0, ge=0, le=86400, description="none earlier than this after the track's confirmation, s")
    until_s: float | None = Field(None, gt=0, le=86400, description="and none later, s")
    zones: list[str] | None = Field(None, description="only of objects that stand in one of these zones (names)")
    classes: list[str] | None = Field(None, description="only of these; default: all that are tracked")
    scorer: str | None = Field(
        None,
        pattern=r"^[\w.]+[:.]\w+$",
        description="a function of yours that judges pictures, package.module:function; see docs/best-shot.md",
    )
    weights: TermWeights = TermWeights()

    @model_validator(mode="after")
    def _check_window(self) -> "BestShotConfig":
        if self.until_s is not None and self.until_s <= self.after_s:
            raise ValueError(f"until_s {self.until_s}: must be above after_s {self.after_s}")
        return self


class Config(Section):
    """The whole file."""

    streams: list[StreamConfig] = Field(default_factory=list, max_length=256)
    capture: CaptureConfig = CaptureConfig()
    model: ModelConfig = ModelConfig()
    tracking: TrackingConfig = TrackingConfig()
    cutouts: CutoutsConfig = CutoutsConfig()
    best_shot: BestShotConfig = BestShotConfig()
    clips: ClipsConfig = ClipsConfig()
    video: VideoConfig = VideoConfig()
    clean_plate: CleanPlateConfig = CleanPlateConfig()
    objects: ObjectsConfig = ObjectsConfig()
    events: EventsConfig = EventsConfig()
    index: IndexConfig = IndexConfig()
    broadcast: BroadcastConfig = BroadcastConfig()
    publish: PublishConfig = PublishConfig()
    mqtt: MqttConfig = MqttConfig()
    webhook: WebhookConfig = WebhookConfig()
    output: OutputConfig = OutputConfig()
    runtime: RuntimeConfig = RuntimeConfig()
    web: WebConfig = WebConfig()
    jobs: int = Field(1, ge=1, le=256, description="file streams at a time; live streams always run")

    def classes_of(self, stream: StreamConfig) -> list[str] | None:
        """The classes that a stream is asked for, its own or the model's; None: all."""
        return self.model.classes if stream.classes is None else stream.classes

    def score_of(self, stream: StreamConfig) -> float:
        """The lowest score that starts a track in a stream, its own or the model's."""
        return self.model.score if stream.score is None else stream.score

    def push_of(self, stream: StreamConfig) -> list[str]:
        """The URLs that a stream, which has its name, is pushed to: its own or those of all."""
        urls = self.broadcast.push if stream.push is None else stream.push
        return [url.replace("{stream}", stream.name or "") for url in urls]

    @property
    def is_indexed(self) -> bool:
        """Whether an index is kept."""
        return self.web.enabled if self.index.enabled is None else self.index.enabled

    @property
    def is_broadcast(self) -> bool:
        """Whether streams must be encoded, even if no file keeps them."""
        broadcast = self.broadcast
        pushed = broadcast.push or any(stream.push for stream in self.streams)
        return bool(pushed or broadcast.hls.enabled or (self.web.enabled and broadcast.browser == "always"))

    @model_validator(mode="after")
    def _check_names(self) -> "Config":
        names = [s.name for s in self.streams if s.name]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"streams: name {twice[0]!r} is given twice; names must differ")
        return self

    @model_validator(mode="after")
    def _check_publishers(self) -> "Config":
        if self.publish.endpoint is not None and self.runtime.sink_workers > 1:
            workers = self.runtime.sink_workers
            raise ValueError(f"publish.endpoint: one process must own it; runtime.sink_workers is {workers}, not 1")
        return self

    @model_validator(mode="after")
    def _check_shot_zones(self) -> "Config":
        known = {zone.name for stream in self.streams for zone in stream.zones}
        missing = [name for name in self.best_shot.zones or () if name not in known]
        if missing and self.streams:
            told = ", ".join(sorted(known)) or "none"
            raise ValueError(f"best_shot.zones: {missing[0]!r} is no zone of any stream; there are: {told}")
        return self
