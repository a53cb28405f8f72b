"""What a weight file says of itself, read without torch: which network, which classes, which terms."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from safetensors import SafetensorError, safe_open

from streamseg.errors import ModelError

log = logging.getLogger(__name__)

FORMAT = "streamseg-weights-1"
SHIPPED = Path(__file__).parent


Width = Annotated[int, Meta(ge=1, le=4096)]
Depth = Annotated[int, Meta(ge=0, le=64)]


class _Plan(msgspec.Struct, forbid_unknown_fields=True):
    """What a plan (net.NetConfig) may be: whoever builds it knows how large it gets."""

    labels: Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(min_length=1, max_length=1000)]
    widths: Annotated[list[Width], Meta(min_length=4, max_length=4)] | UnsetType = UNSET
    depths: Annotated[list[Depth], Meta(min_length=4, max_length=4)] | UnsetType = UNSET
    prototypes: Annotated[int, Meta(ge=1, le=1024)] | UnsetType = UNSET
    mean: Annotated[float, Meta(ge=-1e6, le=1e6)] | UnsetType = UNSET
    std: Annotated[float, Meta(gt=0, le=1e6)] | UnsetType = UNSET
    motion: bool | UnsetType = UNSET
    appearance: Annotated[int, Meta(ge=0, le=1024)] | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Header:
    """config: the keys of net.NetConfig; notes: the rest of the metadata (terms, data, images)."""

    config: dict[str, Any]
    notes: dict[str, str]

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names, in the order of the network's outputs."""
        return tuple(self.config["labels"])

    @property
    def motion(self) -> bool:
        """Whether the network takes a map of what moves."""
        return bool(self.config.get("motion", False))

    @property
    def appearance(self) -> bool:
        """Whether the network tells objects of a kind apart."""
        return bool(self.config.get("appearance", 0))


def is_retired(key: str) -> bool:
    """Whether a tensor belongs to an appearance of a kind that is read no more: a map of each head's own."""
    return key.startswith("heads.") and ".appearance." in key


def read_metadata(path: Path) -> Header:
    """The header of a weight file; ModelError if it is anything else."""
    try:
        with safe_open(path, framework="numpy") as file:
            notes, keys = dict(file.metadata() or {}), list(file.keys())
        if notes.pop("format", None) != FORMAT:
            raise ModelError(f"{path}: a safetensors file, but not of the format {FORMAT}")
        plan = msgspec.convert(json.loads(notes.pop("config")), _Plan)
        config = {k: tuple(v) if isinstance(v, list) else v for k, v in msgspec.to_builtins(plan).items()}
        if any(is_retired(key) for key in keys):
            log.warning("weights=%s appearance=none reason=of_an_older_kind", path)
            config["appearance"] = 0
    except (OSError, SafetensorError, KeyError, ValueError, RecursionError) as error:
        if isinstance(error, ModelError):
            raise
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{path}: not a streamseg weight file ({reason})") from error
    return Header(config, notes)


def find_weights(name: str) -> Path:
    """The file of a shipped network's name, or the path given; ModelError lists what ships."""
    shipped = SHIPPED / f"{name}.safetensors"
    if shipped.is_file():
        return shipped
    path = Path(name)
    if path.is_file():
        return path
    names = sorted(p.stem for p in SHIPPED.glob("*.safetensors"))
    raise ModelError(f"model {name!r}: no such file and no shipped network; shipped are {', '.join(names) or 'none'}")
