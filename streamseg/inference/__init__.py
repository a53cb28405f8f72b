"""3. View -> instances: the deconvolution network or a user's own, on the runner that fits the machine."""

import sys
from pathlib import Path

from streamseg.config import ModelConfig
from streamseg.errors import ConfigError
from streamseg.stages import Network
from streamseg.weights.digests import check_digest

__all__ = ["load_network"]

# OpenVINO's converter tells its makers of each use, unasked, unless this module cannot be imported
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: what the import system asks for


def load_network(model: ModelConfig) -> Network:
    """The network that the configuration names: one of ours (shipped, trained or exported), or a user's .onnx file."""
    path = Path(model.name)
    if path.suffix.lower() in (".onnx", ".xml"):
        if model.precision == "int8":
            raise ConfigError(
                f"precision int8: is for weight files (.safetensors); {path} has the precision that it has"
            )
        if model.sha256 is not None:
            check_digest(path.with_suffix(".bin") if path.suffix.lower() == ".xml" else path, model.sha256)
        from streamseg.inference.exported import load_exported
        from streamseg.inference.user_onnx import UserOnnx

        return load_exported(path, model) or UserOnnx(path, model)
    from streamseg.inference.network import load_deconv_network

    return load_deconv_network(model)
