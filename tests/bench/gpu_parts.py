"""What gpu.py measures, each by itself: ceilings, the network, transfers, views, decoding. All runs on a CPU, too."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from streamseg.capture.synthetic import COLOR
from streamseg.inference.folding import fold
from streamseg.inference.graph_runner import GraphRunner
from streamseg.inference.net import Deployed
from streamseg.inference.runners import TorchRunner
from streamseg.preprocess import FitView
from streamseg.records import Frame, Planes
from streamseg.weights.format import load_weights
from streamseg.weights.header import find_weights

Row = dict[str, Any]
Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Bench:
    """What all parts go by. least_s: how long each thing is repeated; view: height and width."""

    device: torch.device
    view: tuple[int, int]
    least_s: float
    small: bool

    @property
    def cuda(self) -> bool:
        """Whether it is a GPU."""
        return self.device.type == "cuda"

    def sync(self) -> None:
        """Wait for all that was launched."""
        if self.cuda:
            torch.cuda.synchronize(self.device)

    def seconds(self, work: Work) -> float:
        """What one call takes in a row of many; the first ones do not count."""
        for _ in range(3):
            work()
        times = 1
        while True:
            self.sync()
            began_s = time.perf_counter()
            for _ in range(times):
                work()
            self.sync()
            took_s = time.perf_counter() - began_s
            if took_s >= self.least_s:
                return took_s / times
            times = max(times + 1, min(10 * times, round(1.2 * times * self.least_s / max(took_s, 1e-6))))


def network(bench: Bench, dtype: torch.dtype, name: str = "s") -> Deployed:
    """The shipped network as GraphRunner has it."""
    deployed = fold(Deployed(load_weights(find_weights(name))[0]).eval())
    return deployed.to(bench.device, dtype, memory_format=torch.channels_last)


def inputs(bench: Bench, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Views and motion maps of noise."""
    height, width = bench.view
    shapes = (batch, height, width, 3), (batch, height // 4, width // 4)
    return tuple(torch.randint(0, 255, shape, dtype=torch.uint8).to(bench.device) for shape in shapes)  # type: ignore


def ceilings(bench: Bench, dtypes: dict[str, torch.dtype]) -> Row:
    """What the device can do at most: a large product of matrices in each precision, and a large copy."""
    side, size = (512, 1 << 24) if bench.small else (8192, 1 << 30)
    found: Row = {}
    for name, dtype in dtypes.items():
        one = torch.randn(side, side, device=bench.device).to(dtype)
        found[f"{name} TFLOP/s"] = 2 * side**3 / bench.seconds(lambda one=one: one @ one) / 1e12
    source = torch.zeros(size, dtype=torch.uint8, device=bench.device)
    target = torch.empty_like(source)
    found["copy GB/s, read and written"] = 2 * size / bench.seconds(lambda: target.copy_(source)) / 1e9
    return found


def layers(bench: Bench, dtype: torch.dtype) -> list[tuple[float, float]]:
    """By convolution, for one picture: FLOPs, and bytes where input, weights and output pass memory once."""
    counted: list[tuple[float, float]] = []

    def count(layer: nn.Module, given: tuple[torch.Tensor, ...], gives: torch.Tensor) -> None:
        assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        # each weight meets every pixel of the output, in a transposed one of the input
        pixels = (given[0] if isinstance(layer, nn.ConvTranspose2d) else gives)[0, 0].numel()
        passed = given[0].numel() + gives.numel() + layer.weight.numel()
        counted.append((2.0 * pixels * layer.weight.numel(), passed * gives.element_size()))

    net = network(bench, dtype)
    for part in net.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            part.register_forward_hook(count)
    with torch.inference_mode():
        net(*inputs(bench, 1))
    return counted


def roofline(bench: Bench, name: str, dtype: torch.dtype, most: Row) -> Row:
    """How many pictures a second the ceilings allow, each layer held back by sums or by memory, whichever is worse."""
    counted, peak, memory = (
        layers(bench, dtype),
        most[f"{name} TFLOP/s"] * 1e12,
        most["copy GB/s, read and written"] * 1e9,
    )
    bound_s = sum(max(flops / peak, passed / memory) for flops, passed in counted)
    by_memory = sum(flops / peak < passed / memory for flops, passed in counted)
    gflop, mb = (sum(each[i] for each in counted) / scale for i, scale in ((0, 1e9), (1, 1e6)))
    return {
        "precision": name,
        "layers": len(counted),
        "by memory": by_memory,
        "GFLOP a picture": gflop,
        "MB a picture": mb,
        "pictures/s at most": 1 / bound_s,
    }


def ways(bench: Bench, net: Deployed, batch: int, *, compiled: bool) -> dict[str, Callable[[], Work]]:
    """The network by each way of launching it, to be begun; what comes out stays on the device."""
    given = inputs(bench, batch)

    def compiling() -> Work:
        faster = torch.compile(net, dynamic=False)
        return lambda: faster(*given)

    def recording() -> Work:
        graph = torch.cuda.CUDAGraph()
        for _ in range(3):
            net(*given)
        bench.sync()
        with torch.cuda.graph(graph):
            net(*given)
        return graph.replay

    found: dict[str, Callable[[], Work]] = {"eager": lambda: lambda: net(*given)}
    if compiled:
        found["torch.compile"] = compiling
    if bench.cuda:
        found["CUDA graph"] = recording
    return found


def runners(bench: Bench, batch: int) -> Row:
    """The product's runner and the plain one, from arrays to arrays: transfers are part of it."""
    views, motion = (tensor.cpu().numpy() for tensor in inputs(bench, batch))
    device, weights, row = str(bench.device), find_weights("s"), {"batch": batch}
    both = {
        "GraphRunner": GraphRunner(Deployed(load_weights(weights)[0]), device),
        "TorchRunner": TorchRunner(Deployed(load_weights(weights)[0]), device, torch.get_num_threads()),
    }
    for name, runner in both.items():
        row[f"{name}, pictures/s"] = batch / bench.seconds(lambda runner=runner: runner(views, motion))
    return row


def transfers(bench: Bench, batch: int, net: Deployed) -> list[Row]:
    """Views to the device and the network after it: one after the other, pinned, and overlapped on two streams."""
    (here, motion), rows = (tensor.cpu() for tensor in inputs(bench, batch)), []
    there = motion.to(bench.device)
    plain = bench.seconds(lambda: net(here.to(bench.device), there))
    rows.append({"way": "pageable, in turn", "pictures/s": batch / plain})
    if bench.cuda:
        pinned = here.pin_memory()
        in_turn = bench.seconds(lambda: net(pinned.to(bench.device, non_blocking=True), there))
        rows.append({"way": "pinned, in turn", "pictures/s": batch / in_turn})
        rows.append({"way": "pinned, overlapped", "pictures/s": batch / bench.seconds(_Overlapped(pinned, there, net))})
        alone = bench.seconds(lambda: pinned.to(bench.device, non_blocking=True))
        rows.append({"way": "pinned, transfer alone", "pictures/s": batch / alone})
    return rows


class _Overlapped:
    """While the network looks at one batch, the next is under way on a stream of its own."""

    def __init__(self, pinned: torch.Tensor, motion: torch.Tensor, net: Deployed):
        self._pinned, self._motion, self._net = pinned, motion, net
        self._way = torch.cuda.Stream()
        self._rooms = [pinned.to(motion.device), pinned.to(motion.device)]
        self._turn = 0

    def __call__(self) -> None:
        now, later = self._rooms[self._turn], self._rooms[1 - self._turn]
        here = torch.cuda.current_stream()
        here.wait_stream(self._way)
        self._way.wait_stream(here)
        with torch.cuda.stream(self._way):
            later.copy_(self._pinned, non_blocking=True)
        self._net(now, self._motion)
        self._turn = 1 - self._turn


def planes(size: tuple[int, int]) -> Planes:
    """Noise; size: width and height."""
    chance, (width, height) = np.random.default_rng(1), size
    shapes = (height, width), (height // 2, width // 2), (height // 2, width // 2)
    return Planes(*(chance.integers(16, 235, shape, np.uint8) for shape in shapes))


def view_on_device(given: tuple[torch.Tensor, ...], view: tuple[int, int]) -> torch.Tensor:
    """FitView's arithmetic for planes that fill the view, BT.709 of limited range: uint8 [H, W, 3]."""
    scaled = [_scaled(plane.float()[None, None], view)[0, 0] for plane in given]
    luma, blue, red = scaled[0] - 16, scaled[1] - 128, scaled[2] - 128
    parts = (1.7927 * red, -0.2132 * blue - 0.5329 * red, 2.1124 * blue)
    rgb = torch.stack([1.1644 * luma + part for part in parts], -1)
    return rgb.round().clamp(0, 255).byte()


def _scaled(plane: torch.Tensor, view: tuple[int, int]) -> torch.Tensor:
    while plane.shape[-2] >= 2 * view[0] and plane.shape[-1] >= 2 * view[1]:
        plane = F.avg_pool2d(plane, 2)
    return F.interpolate(plane, view, mode="bilinear", align_corners=False)


def views(bench: Bench, size: tuple[int, int]) -> list[Row]:
    """Planes to the network's view: on the CPU as the product does it, on the device with and without the way there."""
    frame = planes(size)
    fit, whole = FitView(bench.view), Frame("gpu", 0, 0, frame, COLOR)
    here = [torch.from_numpy(plane) for plane in (frame.y, frame.u, frame.v)]
    here = [plane.pin_memory() for plane in here] if bench.cuda else here
    there = tuple(plane.to(bench.device) for plane in here)

    def brought() -> torch.Tensor:
        return view_on_device(tuple(plane.to(bench.device, non_blocking=True) for plane in here), bench.view)

    each = {
        "on the CPU, one core": lambda: fit(whole),
        "on the device, planes there": lambda: view_on_device(there, bench.view),
        "on the device, planes brought there": brought,
    }
    return [{"way": name, "views/s": 1 / bench.seconds(work)} for name, work in each.items()]


def decoding(bench: Bench, clip: str, most_s: float) -> list[Row]:
    """A clip decoded by the CPU, a thread for each core, and by NVDEC where PyAV has it, pictures brought back."""
    rows = [{"way": "CPU", "frames/s": _decoded(clip, most_s, None)}]
    if bench.cuda:
        from av.codec.hwaccel import HWAccel

        try:
            found: float | str = _decoded(clip, most_s, HWAccel(device_type="cuda", allow_software_fallback=False))
        except (av.error.FFmpegError, RuntimeError, NotImplementedError, ValueError) as error:
            found = f"not there: {error}"
        rows.append({"way": "NVDEC", "frames/s": found})
    return rows


def _decoded(clip: str, most_s: float, hwaccel: Any) -> float:
    """Frames a second, the clip read again and again."""
    frames, began_s = 0, time.perf_counter()
    while (took_s := time.perf_counter() - began_s) < most_s or not frames:
        with av.open(clip, hwaccel=hwaccel) as container:
            container.streams.video[0].thread_type = "AUTO"
            frames += sum(1 for _ in container.decode(video=0))
    return frames / took_s
