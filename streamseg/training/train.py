"""Train a network: data sets and a recipe in, a folder with checkpoints, a log and weights out. It can be resumed.

streamseg train people.zip street.zip --out runs/mine --recipe configs/train.yaml
"""

import json
import math
import pickle  # for the name of an error only: weights_only loads no objects
import queue
import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from streamseg.errors import ConfigError, DataError
from streamseg.inference.net import PLANS, DeconvNet, NetConfig
from streamseg.training.dataset import Dataset, load_dataset
from streamseg.training.device.batches import device_batches
from streamseg.training.even import even_out
from streamseg.training.losses import WEIGHTS, identity_terms, loss_terms, total
from streamseg.training.recipe import Recipe
from streamseg.training.scenes import SceneMaker, SceneOptions
from streamseg.training.targets import Batch, make_batch
from streamseg.training.transplant import fit_start, what_changes
from streamseg.weights.format import load_weights, save_weights

_RATE_OVER = 50
"""Batches over which the rate is measured."""


@dataclass(slots=True)
class Progress:
    """Where a training run stands: scenes seen and wanted, scenes a second of late, the mean of each loss term.

    saved: a checkpoint was just written.
    """

    images: int
    wanted: int
    rate: float
    terms: dict[str, float] = field(default_factory=dict)
    saved: bool = False

    @property
    def loss(self) -> float:
        """The weighted sum that is minimised."""
        return sum(WEIGHTS[name] * value for name, value in self.terms.items())


class Trainer:
    """One training run in a folder: `checkpoint.pt` to go on from, `log.jsonl`, `weights.safetensors` (the average)."""

    def __init__(
        self, recipe: Recipe, data: Sequence[Path], out: Path, *, device: str = "cpu", start: Path | None = None
    ):
        """start: weights to begin from (fine-tuning), whatever their labels; a checkpoint in out goes before it."""
        self.recipe, self.out, self.device = recipe, out, _device(device, recipe.precision)
        torch.set_num_threads(recipe.threads)
        self.sources = _load_sources(recipe, data)
        self.begun_from, self.start_note = "", ""
        torch.manual_seed(recipe.seed)
        self.net = self._go_on_from(start) if start else DeconvNet(_plan(recipe))
        if recipe.even:
            even_out(self.net)
        self.net.to(self.device)
        _set_learning(self.net, recipe.learns)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs
        self.average = DeconvNet(self.net.config).to(self.device)
        self.average.load_state_dict(self.net.state_dict())
        self.optimiser = torch.optim.AdamW(_groups(self.net, recipe.weight_decay), lr=recipe.learning_rate)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=recipe.precision == "fp16")
        self.images = 0
        out.mkdir(parents=True, exist_ok=True)
        if (out / "checkpoint.pt").exists():
            self._resume()

    def run(self) -> Iterator[Progress]:
        """Train to the end of the recipe; yields after every batch. Checkpoints come by time and at the end."""
        if self.images >= self.recipe.images:
            return
        saved, spent = time.monotonic(), deque[float](maxlen=_RATE_OVER)
        with (self.out / "log.jsonl").open("a", encoding="utf-8", buffering=1) as log:
            began = time.monotonic()
            for batch in _batches(self.sources, self.recipe, self.images, self.device):
                rate_now = self._learning_rate()
                terms = self._step(batch.to(self.device))
                self.images += len(batch.view)
                spent.append(time.monotonic() - began)
                progress = Progress(
                    self.images, self.recipe.images, len(batch.view) * len(spent) / sum(spent), terms,
                    saved=time.monotonic() - saved > self.recipe.checkpoint_s or self.images >= self.recipe.images,
                )  # fmt: skip
                log.write(_line(progress, rate_now))
                if progress.saved:
                    self.save()
                    saved = time.monotonic()
                yield progress
                if self.images >= self.recipe.images:
                    return
                began = time.monotonic()

    def save(self) -> None:
        """Write checkpoint and weights, each under a temporary name first."""
        state = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "images": self.images,
            "begun_from": self.begun_from,
        }
        temporary = self.out / "checkpoint.tmp"
        torch.save(state, temporary)
        temporary.replace(self.out / "checkpoint.pt")
        self.save_average(self.out / "weights.safetensors")

    def save_average(self, path: Path) -> None:
        """Write the averaged weights, under a temporary name first."""
        notes = {"terms": self.recipe.terms, "data": ", ".join(dataset.name for dataset, _ in self.sources)}
        if self.begun_from:
            notes["begun_from"] = self.begun_from
        temporary = path.with_suffix(".tmp")
        save_weights(self.average, temporary, images=str(self.images), **notes)
        temporary.replace(path)

    def _go_on_from(self, start: Path) -> DeconvNet:
        recipe = self.recipe
        known, header = load_weights(start)
        self.begun_from = f"{start.stem} ({header.notes.get('terms', 'no terms stated')})"
        plan = PLANS[recipe.network] if recipe.network else known.config
        if recipe.learns == "appearance" and not plan.appearance:
            plan = replace(plan, appearance=PLANS["s"].appearance)
        net = fit_start(known, recipe.labels, motion=recipe.motion, plan=plan)
        self.start_note = what_changes(known.config, net.config, start.stem, recipe.network)
        return net

    def _resume(self) -> None:
        path = self.out / "checkpoint.pt"
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            if self.scaler.is_enabled() and state.get("scaler"):
                self.scaler.load_state_dict(state["scaler"])
            self.images = int(state["images"])
            self.begun_from = self.begun_from or state.get("begun_from", "")
        except (OSError, KeyError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{path}: not a checkpoint of this network ({reason}); use another --out") from error

    def _step(self, batch: Batch) -> dict[str, float]:
        for group in self.optimiser.param_groups:
            group["lr"] = self._learning_rate()
        terms = self._terms(batch)
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(total(terms)).backward()  # type: ignore[no-untyped-call]  # missing in torch's stubs
        self.scaler.unscale_(self.optimiser)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        if self.recipe.even:
            even_out(self.net)
        self._update_average()
        return {name: round(term.item(), 4) for name, term in terms.items()}

    def _terms(self, batch: Batch) -> dict[str, torch.Tensor]:
        half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.recipe.precision)
        view = batch.view.float().contiguous(memory_format=torch.channels_last)
        autocast = torch.autocast(self.device.type, half, enabled=half is not None)
        if self.recipe.learns == "appearance":
            with autocast:
                seen = self.net.look(view)
            return identity_terms(seen, batch)
        with autocast:
            raw = self.net(view, None if batch.motion is None else batch.motion.float())
        return loss_terms(raw, batch)

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


def _line(progress: Progress, learning_rate: float) -> str:
    row = {"images": progress.images, "rate": round(progress.rate, 1), "learning_rate": float(f"{learning_rate:.4g}")}
    return json.dumps(row | progress.terms) + "\n"


def _device(name: str, precision: str) -> torch.device:
    if not re.fullmatch(r"cpu|cuda(:\d+)?", name):
        raise ConfigError(f"device {name!r}: must be cpu, cuda or cuda:N")
    if precision == "fp16" and name == "cpu":
        raise ConfigError(f"precision 'fp16': needs a CUDA device, not {name!r}; use bf16 or fp32")
    if name != "cpu" and not torch.cuda.is_available():
        raise ConfigError(f"device {name!r}: torch sees no CUDA device; use cpu")
    return torch.device(name)


def _load_sources(recipe: Recipe, data: Sequence[Path]) -> list[tuple[Dataset, float]]:
    sources = [load_dataset(path, recipe.labels) for path in data]
    kept = [(d, recipe.weights.get(d.name, 1.0)) for d in sources if recipe.weights.get(d.name, 1.0) > 0]
    if not any(dataset.pictures for dataset, _ in kept):
        raise DataError("no pictures to train on: give zips or folders with annotations.json and weights above 0")
    if not any(row["category_id"] in p.labels for d, _ in kept for p in d.pictures for row in p.rows):
        raise DataError(f"nothing to learn: no picture has an object of {', '.join(recipe.labels)}; see --labels")
    return kept


def _plan(recipe: Recipe) -> NetConfig:
    return replace(PLANS[recipe.network or "s"], labels=recipe.labels, motion=recipe.motion)


def _set_learning(net: DeconvNet, what: str) -> None:
    """Training mode, for all of a network or for its appearance alone."""
    if what == "appearance" and not net.config.appearance:
        raise ConfigError("learns 'appearance': this network has none; set `network` in the recipe to give it one")
    net.train(what == "all")
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(what == "all" or name.startswith("appearance."))
    if net.appearance is not None:
        net.appearance.train()


def _groups(net: DeconvNet, weight_decay: float) -> list[dict[str, object]]:
    """Weight decay on kernels only: norms and biases have no scale to lose."""
    kernels = [p for p in net.parameters() if p.ndim > 1]
    rest = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


def scene_maker(sources: list[tuple[Dataset, float]], recipe: Recipe) -> SceneMaker:
    """What makes the scenes of a run."""
    return SceneMaker(sources, len(recipe.labels), _scene_options(recipe))


def _scene_options(recipe: Recipe) -> SceneOptions:
    return SceneOptions(recipe.size, recipe.zoom, recipe.paste, recipe.paste_px, recipe.copy_paste, recipe.motion)


def scene_chance(recipe: Recipe, seen: int) -> np.random.Generator:
    """What the scenes of a run are drawn from that goes on after `seen` of them."""
    return np.random.default_rng((recipe.seed, seen))


def _batches(sources: list[tuple[Dataset, float]], recipe: Recipe, seen: int, device: torch.device) -> Iterator[Batch]:
    """Batches for ever, made where the recipe says; what follows `seen` scenes differs from what came before."""
    if recipe.augment == "device":
        return device_batches(sources, _scene_options(recipe), recipe, seen, device)
    return _host_batches(sources, recipe, seen)


def _host_batches(sources: list[tuple[Dataset, float]], recipe: Recipe, seen: int) -> Iterator[Batch]:
    """Made ahead in a thread."""
    maker = scene_maker(sources, recipe)
    ready: queue.Queue[Batch | BaseException] = queue.Queue(maxsize=3)
    stop = threading.Event()

    def fill() -> None:
        rng = scene_chance(recipe, seen)
        try:
            while not stop.is_set():
                ready.put(make_batch(maker.make_many(recipe.batch, recipe.twice, rng)))
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
