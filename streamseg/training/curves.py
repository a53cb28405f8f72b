"""A run's log.jsonl -> curves over scenes, smooth and of few points however long the run."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from streamseg.training.losses import WEIGHTS

Row = dict[str, float]
Curve = list[tuple[float, float]]

_POINTS = 150


def read_curves(file: Path) -> dict[str, Curve]:
    """By key of the log, (scenes, mean of some batches in succession); "loss" is the weighted sum of the terms."""
    rows = _read(file)
    together = max(1, min(10, len(rows) // 10), math.ceil(len(rows) / _POINTS))
    groups = [rows[i : i + together] for i in range(0, len(rows), together)]
    keys = dict.fromkeys(key for row in rows for key in row if key != "images")
    return {key: _curve(groups, key) for key in keys}


def _curve(groups: Sequence[Sequence[Row]], key: str) -> Curve:
    points = []
    for group in groups:
        values = [row[key] for row in group if math.isfinite(row.get(key, math.nan))]
        if values:
            points.append((group[-1]["images"], fmean(values)))
    return points


def _read(file: Path) -> list[Row]:
    """The batches of the weights as they are: a resumed run repeats what came after its last checkpoint."""
    rows: list[Row] = []
    if not file.exists():
        return rows
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            row = _row(line)
            if row is None:
                continue
            while rows and rows[-1]["images"] >= row["images"]:
                rows.pop()
            rows.append(row)
    return rows


def _row(line: str) -> Row | None:
    """None: the line was being written when the run was killed."""
    try:
        row = json.loads(line)
        terms = [weight * row[name] for name, weight in WEIGHTS.items() if name in row]
        return {"images": row["images"]} | row | {"loss": sum(terms)}
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
