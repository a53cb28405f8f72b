"""Our network in torch for a GPU: batches of a few fixed sizes, each launched as a whole, by way of pinned memory.

A network of this size has some hundred kernels, many of which take less time than their launch. A CUDA graph launches
all of them at once, but only for memory that stays where it is: so a batch is filled up to the next power of two, and
each of these sizes has memory of its own. Without CUDA the same is done kernel by kernel, for tests.
"""

import threading
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch

from streamseg.inference.folding import fold
from streamseg.inference.net import Deployed
from streamseg.inference.runners import F32, U8

_WARM_UP = 3
"""Runs before a graph is recorded: libraries choose kernels and take memory."""


class GraphRunner:
    """Runner (see there) on a CUDA device in fp16, or on the CPU in fp32.

    Args:
        deployed: the network; its normalisations are folded, in place.
        device: cuda, cuda:1, ..., cpu.
    """

    def __init__(self, deployed: Deployed, device: str):
        self.device = torch.device(device)
        self._dtype = torch.float16 if self.device.type == "cuda" else torch.float32
        folded: Any = fold(deployed.eval())  # torch's own types know nothing of memory formats
        self._net: Deployed = folded.to(self.device, self._dtype, memory_format=torch.channels_last)
        self._batches: dict[int, _Batch] = {}
        self._lock = threading.Lock()
        self._own = threading.local()

    def __call__(self, *inputs: U8) -> list[F32]:
        count = len(inputs[0])
        size = 1 << (count - 1).bit_length()
        on_device = torch.cuda.device(self.device) if self.device.type == "cuda" else nullcontext()
        with self._lock, torch.inference_mode(), on_device:
            if size not in self._batches:
                self._batches[size] = _Batch(self._net, self.device, [array.shape[1:] for array in inputs], size)
            batch = self._batches[size]
            room = self._room(batch, size)
            batch.run(inputs, room)
        return [tensor[:count].numpy() for tensor in room]

    def describe(self) -> str:
        return f"torch {'fp16, CUDA graphs' if self.device.type == 'cuda' else 'fp32'} on {self.device}"

    def _room(self, batch: "_Batch", size: int) -> list[torch.Tensor]:
        """This thread's own memory for what a batch of a size gives."""
        if not hasattr(self._own, "rooms"):
            self._own.rooms = {}
        rooms: dict[int, list[torch.Tensor]] = self._own.rooms
        if size not in rooms:
            pinned = self.device.type == "cuda"
            rooms[size] = [torch.empty(out.shape, pin_memory=pinned) for out in batch.outputs]
        return rooms[size]


class _Batch:
    """The network for one batch size, its memory on both sides, and on CUDA its graph. outputs: of the last run."""

    def __init__(self, net: Deployed, device: torch.device, shapes: Sequence[tuple[int, ...]], size: int):
        self._net, self._device = net, device
        pinned = device.type == "cuda"
        self._here = [torch.zeros((size, *shape), dtype=torch.uint8, pin_memory=pinned) for shape in shapes]
        self._there = [tensor.to(device) for tensor in self._here]
        self.outputs: list[torch.Tensor] = []
        self._graph = self._recorded() if device.type == "cuda" else None
        if self._graph is None:
            self._work()

    def run(self, inputs: Sequence[U8], room: Sequence[torch.Tensor]) -> None:
        """Work on inputs, at most as many as the size, and write what comes of them to room; the rest of it is idle."""
        for here, there, array in zip(self._here, self._there, inputs, strict=True):
            np.copyto(here.numpy()[: len(array)], array)
            there.copy_(here, non_blocking=True)
        if self._graph is None:
            self._work()
        else:
            self._graph.replay()
        for output, place in zip(self.outputs, room, strict=True):
            place.copy_(output, non_blocking=True)
        if self._device.type == "cuda":
            torch.cuda.current_stream().synchronize()

    def _work(self) -> None:
        self.outputs = [output.float() for output in self._net(*self._there)]

    def _recorded(self) -> torch.cuda.CUDAGraph:
        side: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                self._work()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._work()
        return graph
