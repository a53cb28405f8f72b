"""A network, a format and a precision -> one file, with a card that says what it is."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streamseg.errors import ConfigError
from streamseg.inference.card import Card, Precision
from streamseg.records import Sample
from streamseg.weights.header import read_metadata

Format = Literal["onnx", "openvino"]

SUFFIXES: dict[Format, str] = {"onnx": ".onnx", "openvino": ".xml"}
PRECISIONS: dict[Format, tuple[Precision, ...]] = {"onnx": ("fp32",), "openvino": ("fp32", "fp16", "bf16", "int8")}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written: weights is a weight file, out the file for it, view_hw the one size that it will take.

    Raises:
        ConfigError: format, precision and the name of the file do not go together.
    """

    weights: Path
    format: Format
    precision: Precision
    view_hw: tuple[int, int]
    out: Path

    def __post_init__(self) -> None:
        allowed = PRECISIONS[self.format]
        if self.precision not in allowed:
            raise ConfigError(f"precision {self.precision}: format {self.format} has {', '.join(allowed)}")
        if self.out.suffix.lower() != SUFFIXES[self.format]:
            raise ConfigError(f"{self.out}: format {self.format} is written to a {SUFFIXES[self.format]} file")
        if not self.out.parent.is_dir():
            raise ConfigError(f"{self.out}: no such folder as {self.out.parent}; it must exist")


def write(plan: Plan, samples: list[Sample]) -> None:
    """Write the file; samples: views to calibrate int8 with.

    Raises:
        ConfigError: what a precision needs is not installed.
        ModelError: the weights cannot be loaded.
        SinkError: the file cannot be written.
    """
    header = read_metadata(plan.weights)
    digest = hashlib.sha256(plan.weights.read_bytes()).hexdigest()
    notes = header.notes | {"source": plan.weights.name, "source_sha256": digest}
    card = Card(header.labels, plan.view_hw, plan.precision, header.motion, header.appearance, notes)
    if plan.format == "onnx":
        from streamseg.export.to_onnx import write_onnx

        write_onnx(plan.weights, card, plan.out)
    else:
        from streamseg.export.to_openvino import write_openvino

        write_openvino(plan.weights, digest[:16], card, plan.out, calibration=samples)
