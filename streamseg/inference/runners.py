"""Where the network's arithmetic happens: torch (CPU, CUDA) or OpenVINO (CPU). Batches in, raw outputs out."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from streamseg.config import ModelConfig
from streamseg.errors import ConfigError
from streamseg.inference.ports import whole_blocks

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


class Runner(Protocol):
    """Deployed's inputs (see ports.py), each uint8 [B, ...], to its outputs, each float32 [B, ...].

    The cells of a block of prototypes may have axes of their own: [B, H/4, W/4, 2, 2, K].

    Safe to call from several threads; what a call gave is valid until the next call of the same thread.
    """

    def __call__(self, *inputs: U8) -> list[F32]: ...
    def describe(self) -> str: ...


class TorchRunner:
    """torch on the CPU (fp32, channels-last) or a CUDA device (fp16), for batches of any size; see GraphRunner."""

    def __init__(self, net: Any, device: str, threads: int):
        import torch

        self._torch = torch
        if device.startswith("cuda"):
            _require_cuda(device)
        self.device = torch.device(device)
        if self.device.type == "cpu":
            torch.set_num_threads(threads)
        half = self.device.type == "cuda"
        self.net = net.to(self.device, torch.float16 if half else torch.float32, memory_format=torch.channels_last)

    def __call__(self, *inputs: U8) -> list[F32]:
        torch = self._torch
        with torch.inference_mode():
            out = self.net(*(torch.from_numpy(array).to(self.device) for array in inputs))
            return [tensor.float().cpu().numpy() for tensor in out]

    def describe(self) -> str:
        return f"torch {'fp16' if self.device.type == 'cuda' else 'fp32'} on {self.device}"


def _require_cuda(device: str) -> None:
    import torch

    if not torch.cuda.is_available():
        raise ConfigError(f"device {device!r}: torch sees no CUDA device; use cpu or auto")


class OpenVinoRunner:
    """OpenVINO on the CPU: int8 where the model says so, else bf16 where the processor has it, else fp32."""

    def __init__(self, model: Any, threads: int, precision: str | None = None):
        """model: an openvino.Model that takes views; precision: f32, f16 or bf16, where it should be another."""
        import openvino as ov

        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
        if precision:
            settings["INFERENCE_PRECISION_HINT"] = precision
        # one picture at a time: only of known shapes the results are written where and as they are wanted
        model.reshape({port: [1, *port.partial_shape[1:]] for port in model.inputs})
        self._compiled = ov.Core().compile_model(model, "CPU", settings)
        quantized = any(node.get_type_name() == "FakeQuantize" for node in model.get_ops())
        rest = self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self._precision = f"int8 and {rest}" if quantized else rest
        self._own = threading.local()

    def __call__(self, *inputs: U8) -> list[F32]:
        if len(inputs[0]) == 1:
            return self._run(inputs)
        each = [[output.copy() for output in self._run(one)] for one in zip(*map(_singly, inputs), strict=True)]
        return [np.concatenate(outputs) for outputs in zip(*each, strict=True)]

    def _run(self, inputs: Sequence[U8]) -> list[F32]:
        # a request for each thread, as they must not be shared; new memory for outputs this large would cost
        # milliseconds a call
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        results = self._own.request.infer(dict(enumerate(inputs)), share_inputs=True, share_outputs=True)
        *outputs, prototypes = (np.asarray(results[port], np.float32) for port in self._compiled.outputs)
        return [*outputs, whole_blocks(prototypes)]

    def describe(self) -> str:
        return f"openvino {self._precision} on cpu"


def _singly(batch: U8) -> list[U8]:
    return [batch[i : i + 1] for i in range(len(batch))]


def make_runner(weights: Path, digest: str, model: ModelConfig) -> Runner:
    """The runner that the configuration asks for; auto: CUDA by torch where there is one, else OpenVINO."""
    if model.runner == "onnx":
        raise ConfigError(f"runner onnx: runs .onnx files only; for {weights.name} use auto, torch or openvino")
    device = device_of(model)
    if model.runner == "openvino" or (model.runner == "auto" and device == "cpu"):
        if device != "cpu":
            raise ConfigError(f"runner openvino: runs on device cpu, not {device!r}; use runner torch")
        from streamseg.inference.ir_cache import read_or_convert
        from streamseg.inference.quantized import read_quantized

        network = read_quantized(weights, digest, model) or read_or_convert(weights, digest, model.view)
        return OpenVinoRunner(network, model.threads)
    if model.precision == "int8":
        raise ConfigError(f"precision int8: is for runner openvino on device cpu, not {model.runner} on {device}")
    from streamseg.inference.net import Deployed
    from streamseg.weights.format import load_weights

    deployed = Deployed(load_weights(weights)[0])
    if not device.startswith("cuda"):
        return TorchRunner(deployed, device, model.threads)
    _require_cuda(device)
    from streamseg.inference.graph_runner import GraphRunner

    return GraphRunner(deployed, device)


def device_of(model: ModelConfig) -> str:
    """Where a network of ours runs; auto: a GPU that torch can use, else the CPU."""
    if model.device != "auto":
        return model.device
    if model.runner == "openvino" or not Path("/dev/nvidiactl").exists():
        return "cpu"  # known without importing torch
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
