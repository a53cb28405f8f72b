"""What an ONNX file says of itself: class names, normalisation, channel order, layout.

The file's top level is walked as protobuf wire format, so that every runner gets the same answer without the `onnx`
package, and a file that is no ONNX is refused before a runner prints its own guesses. Field numbers: onnx/onnx.proto3,
ModelProto (graph 7, metadata_props 14) and StringStringEntryProto (key 1, value 2); wire types: protobuf.dev/encoding.
"""

import ast
import io
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast, get_args

from streamseg.errors import ModelError

LayoutName = Literal["yolo", "yolo-objectness", "yolo-end2end", "mask-rcnn"]
Triple = tuple[float, float, float]

_GRAPH, _METADATA_PROPS = 7, 14
_KEY, _VALUE = 1, 2
_MAX_VALUE_BYTES = 256 * 1024
_MAX_CLASSES = 10_000
_MAX_NAME_LENGTH = 64
_MOST_NUMBER = 1e30


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata_props that streamseg reads.

    names: class names, empty when missing; first: the label value of names[0], None when a list left it open.
    Channel i of the input is (view * scale - mean[i]) / std[i], where the view's channels come in the order of color;
    scale None is 1/255 for float inputs and 1 for uint8. layout: the output layout, None to look at the shapes.
    """

    names: tuple[str, ...] = ()
    first: int | None = None
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)
    scale: float | None = None
    color: Literal["rgb", "bgr"] = "rgb"
    layout: LayoutName | None = None


def read_metadata(path: Path) -> Metadata:
    """The metadata of an .onnx file.

    Raises:
        ModelError: it cannot be read, is no ONNX file, was cut short, or holds a value that cannot be used.
    """
    entries = read_entries(path)
    try:
        return _parse(entries)
    except ValueError as error:
        raise ModelError(f"{path}: metadata {error}") from error


def read_entries(path: Path) -> dict[str, str]:
    """The metadata_props of an .onnx file as they stand; ModelError if it is no ONNX file, or was cut short."""
    try:
        with path.open("rb") as file:
            return _entries(file, path.stat().st_size)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}; an ONNX file is needed") from error
    except ValueError as error:
        raise ModelError(f"{path}: not an ONNX file, or cut short ({error})") from error


@dataclass(frozen=True, slots=True)
class _Field:
    """A length-delimited protobuf field whose payload begins where the file now stands."""

    number: int
    size: int


def _entries(file: BinaryIO, size: int) -> dict[str, str]:
    entries: dict[str, str] = {}
    graphs = 0
    for field in _fields(file, size):
        graphs += field.number == _GRAPH and field.size > 0
        if field.number == _METADATA_PROPS and field.size <= 2 * _MAX_VALUE_BYTES:
            payload = io.BytesIO(file.read(field.size))
            parts = {part.number: payload.read(part.size) for part in _fields(payload, field.size)}
            key, value = (parts.get(number, b"").decode("utf-8", "replace") for number in (_KEY, _VALUE))
            entries[key] = value
    if graphs == 0:
        raise ValueError("it holds no graph")
    return entries


def _fields(file: BinaryIO, size: int) -> Iterator[_Field]:
    """Length-delimited fields of the message that fills size bytes; others are stepped over."""
    at = file.tell()
    end = at + size
    while at < end:
        tag = _varint(file)
        wire = tag & 7
        if wire == 0:
            _varint(file)
        elif wire in (1, 5):
            file.seek(8 if wire == 1 else 4, io.SEEK_CUR)
        elif wire == 2:
            length = _varint(file)
            at = file.tell() + length
            if at > end:
                raise ValueError(f"a field of {length} bytes reaches {at - end} bytes beyond the end")
            yield _Field(tag >> 3, length)
            file.seek(at)
        else:
            raise ValueError(f"wire type {wire} at byte {at}")
        at = file.tell()
    if at > end:
        raise ValueError(f"a field reaches {at - end} bytes beyond the end")


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("it ends inside a number")
        value |= (byte[0] & 0x7F) << shift
        if not byte[0] & 0x80:
            return value
    raise ValueError("a number is longer than 64 bits")


def _parse(entries: dict[str, str]) -> Metadata:
    for key in ("names", "mean", "std", "scale", "color", "output_layout"):
        if len(entries.get(key, "")) > _MAX_VALUE_BYTES:
            raise ValueError(f"{key}: {len(entries[key])} characters; at most {_MAX_VALUE_BYTES} are read")
    names, first = _names(entries["names"]) if "names" in entries else ((), None)
    std = _triple(entries, "std", 1.0)
    if min(std) <= 0:
        raise ValueError(f"std: {entries['std']!r} must be above 0")
    color = entries.get("color", "rgb").lower()
    if color not in ("rgb", "bgr"):
        raise ValueError(f"color: {color!r}; rgb or bgr is needed")
    return Metadata(
        names=names,
        first=first,
        mean=_triple(entries, "mean", 0.0),
        std=std,
        scale=_triple(entries, "scale", 1.0)[0] if "scale" in entries else None,
        color=cast(Literal["rgb", "bgr"], color),
        layout=_layout(entries),
    )


def _layout(entries: dict[str, str]) -> LayoutName | None:
    if "output_layout" in entries:
        name = entries["output_layout"].lower()
        if name not in get_args(LayoutName):
            raise ValueError(f"output_layout: {name!r}; one of {', '.join(get_args(LayoutName))} is needed")
        return cast(LayoutName, name)
    return "yolo-end2end" if entries.get("end2end", "").lower() == "true" else None


def _names(text: str) -> tuple[tuple[str, ...], int | None]:
    """Class names, and the label value of the first one where a mapping tells it."""
    value = _literal("names", text)
    if isinstance(value, list | tuple):
        _check_count(len(value))
        return tuple(_name(name) for name in value), None
    if isinstance(value, dict):
        try:
            by_label = {int(label): _name(name) for label, name in value.items()}
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError("names: the keys of a mapping must be label numbers") from error
        first, last = min(by_label, default=0), max(by_label, default=-1)
        if first < 0:
            raise ValueError(f"names: label {first}; labels count from 0")
        _check_count(last + 1)
        return tuple(by_label.get(label, unnamed(label)) for label in range(first, last + 1)), first
    raise ValueError(f"names: holds {type(value).__name__}; a list of names or a mapping from label to name is needed")


def _check_count(count: int) -> None:
    if not 1 <= count <= _MAX_CLASSES:
        raise ValueError(f"names: {count} classes; 1 to {_MAX_CLASSES} are allowed")


def _name(name: object) -> str:
    """A class name that can be part of a file name."""
    clean = re.sub(r"[^\w .+-]", "_", str(name)).strip(" .")[:_MAX_NAME_LENGTH]
    return clean or "_"


def unnamed(label: int) -> str:
    """What a class is called that the file does not name."""
    return f"class{label}"


def _triple(entries: dict[str, str], key: str, default: float) -> Triple:
    """One finite number for all channels, or one for each."""
    if key not in entries:
        return default, default, default
    value = _literal(key, entries[key])
    given = value if isinstance(value, list | tuple) else [value]
    numbers = [float(n) for n in given if isinstance(n, int | float) and abs(n) <= _MOST_NUMBER]
    if len(numbers) != len(given) or len(numbers) not in (1, 3):
        raise ValueError(f"{key}: {entries[key][:80]!r}; one number or a list of three is needed")
    first, second, third = numbers if len(numbers) == 3 else numbers * 3
    return first, second, third


def _literal(key: str, text: str) -> object:
    """JSON, or the Python literal that YOLO exporters write; nothing is executed."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a backslash that escapes nothing
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"{key}: {text[:80]!r} is neither JSON nor a Python literal") from error
