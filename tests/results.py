"""What tests read back from an output folder."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import av
import jsonschema


def read_summary(out: Path) -> dict[str, Any]:
    """summary.json, checked: it obeys its schema and every account closes."""
    document = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    schema = json.loads(files("streamseg.schemas").joinpath("summary.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    for stream in document["streams"].values():
        lost = sum(stream["dropped"].values()) + sum(stream["failed"].values())
        assert stream["captured"] == stream["emitted"] + lost + stream["in_flight"]
    return document


def read_seqs(out: Path, stream: str) -> list[int]:
    lines = (out / stream / "objects.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["seq"] for line in lines]


def count_video_frames(out: Path, stream: str) -> int:
    with av.open(out / stream / "annotated.mp4") as container:
        return sum(1 for _ in container.decode(video=0))
