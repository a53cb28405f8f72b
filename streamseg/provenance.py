"""Where results come from: what can be told of source, network and settings without naming a machine or a folder."""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from streamseg.capture.redact import is_url, redact
from streamseg.config import Config, ModelConfig, StreamConfig
from streamseg.errors import ModelError
from streamseg.weights.header import find_weights

LEFT_OUT = {
    "capture": {"pace", "threads", "open_timeout_s", "read_timeout_s", "reconnect_tries", "backoff_max_s"},
    "model": {"name", "sha256", "threads"},
    "cutouts": {"compression"},
    "clips": {"enabled"},
    "stream": {"name", "source", "push"},
}
"""Keys that change no pixel and no number, or that the source and the digest of the weights stand for."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is the same for all results of a stream.

    version: of streamseg. source: a file's name without its folder, or a redacted URL. model: the network's name;
    model_sha256: of its weights (of an exported network the .bin file), None for a network that no file holds.
    config_sha256: see config_sha256(). weights, scorer: how a shot's score is made of its terms.
    """

    version: str
    source: str
    model: str
    model_sha256: str | None
    config_sha256: str
    weights: dict[str, float]
    scorer: str | None

    @classmethod
    def of(cls, config: Config, stream: StreamConfig, version: str, model_sha256: str | None) -> Self:
        """Of a stream's results, as the configuration has it."""
        best_shot = config.best_shot
        weights = best_shot.weights.model_dump(exclude=None if best_shot.scorer else {"scorer"})
        model = Path(config.model.name).stem
        digest = config_sha256(config, stream)
        return cls(version, shown_source(stream.source), model, model_sha256, digest, weights, best_shot.scorer)


def config_sha256(config: Config, stream: StreamConfig) -> str:
    """SHA-256 (hex) of the settings that results depend on: JSON with sorted keys, without spaces.

    That is the stream's own keys, the sections capture, model, tracking, cutouts, best_shot and clips, less what
    changes no result, and less all names of files; and of video what privacy leaves of whom.
    """
    classes = config.classes_of(stream)
    model = config.model.model_copy(update={"classes": classes, "score": config.score_of(stream)})
    parts: dict[str, Any] = {
        "stream": stream.model_copy(update={"classes": None, "score": None}),
        "capture": config.capture,
        "model": model,
        "tracking": config.tracking,
        "cutouts": config.cutouts,
        "best_shot": config.best_shot,
        "clips": config.clips,
    }
    document = {name: part.model_dump(mode="json", exclude=LEFT_OUT.get(name)) for name, part in parts.items()}
    video = config.video
    if video.privacy != "none":
        hidden = classes if video.privacy_classes is None else video.privacy_classes
        document["privacy"] = {"look": video.privacy, "classes": hidden}
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def model_sha256(model: ModelConfig) -> str:
    """SHA-256 (hex) of the file that holds a network's weights; ModelError where there is none."""
    path = Path(model.name)
    if path.suffix.lower() == ".xml":
        path = path.with_suffix(".bin")
    elif path.suffix.lower() != ".onnx":
        path = find_weights(model.name)
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    return _file_sha256(path, stat.st_mtime_ns, stat.st_size)


def shown_source(source: str) -> str:
    """A source as results may name it: the same wherever its file lies, and without a password."""
    return redact(source) if is_url(source) or source.startswith("/dev/") else Path(source).name


@lru_cache(maxsize=4)
def _file_sha256(path: Path, _changed_ns: int, _size: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
