"""The inference stage with our own network: Samples in, Instances out."""

from pathlib import Path

from streamseg.config import ModelConfig
from streamseg.inference.decode import decode
from streamseg.inference.ports import as_inputs
from streamseg.inference.runners import Runner, make_runner
from streamseg.records import Instances, Sample
from streamseg.weights.digests import check_digest
from streamseg.weights.header import find_weights, read_metadata


class DeconvNetwork:
    """Runs the deconvolution network on views and decodes what it says. Safe to call from several threads."""

    def __init__(
        self, runner: Runner, labels: tuple[str, ...], model: ModelConfig, *, motion: bool = False, hash_hex: str = ""
    ):
        """motion: whether runner takes a map of what moves beside the views."""
        self.labels, self.view_hw, self.hash_hex = labels, model.view, hash_hex
        self.takes_motion = motion and model.motion
        self._runner, self._model, self._motion = runner, model, motion
        # objects weaker than both passes of the tracker need are not decoded
        self._floor = min(0.1, model.score)

    def __call__(self, samples: list[Sample]) -> list[Instances]:
        """One Instances per sample, in order."""
        outputs = self._runner(*as_inputs(samples, motion=self._motion).values())
        return [
            decode([out[i] for out in outputs], sample.fit, floor=self._floor, most=self._model.max_objects)
            for i, sample in enumerate(samples)
        ]

    def describe(self) -> str:
        """Network, runner and view in a few words."""
        height, width = self.view_hw
        return f"{Path(self._model.name).stem} ({width}x{height}, {self._runner.describe()})"


def load_deconv_network(model: ModelConfig) -> DeconvNetwork:
    """The shipped or user's own .safetensors network; ModelError where it is none."""
    path = find_weights(model.name)
    header = read_metadata(path)
    digest = check_digest(path, model.sha256)[:16]
    runner = make_runner(path, digest, model)
    return DeconvNetwork(runner, header.labels, model, motion=header.motion, hash_hex=digest)
