"""Lift moving objects out of live video.

    for extraction in streamseg.open("street.mp4"):
        for cutout in extraction.cutouts:
            print(extraction.frame.seq, cutout.track.id, cutout.track.label, cutout.rgba.shape)

`adapters` hands extractions to supervision, COCO and MOT; `pipeline` is where to begin reading.
"""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from streamseg.blas import THREADS as _BLAS_THREADS  # noqa: F401  # before all that imports NumPy
from streamseg.config import CaptureConfig, Config, StreamConfig
from streamseg.config_file import parse
from streamseg.errors import ConfigError, DataError, ModelError, SinkError, SourceError, StreamsegError
from streamseg.records import Cutout, Extraction, Frame, Track

if TYPE_CHECKING:
    from streamseg.stages import Network

__version__ = "0.1.0"

__all__ = [
    "Config",
    "ConfigError",
    "Cutout",
    "DataError",
    "Extraction",
    "Frame",
    "ModelError",
    "SinkError",
    "SourceError",
    "StreamsegError",
    "Track",
    "__version__",
    "open",
]

_OPTIONS = {
    "streams": ("name", "region"),
    "capture": ("start", "end", "max_frames", "pace"),
    "model": ("model", "device", "runner", "view", "score", "classes"),
    "cutouts": ("every", "margin", "matte", "min_side"),
}


def open(
    source: str | Path | int, *, config: Config | None = None, network: "Network | None" = None, **options: object
) -> Generator[Extraction, None, None]:
    """Find, follow and cut out the objects of one source: an Extraction for every frame, in order.

    Args:
        source: what `streamseg run` takes: a file, a folder of images, a URL, a camera's index, synthetic://street.
        config: where to start from; its streams and outputs are left aside. Default: Config(), but a live source that
            cannot be reached at the start is given up after capture.open_timeout_s.
        network: an inference stage of your own, or one loaded before; default: the one that config.model names.
        **options: what differs from config, by the names of its keys: name, region; start, end, max_frames, pace;
            model, device, runner, view, score, classes; every, margin, matte, min_side (of cut-outs).

    The source is opened with the first frame asked for, and closed at its end or with the generator:
    `with contextlib.closing(streamseg.open(...)) as extractions`.

    Raises:
        ConfigError: an option is unknown or out of its range, or a class is unknown to the network.
        ModelError: the network cannot be loaded.
        SourceError: when iterating: the source cannot be opened, or broke.
    """
    from streamseg.capture import expand
    from streamseg.inference import load_network
    from streamseg.run import build, check_classes

    settings = _settings(source, config or Config(capture=CaptureConfig(wait=False)), options)
    streams = expand(settings.streams)
    if len(streams) != 1:
        raise ConfigError(f"streamseg.open: {source} is {len(streams)} streams; one is allowed, open them one by one")
    network = network or load_network(settings.model)
    check_classes(streams, settings, network.labels)
    return iter(build(streams[0], settings, network))


def _settings(source: str | Path | int, config: Config, options: dict[str, object]) -> Config:
    """The configuration with the options in it, and source as its only stream."""
    from streamseg.capture import parse_source

    stream = parse_source(source) if isinstance(source, str) else StreamConfig(source=str(source))
    document = config.model_dump() | {"streams": [stream.model_dump()]}
    sections = document | {"streams": document["streams"][0]}
    section_of = {option: section for section, names in _OPTIONS.items() for option in names}
    for option, value in options.items():
        if option not in section_of:
            raise ConfigError(f"streamseg.open: unknown option {option}; allowed are {', '.join(sorted(section_of))}")
        sections[section_of[option]]["name" if option == "model" else option] = value
    return parse(document, "streamseg.open")
