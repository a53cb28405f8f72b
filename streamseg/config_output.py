"""The sections of the YAML that say what is written into the output folder: clips, videos, records; when it goes."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from streamseg.config_section import Section


class ClipsConfig(Section):
    """Object clips: a short video of each object by itself, its background transparent. See docs/clips.md."""

    enabled: bool = Field(False, description="write clips/")
    format: Literal["webm", "png"] = Field("webm", description="webm: VP9 with alpha, for browsers; png: pictures")
    max_s: float = Field(10.0, gt=0, le=600, description="longest clip; what the object does later is left out, s")
    min_s: float = Field(0.5, ge=0, le=600, description="shorter ones are not kept, s")
    max_side: int = Field(768, ge=16, le=4096, description="longer side, px; a larger canvas is scaled down")
    padding: int = Field(8, ge=0, le=1000, description="room around the object, px of the frame")
    crf: int = Field(24, ge=0, le=63, description="VP9 quality: lower is better and larger")


class VideoConfig(Section):
    """The annotated video."""

    enabled: bool = Field(True, description="write annotated.mp4")
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"] = Field(
        "superfast", description="H.264 effort: slower is smaller, not better"
    )
    crf: int = Field(23, ge=0, le=51, description="H.264 quality: lower is better and larger")
    masks: bool = Field(True, description="tint objects by class")
    outlines: bool = Field(True, description="draw a line around objects")
    labels: bool = Field(True, description="class, id, score")
    trail_s: float = Field(2.0, ge=0, le=60, description="how long a path is drawn; 0: none")
    audio: bool = Field(True, description="copy a file's sound")
    privacy: Literal["none", "blur", "pixelate", "fill"] = Field(
        "none", description="make objects unrecognisable here and in the clean plate, and do not cut them out"
    )
    privacy_classes: list[str] | None = Field(None, description="only these; default: the stream's classes")


class CleanPlateConfig(Section):
    """The scene of a fixed camera without its moving objects."""

    enabled: bool = Field(False, description="write clean-plate.mp4 and clean-plate.png")
    video: bool = Field(True, description="the stream without them, with video.preset and video.crf; no sound")
    image: bool = Field(True, description="what lies behind them, as far as it was seen")
    image_every_s: float = Field(10.0, gt=0, le=86400, description="media time between two images, s; and at the end")
    classes: list[str] | None = Field(None, description="remove only these; default: all that are tracked")


class ObjectsConfig(Section):
    """objects.jsonl: what was found in each frame, a line a frame."""

    enabled: bool = Field(True, description="write objects.jsonl")
    masks: bool = Field(True, description="write run-length masks")


class EventsConfig(Section):
    """events.jsonl: objects that appear, end, enter, leave, stay and cross, a line each."""

    enabled: bool = Field(True, description="write events.jsonl")


class IndexConfig(Section):
    """The index: every track with its best shots, in a database that can be searched."""

    enabled: bool | None = Field(None, description="keep an index; default: with web.enabled, whose page shows it")
    url: str | None = Field(None, description="of a database (SQLAlchemy's form); default: index.sqlite in output.dir")


class OutputConfig(Section):
    """Where results go, and when files are closed."""

    dir: Path = Field(Path("streamseg-out"), description="folder of all results; a folder in it for each stream")
    overwrite: bool = Field(False, description="remove what streamseg wrote there before")
    resume: bool = Field(False, description="go on with what an earlier run of the same streams left unfinished there")
    rotate_s: float | None = Field(None, gt=0, description="new annotated video and JSONL after this much media time")
    rotate_mb: float | None = Field(None, gt=0, description="the same by size of the file, MB")
    keep_hours: float | None = Field(None, gt=0, le=1e6, description="remove finished results that are older")
    keep_gb: float | None = Field(None, gt=0, le=1e6, description="remove the oldest while there are more, GB of 10^9")
    disk_free_mb: float = Field(500.0, ge=0, description="cut-outs stop when less is free; with keep_* the oldest go")

    @model_validator(mode="after")
    def _check_begin(self) -> "OutputConfig":
        if self.overwrite and self.resume:
            raise ValueError("overwrite and resume: one removes what the other goes on with; leave one of them out")
        return self
