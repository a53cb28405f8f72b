"""What a weight file says of itself, read without torch: which network, which classes, which terms."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from streamseg.errors import ModelError

log = logging.getLogger(__name__)

FORMAT = "streamseg-weights-1"
SHIPPED = Path(__file__).parent


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
        config = {k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(notes.pop("config")).items()}
        if not config["labels"]:
            raise ModelError(f"{path}: names no classes")
        if any(is_retired(key) for key in keys):
            log.warning("weights=%s appearance=none reason=of_an_older_kind", path)
            config["appearance"] = 0
    except (OSError, SafetensorError, KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path}: not a streamseg weight file ({error})") from error
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
