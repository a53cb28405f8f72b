"""Recordings of objects for tests: lines as `streamseg run` writes them, or broken ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from streamseg.geometry import rle_encode

STEP_NS = 40_000_000


def an_object(number: int = 1, x: int = 10, **changes: Any) -> dict[str, Any]:
    """A disc of 20 x 20 pixels with a mask."""
    grid = np.hypot(*np.mgrid[-9.5:10, -9.5:10]) < 9
    mask = {"size": [20, 20], "counts": rle_encode(grid)}
    found = {"id": number, "label": "disc", "score": 0.9, "box": [x, 20, 20, 20], "mask": mask}
    return found | {"mask_offset": [x, 20], "state": "active"} | changes


def a_line(seq: int, *objects: dict[str, Any], **changes: Any) -> str:
    """A frame's line, 25 a second."""
    record = {"seq": seq, "pts": seq * STEP_NS / 1e9, "time": None, "objects": list(objects)} | changes
    return json.dumps(record) + "\n"


def write(path: Path, *lines: str) -> Path:
    """A file of lines."""
    path.write_text("".join(lines))
    return path
