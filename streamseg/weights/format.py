"""Weight files: safetensors with the network's plan, its origin and its terms in the metadata. Nothing in them runs."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from streamseg.errors import ModelError
from streamseg.inference.net import DeconvNet, NetConfig

FORMAT = "streamseg-weights-1"
SHIPPED = Path(__file__).parent
DEFAULT_TERMS = "trained on the user's own data"


def save_weights(net: DeconvNet, path: Path, **metadata: str) -> None:
    """Write net in fp16; metadata: what the file should say of itself (terms, data, recipe)."""
    tensors = {k: v.detach().cpu().half().contiguous() for k, v in net.state_dict().items() if _kept(k)}
    notes = {"format": FORMAT, "config": json.dumps(asdict(net.config)), "terms": DEFAULT_TERMS} | metadata
    save_file(tensors, path, metadata=notes)


def load_weights(path: Path) -> tuple[DeconvNet, dict[str, str]]:
    """The network (fp32, in evaluation mode) and the file's metadata; ModelError if it is anything else."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            if metadata.get("format") != FORMAT:
                raise ModelError(f"{path}: format {metadata.get('format')!r}; {FORMAT!r} is needed")
            config = {k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(metadata["config"]).items()}
            net = DeconvNet(NetConfig(**config))
            state = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path}: not a streamseg weight file ({error})") from error
    missing, unexpected = net.load_state_dict(state, strict=False)
    wrong = sorted(unexpected) + [key for key in missing if _kept(key)]
    if wrong:
        raise ModelError(f"{path}: the weights do not fit their own plan at {wrong[0]!r}")
    return net.eval(), metadata


def find_weights(name: str) -> Path:
    """The file of a shipped network's name, or the path given; ModelError lists what ships."""
    shipped = SHIPPED / f"{name}.safetensors"
    if shipped.exists():
        return shipped
    path = Path(name)
    if path.is_file():
        return path
    names = sorted(p.stem for p in SHIPPED.glob("*.safetensors"))
    raise ModelError(f"model {name!r}: no such file and no shipped network; shipped are {', '.join(names) or 'none'}")


def _kept(key: str) -> bool:
    return not key.endswith("num_batches_tracked")


def parameter_count(net: torch.nn.Module) -> int:
    """Trainable numbers in a network."""
    return sum(p.numel() for p in net.parameters())
