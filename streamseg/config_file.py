"""A YAML file -> a Config, or every mistake in it at once: where it is, what is wrong or allowed, its value."""

import difflib
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from streamseg.config import Config
from streamseg.errors import ConfigError

_MOST_BYTES = 4 << 20
_MOST_LINES = 100
_MOST_SHOWN = 200
_NOT_YAML = (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError)
"""PyYAML's makers of dates, numbers and truth values raise whatever they meet."""


def load(path: Path | str) -> Config:
    """Read a YAML file; ConfigError lists every error, one a line, as file: key: what is wrong (value)."""
    return parse(read_yaml(path), str(path))


def read_yaml(path: Path | str) -> Any:
    """What a YAML file holds, an empty one {}; ConfigError where it cannot be read, or is no YAML."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ConfigError(f"{path}: larger than {_MOST_BYTES >> 20} MiB, which no configuration is")
        document = yaml.safe_load(content.decode())
    except ConfigError:
        raise
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except _NOT_YAML as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}, column {where.column + 1}:" if where else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise ConfigError(f"{path}:{line} not YAML: {problem}") from error
    return document if document is not None else {}


def parse(document: Any, where: str) -> Config:
    """Validate what a YAML file held; where names it in errors."""
    if not isinstance(document, dict):
        raise ConfigError(f"{where}: the file holds {type(document).__name__}, a mapping of sections is needed")
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        lines = _lines(error, document)
        if len(lines) > _MOST_LINES:
            lines[_MOST_LINES:] = [f"and {len(lines) - _MOST_LINES} mistakes more"]
        raise ConfigError("\n".join(f"{where}: {line}" for line in lines)) from error


def _lines(error: ValidationError, document: Any) -> list[str]:
    """A line for each key at fault: its path, what is wrong or allowed, its value."""
    faults: dict[str, list[str]] = {}
    values: dict[str, str] = {}
    for item in error.errors(include_url=False):
        path = item["loc"] if item["type"] == "missing" else _path_in(document, item["loc"])
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{_in_a_line(part)}" for part in path).lstrip(".")
        unknown = item["type"] == "extra_forbidden"
        message = _unknown(path) if unknown else item["msg"].removeprefix("Value error, ")
        faults.setdefault(key, []).append(message)
        values[key] = "" if isinstance(item["input"], dict | list) else f" (got {_shown(item['input'])})"
    return [f"{key}: {' or '.join(said)}{values[key]}".removeprefix(": ") for key, said in faults.items()]


def _shown(value: Any) -> str:
    """A value that was given, without the password of a URL, cut off where it is long."""
    from streamseg.capture.redact import redact

    try:
        text = redact(repr(value))
    except ValueError:
        return f"a number of {value.bit_length()} bits"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _in_a_line(key: str) -> str:
    """A key as it can stand in a message."""
    text = " ".join(key.split()) or repr(key)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


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
            section = _section_of(section.model_fields[part].annotation)
    allowed = list(section.model_fields)
    close = difflib.get_close_matches(str(path[-1]), allowed, 1)
    return f"unknown key{f', did you mean {close[0]}' if close else ''}; allowed are {', '.join(allowed)}"


def _section_of(annotation: Any) -> type[BaseModel]:
    """The section that a key holds, one or several of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(_section_of(inner) for inner in get_args(annotation) if inner not in (..., type(None)))
