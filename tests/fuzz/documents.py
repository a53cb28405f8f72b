"""Files that people write, or programs did before: configurations, recipes, zones, recorded lines, truth of clips."""

import gzip
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from streamseg.capture.spec import kind_of
from streamseg.commands.ctl import read_zones
from streamseg.config_file import load
from streamseg.errors import ConfigError, DataError
from streamseg.evaluation.clips import read_boxes, read_masks
from streamseg.geometry import rle_encode
from streamseg.recorded import RecordedObjects
from streamseg.template import commented_yaml
from streamseg.training.recipe import load_recipe
from streamseg.training.validation import History
from tests.fuzz.hostile import Bytes, as_json_lines, as_yaml, documents, mutated
from tests.fuzz.target import Target, of_file

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
COUNTS = rle_encode(np.eye(6, 5, dtype=np.uint8))
OBJECT = {
    "id": 1, "label": "person", "score": 0.5, "box": [1.0, 2.0, 5.0, 6.0], "state": "active",
    "mask": {"size": [6, 5], "counts": COUNTS}, "mask_offset": [1, 2],
}  # fmt: skip
LINES = [
    {"seq": seq, "pts": seq / 25, "time": "2026-01-01T00:00:00Z", "objects": [OBJECT] * (seq % 2), "looked": True}
    for seq in range(3)
]
TRUTH = [{"frame": 0, "labelled": True, "foreground": OBJECT["mask"], "ignore": OBJECT["mask"]}]
VALIDATION = {"images": 100, "mask_ap": 0.5, "mask_ap50": 0.6, "best": True, "sets": {}}
ZONES = {
    "zones": [{"name": "door", "polygon": [[0, 0], [1, 0], [1, 1]]}],
    "lines": [{"name": "l", "points": [[0, 0], [1, 1]]}],
}


def _configurations() -> list[bytes]:
    shipped = [path.read_bytes() for path in sorted(CONFIGS.glob("*.yaml")) if not path.stem.startswith("train")]
    return [commented_yaml().encode(), as_yaml({"streams": [{"source": "0", **ZONES}]}), *shipped]


def _recipes() -> list[bytes]:
    return [path.read_bytes() for path in sorted(CONFIGS.glob("train*.yaml"))]


def _check(path: Path) -> None:
    """As `streamseg check` does."""
    for stream in load(path).streams:
        try:
            kind_of(stream.source)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from error


def _replay(path: Path) -> None:
    with closing(RecordedObjects(path)) as recorded:
        for index in range(len(recorded)):
            assert recorded.of_seq(int(recorded.seqs[index])).seq == recorded.seqs[index]


def _read_truth(path: Path) -> None:
    for _, line in read_masks(path):
        try:
            line.foreground.mask()
        except ValueError as error:
            raise DataError(f"{path}: {error}") from error  # as whoever compares masks does


def _yaml(seeds: list[bytes]) -> Bytes:
    return mutated(seeds) | documents([yaml.safe_load(seed) for seed in seeds], as_yaml)


def _lines(rows: list[Any]) -> Bytes:
    return mutated([as_json_lines(rows)]) | documents([rows], as_json_lines)


def _target(name: str, file: str, read: Any, inputs: Bytes, seeds: list[bytes]) -> Target:
    return Target(name, inputs, of_file(file, read), lambda: seeds)


_BOXES = [b"1,1,10,20,30,40,1,1,1\n2,1,10,20,30,40,1\n"]
DOCUMENTS = (
    _target("configurations", "c.yaml", _check, _yaml(_configurations()), _configurations()),
    _target("recipes", "train.yaml", load_recipe, _yaml(_recipes()), _recipes()),
    _target("zones", "zones.yaml", read_zones, _yaml([as_yaml(ZONES)]), [as_yaml(ZONES)]),
    _target("recorded-objects", "objects.jsonl", _replay, _lines(LINES), [as_json_lines(LINES)]),
    _target(
        "compressed-objects",
        "objects.jsonl.gz",
        _replay,
        mutated([gzip.compress(as_json_lines(LINES), mtime=0)]) | _lines(LINES).map(gzip.compress),
        [gzip.compress(as_json_lines(LINES), mtime=0)],
    ),
    _target("truth", "c.masks.jsonl", _read_truth, _lines(TRUTH), [as_json_lines(TRUTH)]),
    _target("boxes", "c.gt.txt", read_boxes, mutated(_BOXES), _BOXES),
    _target(
        "validations", "v.jsonl", lambda path: History(path, 1000), _lines([VALIDATION]), [as_json_lines([VALIDATION])]
    ),
)
