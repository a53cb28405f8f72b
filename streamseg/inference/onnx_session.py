"""Runs an ONNX file: OpenVINO or ONNX Runtime behind one face. Neither is imported before it is chosen."""

import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from streamseg.config import ModelConfig
from streamseg.errors import ModelError
from streamseg.inference.onnx_input import InputForm

_MAX_REASON = 300


class Session(Protocol):
    """A loaded network; run() may be called by several threads at once."""

    form: InputForm
    output_names: tuple[str, ...]
    where: str

    def run(self, batch: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """All outputs, in the order of output_names; ModelError if the network fails."""
        ...


def open_session(path: Path, model: ModelConfig) -> Session:
    """Load a file with the runner and on the device that model names.

    runner auto is OpenVINO, and ONNX Runtime where a CUDA device is asked for.

    Raises:
        ModelError: the runner is missing, cannot use the device, or cannot load the file.
    """
    return OnnxRuntimeSession(path, model) if needs_onnxruntime(path, model) else OpenVinoSession(path, model)


def needs_onnxruntime(path: Path, model: ModelConfig) -> bool:
    """Whether an ONNX file goes to ONNX Runtime rather than OpenVINO; ModelError if it can go to neither."""
    cuda = model.device.startswith("cuda")
    if model.runner == "torch":
        raise ModelError(f"{path}: runner torch cannot run an ONNX file; use --runner openvino or onnx")
    if model.runner == "openvino" and cuda:
        raise ModelError(f"{path}: runner openvino runs on cpu, not on {model.device}; use --runner onnx")
    return model.runner == "onnx" or cuda


class OpenVinoSession:
    """OpenVINO on the CPU.

    Computes in float32 also where the CPU has bfloat16: many networks compute box corners in pixels inside the graph,
    and bfloat16 above 512 has steps of 4.
    """

    def __init__(self, path: Path, model: ModelConfig):
        import openvino

        core = openvino.Core()
        try:
            network = core.read_model(path)
            self.form = _openvino_form(path, network, model)
            network.reshape(openvino.PartialShape([-1 if side is None else side for side in self.form.shape]))
            settings = {
                "INFERENCE_PRECISION_HINT": "f32",
                "INFERENCE_NUM_THREADS": model.threads,
                "PERFORMANCE_HINT": "LATENCY",
            }
            self._request = core.compile_model(network, "CPU", settings).create_infer_request()
        except RuntimeError as error:
            raise ModelError(f"{path}: OpenVINO cannot load it; --runner onnx may ({reason(error)})") from error
        self.output_names = tuple(_openvino_name(port, i) for i, port in enumerate(network.outputs))
        self.where = f"OpenVINO on cpu, threads {model.threads}"
        self._path = path
        # a request holds one set of tensors
        self._lock = threading.Lock()

    def run(self, batch: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        with self._lock:
            try:
                self._request.infer([batch], share_inputs=True)
            except RuntimeError as error:
                raise ModelError(f"{self._path}: OpenVINO failed ({reason(error)})") from error
            tensors = (self._request.get_output_tensor(i) for i in range(len(self.output_names)))
            return [np.array(tensor.data) for tensor in tensors]


class OnnxRuntimeSession:
    """ONNX Runtime on the CPU or a CUDA device."""

    def __init__(self, path: Path, model: ModelConfig):
        self._session, self._errors, self.where = open_onnxruntime(path, model)
        self.form = _onnxruntime_form(path, self._session, model)
        self.output_names = tuple(output.name for output in self._session.get_outputs())
        self._path = path

    def run(self, batch: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        try:
            return [np.asarray(value) for value in self._session.run(None, {self.form.name: batch})]
        except self._errors as error:
            raise ModelError(f"{self._path}: ONNX Runtime failed ({reason(error)})") from error


def open_onnxruntime(path: Path, model: ModelConfig) -> tuple[Any, tuple[type[Exception], ...], str]:
    """An ONNX Runtime session, the exceptions that it raises, and where it runs, in a few words; ModelError if none."""
    runtime = _onnxruntime(path)
    errors = _exceptions(runtime)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = model.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # threads that spin while idle take the cores that decoders and encoders need
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = _providers(path, model.device, runtime.get_available_providers())
    try:
        session = runtime.InferenceSession(str(path), options, providers=providers)
    except errors as error:
        raise ModelError(f"{path}: ONNX Runtime cannot load it ({reason(error)})") from error
    used = session.get_providers()[0].removesuffix("ExecutionProvider")
    if model.device.startswith("cuda") and used != "CUDA":
        raise ModelError(f"{path}: device {model.device} could not be opened by ONNX Runtime; use cpu or auto")
    return session, errors, f"ONNX Runtime on {used.lower()}, threads {model.threads}"


def _openvino_form(path: Path, network: Any, model: ModelConfig) -> InputForm:
    _check_single(path, [_openvino_name(port, i) for i, port in enumerate(network.inputs)])
    port = network.inputs[0]
    shape = port.partial_shape
    if shape.rank.is_dynamic:
        raise ModelError(f"{path}: input of unknown rank; [B, 3, H, W] is needed")
    sides = tuple(None if side.is_dynamic else side.get_length() for side in shape)
    kind = port.element_type.get_type_name()
    dtype = {"f32": "float32", "f16": "float16", "u8": "uint8"}.get(kind, kind)
    return InputForm.settle(path, _openvino_name(port, 0), dtype=dtype, shape=sides, view_hw=model.view)


def _openvino_name(port: Any, index: int) -> str:
    return str(port.any_name) if port.names else f"#{index}"


def _onnxruntime(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError(f"{path}: runner onnx needs ONNX Runtime: pip install streamseg[onnx]") from error
    return onnxruntime


def _exceptions(runtime: Any) -> tuple[type[Exception], ...]:
    """ONNX Runtime's own exceptions, which have no common base; their number differs between versions."""
    state = runtime.capi.onnxruntime_pybind11_state
    own = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*own, RuntimeError)


def _providers(path: Path, device: str, available: list[str]) -> list[str | tuple[str, dict[str, str]]]:
    cuda, cpu = "CUDAExecutionProvider", "CPUExecutionProvider"
    if device == "cpu" or (device == "auto" and cuda not in available):
        return [cpu]
    if cuda not in available:
        raise ModelError(
            f"{path}: device {device}: this ONNX Runtime has no CUDA (pip install onnxruntime-gpu); use cpu"
        )
    return [(cuda, {"device_id": device.partition(":")[2] or "0"}), cpu]


def _onnxruntime_form(path: Path, session: Any, model: ModelConfig) -> InputForm:
    inputs = session.get_inputs()
    _check_single(path, [port.name for port in inputs])
    port = inputs[0]
    shape = tuple(side if isinstance(side, int) and side > 0 else None for side in port.shape)
    kind = port.type.removeprefix("tensor(").removesuffix(")")
    dtype = {"float": "float32"}.get(kind, kind)
    return InputForm.settle(path, port.name, dtype=dtype, shape=shape, view_hw=model.view)


def _check_single(path: Path, names: list[str]) -> None:
    if len(names) != 1:
        raise ModelError(f"{path}: {len(names)} inputs ({', '.join(names)}); exactly one, the picture, is needed")


def reason(error: Exception) -> str:
    """A runner's many lines as one."""
    text = " ".join(str(error).split())
    return text if len(text) <= _MAX_REASON else f"{text[:_MAX_REASON]}..."
