"""How a network is trained: the YAML recipe of `streamseg train`."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from streamseg.config_file import read_yaml
from streamseg.config_section import Section
from streamseg.errors import ConfigError


class Recipe(Section):
    """Every key of a training recipe."""

    images: int = Field(200_000, ge=1, description="training scenes in all; the learning rate ends with them")
    size: int = Field(320, ge=64, le=1280, multiple_of=32, description="side of a scene, px")
    batch: int = Field(32, ge=1, le=4096)
    learning_rate: float = Field(2e-3, gt=0, le=1)
    weight_decay: float = Field(0.05, ge=0, le=1)
    warmup_images: int = Field(8_000, ge=0)
    ema: float = Field(0.9985, ge=0, lt=1, description="share of the old average kept at each step")
    zoom: tuple[float, float] = Field((0.6, 1.8), description="picture's long side in scene sides, drawn log-evenly")
    paste: int = Field(6, ge=0, le=50, description="most objects pasted on a scene")
    paste_px: tuple[float, float] = Field((16.0, 240.0), description="long side of pasted objects, px")
    copy_paste: float = Field(0.6, ge=0, le=1, description="share of scenes with pasted objects")
    twice: float = Field(0.25, ge=0, le=1, description="share of scenes whose objects another one shows, for identity")
    augment: Literal["host", "device"] = Field(
        "host", description="where scenes are made; device: in batches, all data in the memory of the one that trains"
    )
    motion: bool = Field(True, description="train with a map of what moves beside the picture, for fixed cameras")
    weights: dict[str, float] = Field(default_factory=dict, description="how often a source is drawn; default 1")
    network: Literal["s", "m"] | None = Field(
        None, description="plan: m has three times the work of s; default s, or the start's own; a smaller start grows"
    )
    even: bool = Field(False, description="keep deconvolutions free of checkerboards; costs a start a little at first")
    learns: Literal["all", "appearance"] = Field(
        "all", description="appearance: only what tells objects of a kind apart, all else stays bit by bit"
    )
    labels: tuple[str, ...] = ("person", "vehicle", "animal")
    precision: Literal["bf16", "fp16", "fp32"] = Field("bf16", description="fp16: on CUDA only")
    threads: int = Field(2, ge=1, le=256, description="of the network on a CPU")
    seed: int = Field(1, ge=0)
    validate_images: int = Field(10_000, ge=1, description="scenes between two validations (--val)")
    validate_side: int = Field(416, ge=32, le=4096, multiple_of=32, description="side of the view in them, px")
    checkpoint_s: float = Field(120.0, gt=0, description="seconds between checkpoints")
    terms: str = Field("trained on the user's own data", description="terms the data put on the weights")


def load_recipe(path: Path | None) -> Recipe:
    """Read a recipe, or the defaults; ConfigError names each wrong key."""
    if path is None:
        return Recipe()
    document = read_yaml(path)
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        wrong = [(".".join(map(str, item["loc"])), item["msg"]) for item in error.errors(include_input=False)]
        lines = [f"{path}: {' '.join(key.split())[:200] or 'the file'}: {message}" for key, message in wrong[:100]]
        raise ConfigError("\n".join(lines)) from error
