"""What an exported network says of itself: text entries that an ONNX or OpenVINO file carries."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from streamseg.errors import ModelError

FORMAT = "network-3"
FORMAT_KEY = "streamseg"
"""The entry that tells our own files from others."""

_MOST_SIDE = 4096

Precision = Literal["fp32", "fp16", "bf16", "int8"]


@dataclass(frozen=True, slots=True)
class Card:
    """labels: class names in the order of the outputs; view_hw: the one size it takes; precision: of its arithmetic.

    motion: whether it takes a map of what moves; appearance: whether it tells objects of a kind apart. notes: where it
    comes from (source, digest) and what the weight file says (terms, data, images).
    """

    labels: tuple[str, ...]
    view_hw: tuple[int, int]
    precision: Precision
    motion: bool = False
    appearance: bool = False
    notes: dict[str, str] = field(default_factory=dict)

    def entries(self) -> dict[str, str]:
        """All of it as text, by key."""
        own = {
            FORMAT_KEY: FORMAT,
            "names": json.dumps(self.labels),
            "view": json.dumps(self.view_hw),
            "precision": self.precision,
            "motion": json.dumps(self.motion),
            "appearance": json.dumps(self.appearance),
        }
        return self.notes | own

    @classmethod
    def parse(cls, path: Path, entries: dict[str, str]) -> "Card":
        """The card in the entries of path; ModelError if there is none, or one that cannot be used."""
        notes = dict(entries)
        found = notes.pop(FORMAT_KEY, None)
        if found != FORMAT:
            said = "says nothing of streamseg" if found is None else f"is of the format {found!r}, not {FORMAT!r}"
            raise ModelError(f"{path}: {said}; a file written by `streamseg export` is needed")
        try:
            labels = tuple(str(name) for name in json.loads(notes.pop("names")))
            height, width = map(int, json.loads(notes.pop("view")))
            precision, motion = notes.pop("precision"), bool(json.loads(notes.pop("motion")))
            appearance = bool(json.loads(notes.pop("appearance", "false")))
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise ModelError(f"{path}: its card cannot be read ({type(error).__name__}: {error})") from error
        if not labels or precision not in get_args(Precision):
            raise ModelError(f"{path}: its card names {len(labels)} classes and precision {precision[:20]!r}")
        if any(side % 32 or not 32 <= side <= _MOST_SIDE for side in (height, width)):
            raise ModelError(
                f"{path}: its card names a view of {width} x {height}; multiples of 32 up to 4096 are read"
            )
        return cls(labels, (height, width), cast(Precision, precision), motion, appearance, notes)
