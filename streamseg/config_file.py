"""A YAML file -> a Config, or every mistake in it at once: where it is, what is wrong or allowed, its value."""

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError


def load(path: Path | str) -> Config:
    """Read a YAML file; ConfigError lists every error, one a line, as file: key: what is wrong (value)."""
    return parse(read_yaml(path), str(path))


def read_yaml(path: Path | str) -> Any:
    """What a YAML file holds, an empty one {}; ConfigError where it cannot be read, or is no YAML."""
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}, column {where.column + 1}:" if where else ""
        raise ConfigError(f"{path}:{line} not YAML: {getattr(error, 'problem', None) or error}") from error
    return document if document is not None else {}


def parse(document: Any, where: str) -> Config:
    """Validate what a YAML file held; where names it in errors."""
    if not isinstance(document, dict):
        raise ConfigError(f"{where}: the file holds {type(document).__name__}, a mapping of sections is needed")
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{where}: {line}" for line in _lines(error, document))) from error


def _lines(error: ValidationError, document: Any) -> list[str]:
    """A line for each key at fault: its path, what is wrong or allowed, its value."""
    faults: dict[str, list[str]] = {}
    values: dict[str, str] = {}
    for item in error.errors(include_url=False):
        path = item["loc"] if item["type"] == "missing" else _path_in(document, item["loc"])
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        unknown = item["type"] == "extra_forbidden"
        message = _unknown(path) if unknown else item["msg"].removeprefix("Value error, ")
        faults.setdefault(key, []).append(message)
        values[key] = "" if isinstance(item["input"], dict | list) else f" (got {_shown(item['input'])})"
    return [f"{key}: {' or '.join(said)}{values[key]}".removeprefix(": ") for key, said in faults.items()]


def _shown(value: Any) -> str:
    """A value that was given, without the password of a URL."""
    from streamseg.capture.redact import redact

    return redact(repr(value))


def _path_in(document: Any, location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The part of an error's location that is a path in the file; pydantic adds which choice of a union it tried."""
    for depth, part in enumerate(location):
        known = isinstance(document, dict) and part in document
        if not known and not (isinstance(document, list) and isinstance(part, int)):
            return location[:depth]
        document = document[part]
    return location


def _unknown(path: tuple[int | str, ...]) -> str:
    section: type[BaseModel] = Config
    for part in path[:-1]:
        if isinstance(part, str):
            section = StreamConfig if part == "streams" else _section_of(section, part)
    allowed = list(section.model_fields)
    close = difflib.get_close_matches(str(path[-1]), allowed, 1)
    return f"unknown key{f', did you mean {close[0]}' if close else ''}; allowed are {', '.join(allowed)}"


def _section_of(section: type[BaseModel], key: str) -> type[BaseModel]:
    annotation = section.model_fields[key].annotation
    assert isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation
