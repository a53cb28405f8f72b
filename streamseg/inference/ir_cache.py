"""A weight file as an OpenVINO model, converted once and kept in the user's cache folder.

Converting needs torch (1.8 s to import); reading the kept model does not. The key is made of the weight file, the
network's own code, the view and OpenVINO's version, so nothing kept can ever be stale.
"""

import hashlib
import logging
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_CODE = "net.py", "ports.py", "strides.py", "subpixel.py", "ir_cache.py"


def cache_dir() -> Path:
    """$XDG_CACHE_HOME/streamseg, or ~/.cache/streamseg."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamseg"


def read_or_convert(weights: Path, digest: str, view_hw: tuple[int, int]) -> Any:
    """The network of a weight file as an openvino.Model: inputs as ports.py has them, Deployed's outputs out."""
    import openvino as ov

    height, width = view_hw
    code = b"".join(Path(__file__).with_name(name).read_bytes() for name in _CODE)
    version = hashlib.sha256(code + ov.__version__.encode()).hexdigest()[:8]
    kept = cache_dir() / f"{digest}-{height}x{width}-{version}.xml"
    if kept.exists():
        try:
            return ov.Core().read_model(kept)
        except RuntimeError as error:
            log.warning("cache=%s unreadable=%s", kept, str(error).splitlines()[0])
    model = _convert(weights, view_hw)
    _keep(model, kept)
    return model


def _convert(weights: Path, view_hw: tuple[int, int]) -> Any:
    import openvino as ov
    import torch

    from streamseg.inference.net import Deployed
    from streamseg.inference.ports import input_shapes
    from streamseg.inference.subpixel import without_deconvolutions
    from streamseg.weights.format import load_weights

    net, header = load_weights(weights)
    deployed = Deployed(net)
    without_deconvolutions(deployed)
    shapes = input_shapes(view_hw, motion=header.motion).values()
    examples = tuple(torch.zeros((1, *shape), dtype=torch.uint8) for shape in shapes)
    # the converter traces, which torch calls deprecated; its own successor (torch.export) cannot leave the batch open
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return ov.convert_model(
            deployed, example_input=examples, input=[([-1, *shape], ov.Type.u8) for shape in shapes]
        )


def save_model(model: Any, file: Path, *, half: bool) -> None:
    """Write an openvino.Model, its weights in fp16 if half; OSError if that fails.

    Two files (.xml names, .bin numbers): the .bin goes first, so that a present .xml is always whole.
    """
    import openvino as ov

    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        ov.save_model(model, Path(folder) / file.name, compress_to_fp16=half)
        for name in (file.with_suffix(".bin").name, file.name):
            (Path(folder) / name).replace(file.with_name(name))


def _keep(model: Any, kept: Path) -> None:
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        # fp32, or the first run (not from the cache) would give other numbers than the second
        save_model(model, kept, half=False)
    except OSError as error:
        log.warning("cache=%s not_written=%s", kept, error.strerror)
