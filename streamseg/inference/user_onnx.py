"""Sample -> Instances with a user's own network: `streamseg run SOURCE --model FILE.onnx`."""

import logging
from pathlib import Path

import numpy as np

from streamseg.config import ModelConfig
from streamseg.errors import ModelError
from streamseg.geometry import Letterbox
from streamseg.inference.layouts import Layout, recognise
from streamseg.inference.onnx_input import Intake, list_shape
from streamseg.inference.onnx_metadata import Metadata, read_metadata
from streamseg.inference.onnx_session import open_session
from streamseg.inference.view_objects import Keep
from streamseg.preprocess.fit_view import GREY
from streamseg.records import Instances, Sample

_log = logging.getLogger(__name__)

_FLOOR = 0.1
"""Weaker objects are of no use to the tracker's second pass."""


class UserOnnx:
    """An instance-segmentation network in an ONNX file, as the inference stage; docs/own-networks.md says which.

    labels: the class names that Instances.labels index. view_hw: the size it sees, its own where that is fixed, else
    the configured one. Threads may call one object at the same time; its state does not change after loading.

    Raises:
        ModelError: on loading, if the file, its input or its outputs cannot be used; on a call, if the network fails.
    """

    takes_motion = False

    def __init__(self, path: Path, model: ModelConfig):
        metadata = read_metadata(path)
        self._path = path
        self._session = open_session(path, model)
        form = self._session.form
        self.view_hw = form.view_hw
        if self.view_hw != model.view:
            _log.info("network_view model=%s view=%s configured=%s ignored=true", path, self.view_hw, model.view)
        self._intake = Intake(form, metadata)
        self._layout = self._probe(metadata)
        self._batch = form.batch if self._layout.batched else 1
        if form.batch not in (None, self._batch):
            raise ModelError(f"{path}: a fixed batch of {form.batch}, but outputs without a batch axis; 1 is needed")
        self.labels = self._layout.labels
        self._keep = Keep(min(_FLOOR, model.score), model.max_objects)

    def __call__(self, samples: list[Sample]) -> list[Instances]:
        """What each view shows, in its frame's pixels; as many views at a time as the network takes."""
        size = self._batch or max(1, len(samples))
        chunks = [samples[start : start + size] for start in range(0, len(samples), size)]
        return [found for chunk in chunks for found in self._run(chunk)]

    def describe(self) -> str:
        """The network in a line, for logs and the summary."""
        form = self._session.form
        taken = f"input {form.dtype} {list_shape(form.shape)}"
        return f"{self._path.name}: {self._layout.describe()}, {taken}, {self._session.where}"

    def _run(self, samples: list[Sample]) -> list[Instances]:
        size = self._batch or len(samples)
        outputs = self._session.run(self._intake(samples, size))
        if self._layout.batched and any(len(outputs[number]) != size for number in self._layout.used):
            raise ModelError(
                f"{self._path}: gives no batch of {size} for {size} views; export it with a fixed batch of 1"
            )
        return [
            self._layout.decode(outputs, row, fit=sample.fit, keep=self._keep) for row, sample in enumerate(samples)
        ]

    def _probe(self, metadata: Metadata) -> Layout:
        """Run an empty view: the shapes that come out are real where the declared ones leave sides open."""
        height, width = self.view_hw
        empty = Sample(np.full((height, width, 3), GREY, np.uint8), Letterbox.fit((0, 0, width, height), self.view_hw))
        outputs = self._session.run(self._intake([empty], self._session.form.batch or 1))
        return recognise(self._path, self._session.output_names, outputs, view_hw=self.view_hw, metadata=metadata)
