"""Frames to calibrate and compare on: from clips and streams as `run` takes them, and from data sets of stills."""

import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamseg.capture import expand, open_source, parse_source
from streamseg.config import CaptureConfig, ModelConfig, StreamConfig
from streamseg.errors import DataError
from streamseg.evaluation.stills import still_frame
from streamseg.preprocess import FitView, Preprocessor
from streamseg.records import Sample
from streamseg.training.dataset import load_dataset

STREET = "synthetic://street?seconds=16&size=1280x720&fps=1/2&seed=5"
"""What is looked at when the user gives nothing: eight frames of the built-in street."""


def read_samples(sources: Sequence[str], view_hw: tuple[int, int], most: int, *, motion: bool = False) -> list[Sample]:
    """At most `most` views, an equal share of each source, spread over its length where that is known.

    motion: with a map of what moves; stills have none.

    Raises:
        ConfigError: a source cannot be understood.
        DataError: a data set cannot be read, or there are no frames at all.
        SourceError: a clip or stream cannot be opened, or broke.
    """
    stills = [Path(source) for source in sources if _is_dataset(Path(source))]
    clips = expand([parse_source(source) for source in sources if not _is_dataset(Path(source))])
    share = math.ceil(most / (len(stills) + len(clips)))
    model = ModelConfig(view=view_hw, motion=motion)
    parts = [*(_of_stills(path, share, model) for path in stills), *(_of_clip(clip, share, model) for clip in clips)]
    samples = list(itertools.chain(*parts))[:most]
    if not samples:
        raise DataError(f"{', '.join(sources)}: no frames; at least one is needed")
    return samples


def _is_dataset(path: Path) -> bool:
    return path.suffix.lower() == ".zip" or (path / "annotations.json").is_file()


def _of_stills(path: Path, share: int, model: ModelConfig) -> Iterator[Sample]:
    pictures = load_dataset(path, ()).pictures
    fit = FitView(model.view, enlarge=model.enlarge)
    for picture in pictures[:: max(1, len(pictures) // share)][:share]:
        yield fit(still_frame(picture.id, picture.rgb()))


def _of_clip(clip: StreamConfig, share: int, model: ModelConfig) -> Iterator[Sample]:
    preprocess = Preprocessor.of(clip, model, model.view, motion=model.motion)
    source = open_source(clip, CaptureConfig())
    try:
        step = max(1, (source.open().frames or share) // share)
        # every frame is looked at, as what moves is told from the frames before
        yield from itertools.islice(map(preprocess, source), 0, share * step, step)
    finally:
        source.close()
