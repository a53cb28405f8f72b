"""The JSON file beside a cut-out, as sidecar.schema.json describes it: what it shows, and where all of it comes from.

Nothing in it depends on the machine, the folder or the date of the run, but for the wall time of a live stream.
"""

from typing import Any

import msgspec

from streamseg.provenance import Provenance
from streamseg.records import Cutout, Extraction, History
from streamseg.sinks.objects import box_xywh, utc_time
from streamseg.sinks.transforms import transforms

SIDECAR_VERSION = 2


def sidecar(cutout: Cutout, extraction: Extraction, provenance: Provenance) -> dict[str, Any]:
    """The record of a cut-out that was taken from an extraction's frame."""
    frame, track = extraction.frame, cutout.track
    height, width = cutout.rgba.shape[:2]
    return {
        "version": SIDECAR_VERSION,
        "streamseg": provenance.version,
        "stream": frame.stream,
        "source": provenance.source,
        "seq": frame.seq,
        "pts": frame.pts_ns / 1e9,
        "time": utc_time(frame.wall_ns),
        "time_quality": frame.wall_quality,
        "track": track.id,
        "label": track.label,
        "score": round(float(track.score), 4),
        "box": box_xywh(track.box),
        "offset": [int(value) for value in cutout.offset],
        "size": [width, height],
        "frame_size": [frame.size_hw[1], frame.size_hw[0]],
        "purpose": cutout.purpose,
        "final": cutout.purpose == "due",
        "shot": _shot(cutout, provenance),
        "history": _history(cutout),
        "transforms": transforms(frame, cutout.offset, (width, height), extraction.fit),
        "model": {"name": provenance.model, "sha256": provenance.model_sha256},
        "config_sha256": provenance.config_sha256,
        "notes": list(frame.notes),
    }


def encoded(record: dict[str, Any]) -> bytes:
    """JSON, a line for each key."""
    lines = [f'  "{key}": {msgspec.json.format(msgspec.json.encode(value), indent=-1).decode()}'
             for key, value in record.items()]  # fmt: skip
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def finished(content: bytes, *, final: bool = True) -> bytes:
    """A best shot's sidecar once no better one can follow; or, not final, when one can again."""
    return encoded({**msgspec.json.decode(content), "final": final})


def seq_of(content: bytes) -> int:
    """The frame that a sidecar is about."""
    return int(msgspec.json.decode(content)["seq"])


def _shot(cutout: Cutout, provenance: Provenance) -> dict[str, Any] | None:
    if cutout.purpose != "best":
        return None
    return {
        "score": round(float(cutout.shot_score), 4),
        "terms": {name: round(float(value), 4) for name, value in cutout.terms.items()},
        "weights": provenance.weights,
        "scorer": provenance.scorer,
    }


def _history(cutout: Cutout) -> dict[str, Any]:
    history = cutout.history or History(0, 0)
    return {
        "first": history.first_ns / 1e9,
        "confirmed": history.confirmed_ns / 1e9,
        "age": cutout.track.age,
        "hits": cutout.track.hits,
        "path": [[at_ns / 1e9, round(x, 2), round(y, 2)] for at_ns, x, y in history.path],
    }
