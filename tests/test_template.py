"""The YAML of `streamseg init`: complete, commented, true to the schema."""

import re

import pytest
import yaml
from pydantic import BaseModel

from streamseg.config import Config, Section, StreamConfig
from streamseg.config_file import parse
from streamseg.template import allowed, commented_yaml, shipped, shipped_names


def leaves(model: type[BaseModel], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every key of the schema that holds a value, as its path in the file."""
    found = []
    for key, field in model.model_fields.items():
        inner = StreamConfig if key == "streams" else field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            found += leaves(inner, (*path, key))
        else:
            found.append((*path, key))
    return found


def test_it_loads_back_as_the_defaults_with_one_stream() -> None:
    config = parse(yaml.safe_load(commented_yaml()), "template")
    [stream] = config.streams
    assert stream.source.startswith("synthetic://street?")
    assert config.model_copy(update={"streams": []}) == Config()


def test_every_key_of_the_schema_is_in_it() -> None:
    document = yaml.safe_load(commented_yaml())
    document["streams"] = document["streams"][0]
    for path in leaves(Config):
        node = document
        for key in path:
            assert key in node, f"{'.'.join(path)} is missing"
            node = node[key]


def test_every_key_has_a_comment_with_its_range_above_it() -> None:
    lines = commented_yaml().splitlines()
    keys = [i for i, line in enumerate(lines) if re.match(r" *(- )?\w+: \S", line)]
    assert len(keys) == len(leaves(Config))
    for i in keys:
        assert lines[i - 1].lstrip().startswith("# ") and lines[i - 1].endswith("]"), lines[i]


@pytest.mark.parametrize("path", leaves(Config), ids=".".join)
def test_every_key_of_the_schema_has_a_description(path: tuple[str, ...]) -> None:
    model: type[BaseModel] = Config
    for key in path[:-1]:
        model = StreamConfig if key == "streams" else model.model_fields[key].annotation
    assert model.model_fields[path[-1]].description, f"{'.'.join(path)} has no description in config.py"


def test_the_example_streams_in_comments_are_valid_too() -> None:
    text = re.sub(r"^  # (- |  )", r"  \1", commented_yaml(), flags=re.MULTILINE)
    config = parse(yaml.safe_load(text), "template")
    assert [stream.name for stream in config.streams] == ["street", None, "gate", "desk", None]


def test_lines_fit_a_terminal() -> None:
    assert max(map(len, commented_yaml().splitlines())) <= 100


@pytest.mark.parametrize(
    ("node", "words"),
    [
        # what it is, what it says
        ({"type": "integer", "minimum": 1, "maximum": 64}, "whole number 1 to 64"),
        ({"type": "number", "exclusiveMinimum": 0}, "number above 0"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 9}, "number above 0, up to 9"),
        ({"type": "number", "maximum": 9}, "number up to 9"),
        ({"type": "integer", "minimum": 0}, "whole number 0 or more"),
        ({"type": "integer"}, "whole number"),
        ({"type": "boolean"}, "true | false"),
        ({"type": "string", "enum": ["a", "b"]}, "a | b"),
        ({"type": "string", "pattern": "^x$"}, "text like ^x$"),
        ({"type": "string", "format": "path"}, "path"),
        ({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "null"}]}, "number 0 to 1, or null"),
        ({"type": "array", "items": {"type": "string"}}, "list: text each"),
        ({"type": "array", "prefixItems": [{"type": "integer"}] * 2}, "list of 2: whole number each"),
    ],
)
def test_allowed_values_in_words(node: dict[str, object], words: str) -> None:
    assert allowed(node) == words


def test_shipped_examples_are_found_by_name() -> None:
    assert {"demo", "files", "rtsp", "four_cameras", "webcam", "archive"} <= set(shipped_names())
    assert "synthetic://street" in shipped("demo")
