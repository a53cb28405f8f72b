"""3. View -> instances: the deconvolution network or a user's own, on the runner that fits the machine."""

from streamseg.config import ModelConfig
from streamseg.stages import Network

__all__ = ["load_network"]


def load_network(model: ModelConfig) -> Network:
    """The network that the configuration names: a .onnx file of the user's, or one of ours (shipped or trained)."""
    if model.name.lower().endswith(".onnx"):
        from pathlib import Path

        from streamseg.inference.user_onnx import UserOnnx

        return UserOnnx(Path(model.name), model)
    from streamseg.inference.network import load_deconv_network

    return load_deconv_network(model)
