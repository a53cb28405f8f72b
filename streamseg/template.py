"""`streamseg init`: the schema in config.py as a commented YAML: every key, its default, unit, range and purpose."""

import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from streamseg.config import Config

_WIDTH = 100
_EXAMPLES = Path(__file__).parent / "configs"
_HEADER = """\
streamseg configuration: every key with its default. Keep the lines you change, delete the rest.
  streamseg check FILE           reports every mistake in it
  streamseg run --config FILE    runs it; flags override it
Paths are relative to the directory in which streamseg is started. Times are seconds of the media, sizes pixels."""
_STREAM = {"source": "synthetic://street?seconds=20&size=1280x720&fps=25&seed=1", "name": "street"}
_MORE_STREAMS = """\
  # - source: street.mp4
  # - {source: "rtsp://user:password@10.0.0.7/stream1", name: gate, classes: [person, vehicle]}
  # - {source: "0", name: desk}   # a camera index is text, in quotes
  # - source: shop.mp4
  #   zones:
  #     - {name: door, polygon: [[0.4, 0.5], [0.6, 0.5], [0.6, 0.9], [0.4, 0.9]], dwell_s: 10}
  #     - {name: neighbours, polygon: [[0, 0], [0.3, 0], [0.3, 0.4], [0, 0.4]], kind: privacy}
  #   lines:
  #     - {name: entrance, points: [[0.2, 0.8], [0.8, 0.8]], classes: [person]}"""

Node = dict[str, Any]


def commented_yaml() -> str:
    """The whole YAML; it loads as Config() with one synthetic stream."""
    schema = Config.model_json_schema()
    lines = list(_comment(_HEADER))
    for key, node in schema["properties"].items():
        section = _section(schema, node)
        lines += ["", *_comment(section.get("description", node.get("description", "")) if section else "")]
        if key == "streams":
            lines += [f"{key}:", *_stream_list(schema, section)]
        elif section:
            lines += [f"{key}:", *_keys(schema, section, "  ")]
        else:
            lines += [*_key(key, node, "")]
    return "\n".join(lines) + "\n"


def shipped_names() -> list[str]:
    """The names of the examples that ship, one for each use; recipes of `streamseg train` are none."""
    return sorted(file.stem for file in _EXAMPLES.glob("*.yaml") if not file.stem.startswith("train"))


def shipped(name: str) -> str:
    """The text of a shipped example."""
    return (_EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")


def _section(schema: Node, node: Node) -> Node:
    """The section that a key of the file holds (or holds a list of); empty for a plain value."""
    reference = node.get("$ref") or node.get("items", {}).get("$ref", "")
    return schema["$defs"].get(reference.rpartition("/")[2], {})


def _stream_list(schema: Node, section: Node) -> Iterator[str]:
    properties = {
        key: {**node, "default": _STREAM.get(key, node.get("default"))} for key, node in section["properties"].items()
    }
    rows = list(_keys(schema, {"properties": properties}, "    "))
    first = next(i for i, row in enumerate(rows) if not row.lstrip().startswith("#"))
    # the first key stands behind the dash of its list item, its comment above the dash
    yield from (row[2:] for row in rows[:first])
    yield "  - " + rows[first].lstrip()
    yield from rows[first + 1 :]
    yield from _MORE_STREAMS.splitlines()


def _keys(schema: Node, section: Node, indent: str) -> Iterator[str]:
    for key, node in section["properties"].items():
        inner = _section(schema, node) if "$ref" in node else {}
        if inner:
            yield from _comment(inner.get("description", ""), indent)
            yield f"{indent}{key}:"
            yield from _keys(schema, inner, indent + "  ")
        else:
            yield from _key(key, node, indent)


def _key(key: str, node: Node, indent: str) -> Iterator[str]:
    yield from _comment(f"{node.get('description', key)} [{allowed(node)}]", indent)
    yield f"{indent}{key}: {_value(node.get('default'))}"


def _comment(text: str, indent: str = "") -> Iterator[str]:
    for line in text.splitlines():
        lead = re.match(r" *", line)[0]  # type: ignore[index]
        for part in textwrap.wrap(line, _WIDTH - len(indent) - 2, subsequent_indent=lead, break_on_hyphens=False):
            yield f"{indent}# {part}"


def _value(value: Any) -> str:
    """A value as YAML in one line; quotes only where YAML would read something else."""
    if isinstance(value, str) and re.fullmatch(r"[\w./-]+", value) and yaml.safe_load(value) == value:
        return value
    return json.dumps(value)


def allowed(node: Node) -> str:
    """What a key's JSON schema allows, in words: "whole number 1 to 64", "auto | fast", "number above 0, or null"."""
    if "$ref" in node:
        return "mapping"
    if "anyOf" in node:
        return ", or ".join(allowed(choice) for choice in node["anyOf"])
    if "const" in node:
        return str(node["const"])
    if "enum" in node:
        return " | ".join(map(str, node["enum"]))
    kind = node.get("type")
    if kind in ("number", "integer"):
        return f"{'whole number' if kind == 'integer' else 'number'} {_range(node)}".strip()
    if kind == "array":
        return _list(node)
    words = {"boolean": "true | false", "null": "null", "string": "path" if node.get("format") == "path" else "text"}
    return words[str(kind)] + (f" like {node['pattern']}" if "pattern" in node else "")


def _range(node: Node) -> str:
    low, above, high = node.get("minimum"), node.get("exclusiveMinimum"), node.get("maximum")
    if low is not None:
        return f"{low} or more" if high is None else f"{low} to {high}"
    if above is not None:
        return f"above {above}" if high is None else f"above {above}, up to {high}"
    return "" if high is None else f"up to {high}"


def _list(node: Node) -> str:
    items = node.get("prefixItems")
    return f"list of {len(items)}: {allowed(items[0])} each" if items else f"list: {allowed(node['items'])} each"
