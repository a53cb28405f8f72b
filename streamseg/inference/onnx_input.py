"""What a user's network takes in, and how views become that tensor."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from streamseg.errors import ModelError
from streamseg.inference.onnx_metadata import Metadata
from streamseg.records import Sample

DTYPES = {"float32": np.float32, "float16": np.float16, "uint8": np.uint8}
"""Element types an input may have."""


@dataclass(frozen=True, slots=True)
class InputForm:
    """The one input: its element type, the size it sees, and its batch.

    batch: None is free, a number is fixed; has_batch_axis: [B, 3, H, W], else [3, H, W].
    """

    name: str
    dtype: str
    view_hw: tuple[int, int]
    batch: int | None
    has_batch_axis: bool

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The tensor's shape with height and width settled; None is a free batch."""
        image = (3, *self.view_hw)
        return (self.batch, *image) if self.has_batch_axis else image

    @classmethod
    def settle(
        cls, path: Path, name: str, *, dtype: str, shape: tuple[int | None, ...], view_hw: tuple[int, int]
    ) -> "InputForm":
        """From a declared shape, None where it is free; a free height or width becomes view_hw's.

        Raises:
            ModelError: no picture of three channels, channels first, of a known element type fits in.
        """
        where = f"{path}: input {name!r} is {dtype} {list_shape(shape)}"
        if len(shape) not in (3, 4) or shape[-3] not in (3, None):
            raise ModelError(f"{where}; [B, 3, H, W] or [3, H, W] (channels first) is needed")
        if dtype not in DTYPES:
            raise ModelError(f"{where}; its element type must be one of {', '.join(DTYPES)}")
        height, width = shape[-2] or view_hw[0], shape[-1] or view_hw[1]
        has_batch_axis = len(shape) == 4
        return cls(name, dtype, (height, width), shape[0] if has_batch_axis else 1, has_batch_axis)


def list_shape(shape: tuple[int | None, ...]) -> str:
    """A shape for people: [?, 3, 640, 640]."""
    return f"[{', '.join('?' if side is None else str(side) for side in shape)}]"


class Intake:
    """Views (uint8 [h, w, 3] RGB) to the input tensor: (view * scale - mean) / std by table, channels first."""

    def __init__(self, form: InputForm, metadata: Metadata):
        self.form = form
        default = 1.0 if form.dtype == "uint8" else 1 / 255
        scale = default if metadata.scale is None else metadata.scale
        order = slice(None, None, -1 if metadata.color == "bgr" else 1)
        values = np.arange(256, dtype=np.float64)[:, None] * scale
        table = (values - np.array(metadata.mean)) / np.array(metadata.std)
        if form.dtype == "uint8":
            table = np.clip(np.rint(table), 0, 255)
        self._order = order
        self._table = table.astype(np.uint8 if form.dtype == "uint8" else np.float32).reshape(256, 1, 3)

    def __call__(self, samples: list[Sample], pad_to: int) -> npt.NDArray[Any]:
        """[B, 3, h, w] (or [3, h, w]) of the input's element type; the last view is repeated up to pad_to."""
        pictures = [cv2.LUT(np.ascontiguousarray(s.view[..., self._order]), self._table) for s in samples]
        pictures += pictures[-1:] * (pad_to - len(pictures))
        batch = np.stack([picture.transpose(2, 0, 1) for picture in pictures]).astype(DTYPES[self.form.dtype])
        return batch if self.form.has_batch_axis else batch[0]
