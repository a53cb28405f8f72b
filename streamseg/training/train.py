"""Train a network: data sets and a recipe in, a folder with checkpoints, a log and weights out. It can be resumed.

streamseg train people.zip street.zip --out runs/mine --recipe configs/train.yaml
"""

import json
import math
import pickle  # for the name of an error only: weights_only loads no objects
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from streamseg.errors import ConfigError, DataError
from streamseg.inference.net import PLANS, DeconvNet, NetConfig
from streamseg.training.dataset import Dataset, load_dataset
from streamseg.training.losses import loss_terms, total
from streamseg.training.recipe import Recipe
from streamseg.training.scenes import SceneMaker, SceneOptions
from streamseg.training.targets import Batch, make_batch
from streamseg.weights.format import load_weights, save_weights


@dataclass(slots=True)
class Progress:
    """Where a training run stands: scenes seen and wanted, scenes a second, the mean of each loss term."""

    images: int
    wanted: int
    rate: float
    terms: dict[str, float] = field(default_factory=dict)


class Trainer:
    """One training run in a folder: `checkpoint.pt` to go on from, `log.jsonl`, `weights.safetensors` (the average)."""

    def __init__(
        self, recipe: Recipe, data: Sequence[Path], out: Path, *, device: str = "cpu", start: Path | None = None
    ):
        """start: weights to begin from (fine-tuning); a checkpoint in out goes before it."""
        self.recipe, self.out, self.device = recipe, out, torch.device(device)
        torch.set_num_threads(recipe.threads)
        self.sources = _load_sources(recipe, data)
        self.net = load_weights(start)[0] if start else DeconvNet(_plan(recipe))
        if recipe.motion and not self.net.config.motion:
            self.net = _with_motion(self.net)
        if self.net.config.labels != recipe.labels:
            raise ConfigError(
                f"labels {list(recipe.labels)}: {start} knows {list(self.net.config.labels)}; must be equal"
            )
        self.net.to(self.device).train()
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        self.average = DeconvNet(self.net.config).to(self.device)
        self.average.load_state_dict(self.net.state_dict())
        self.optimiser = torch.optim.AdamW(_groups(self.net, recipe.weight_decay), lr=recipe.learning_rate)
        self.images = 0
        out.mkdir(parents=True, exist_ok=True)
        if (out / "checkpoint.pt").exists():
            self._resume()

    def run(self) -> Iterator[Progress]:
        """Train to the end of the recipe; yields after every batch. Checkpoints come by time and at the end."""
        recipe, saved, began = self.recipe, time.monotonic(), time.monotonic()
        first = self.images
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as log:
            for batch in _batches(self.sources, recipe, first):
                terms = self._step(batch.to(self.device))
                self.images += len(batch.view)
                rate = (self.images - first) / (time.monotonic() - began)
                log.write(json.dumps({"images": self.images, "rate": round(rate, 1), **terms}) + "\n")
                yield Progress(self.images, recipe.images, rate, terms)
                if time.monotonic() - saved > recipe.checkpoint_s:
                    self.save()
                    saved = time.monotonic()
                    log.flush()
                if self.images >= recipe.images:
                    break
        self.save()

    def save(self) -> None:
        """Write checkpoint and weights, each under a temporary name first."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "images": self.images,
        }
        temporary = self.out / "checkpoint.tmp"
        torch.save(state, temporary)
        temporary.replace(self.out / "checkpoint.pt")
        notes = {"terms": self.recipe.terms, "data": ", ".join(dataset.name for dataset, _ in self.sources)}
        weights = self.out / "weights.tmp"
        save_weights(self.average, weights, images=str(self.images), **notes)
        weights.replace(self.out / "weights.safetensors")

    def _resume(self) -> None:
        path = self.out / "checkpoint.pt"
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.images = int(state["images"])
        except (OSError, KeyError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{path}: not a checkpoint of this network ({reason}); use another --out") from error

    def _step(self, batch: Batch) -> dict[str, float]:
        for group in self.optimiser.param_groups:
            group["lr"] = self._learning_rate()
        half = self.recipe.precision == "bf16"
        view = batch.view.float().contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            raw = self.net(view, None if batch.motion is None else batch.motion.float())
        terms = loss_terms(raw, batch)
        self.optimiser.zero_grad(set_to_none=True)
        total(terms).backward()  # type: ignore[no-untyped-call]  # missing in torch's stubs
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self.optimiser.step()
        self._update_average()
        return {name: round(term.item(), 4) for name, term in terms.items()}

    def _learning_rate(self) -> float:
        """Linear warm-up, then a cosine to a hundredth."""
        recipe = self.recipe
        warm = min(1.0, (self.images + recipe.batch) / max(1, recipe.warmup_images))
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.images / recipe.images)))
        return recipe.learning_rate * warm * (0.01 + 0.99 * cosine)

    @torch.no_grad()
    def _update_average(self) -> None:
        # a young average forgets faster, so that it does not carry the random start along
        steps = self.images / self.recipe.batch
        keep = min(self.recipe.ema, (1 + steps) / (10 + steps))
        for mean, new in zip(self.average.state_dict().values(), self.net.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(new, 1 - keep)


def _load_sources(recipe: Recipe, data: Sequence[Path]) -> list[tuple[Dataset, float]]:
    sources = [load_dataset(path, recipe.labels) for path in data]
    kept = [(d, recipe.weights.get(d.name, 1.0)) for d in sources if recipe.weights.get(d.name, 1.0) > 0]
    if not any(dataset.pictures for dataset, _ in kept):
        raise DataError("no pictures to train on: give zips or folders with annotations.json and weights above 0")
    return kept


def _with_motion(net: DeconvNet) -> DeconvNet:
    """The same network, that takes a map of what moves and makes nothing of it yet."""
    wider = DeconvNet(replace(net.config, motion=True))
    wider.load_state_dict(net.state_dict(), strict=False)
    return wider


def _plan(recipe: Recipe) -> NetConfig:
    return replace(PLANS[recipe.network], labels=recipe.labels, motion=recipe.motion)


def _groups(net: DeconvNet, weight_decay: float) -> list[dict[str, object]]:
    """Weight decay on kernels only: norms and biases have no scale to lose."""
    kernels = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


def _batches(sources: list[tuple[Dataset, float]], recipe: Recipe, seen: int) -> Iterator[Batch]:
    """Batches for ever, made ahead in a thread; what follows `seen` scenes differs from what came before."""
    options = SceneOptions(recipe.size, recipe.zoom, recipe.paste, recipe.paste_px, recipe.copy_paste, recipe.motion)
    maker = SceneMaker(sources, len(recipe.labels), options)
    ready: queue.Queue[Batch | BaseException] = queue.Queue(maxsize=3)
    stop = threading.Event()

    def fill() -> None:
        rng = np.random.default_rng((recipe.seed, seen))
        try:
            while not stop.is_set():
                ready.put(make_batch([maker.make(rng) for _ in range(recipe.batch)]))
        except BaseException as error:  # handed over to the training thread, which raises it
            ready.put(error)

    cv2.setNumThreads(1)
    threading.Thread(target=fill, daemon=True).start()
    try:
        while True:
            batch = ready.get()
            if isinstance(batch, BaseException):
                raise batch
            yield batch
    finally:
        stop.set()
        while not ready.empty():
            ready.get_nowait()
