"""A whole evaluation: data sets and clips in, everything that was measured out."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamseg import inference
from streamseg.config import ModelConfig
from streamseg.evaluation.clips import ClipScore, JudgedFrame, evaluate_clip, require_truth
from streamseg.evaluation.names import distinct_names
from streamseg.evaluation.sheets import ClipFrame, frame_of
from streamseg.evaluation.stills import StillsResult, score
from streamseg.stages import Network
from streamseg.training.dataset import Dataset, load_dataset

if TYPE_CHECKING:
    from streamseg.evaluation.robustness import Robustness

Bar = Callable[[str, int | None], Callable[[], None]]
"""Begins a progress bar of a name and so many steps (None: nobody can tell); what it gives is called at each step."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to evaluate: data sets and clips, and with which settings each.

    threshold: score from which the objects of single pictures count. kinds, strengths: of corruption. frames: keep
    pictures of the clips' frames.
    """

    stills: Sequence[Path]
    clips: Sequence[Path]
    stills_model: ModelConfig
    clips_model: ModelConfig
    threshold: float
    kinds: Sequence[str] = ()
    strengths: Sequence[int] = ()
    frames: bool = False


@dataclass(frozen=True, slots=True)
class StillsPart:
    """A data set, what was found on it, and how it does spoilt; threshold: as in Task."""

    name: str
    result: StillsResult
    threshold: float
    robustness: "Robustness | None" = None

    def as_json(self) -> dict[str, Any]:
        """Scores by category, and "corruptions" where it was spoilt."""
        scores = {label: asdict(row) for label, row in self.result.measured.scores.items()}
        return scores | ({"corruptions": self.robustness.as_json()} if self.robustness else {})


@dataclass(frozen=True, slots=True)
class ClipPart:
    """A clip, and its judged frames in order where they were asked for."""

    name: str
    score: ClipScore
    frames: Sequence[ClipFrame] = ()

    def as_json(self) -> dict[str, Any]:
        """All figures in one."""
        parts = (self.score.outlines, self.score.identities)
        return {key: value for part in parts if part for key, value in asdict(part).items()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was measured, and with which network (in a few words; "" where there was nothing for it)."""

    stills_network: str
    clips_network: str
    stills: list[StillsPart]
    clips: list[ClipPart]

    def as_json(self) -> dict[str, Any]:
        """By name."""
        stills = {part.name: part.as_json() for part in self.stills}
        return stills | {part.name: part.as_json() for part in self.clips}


def run(task: Task, bar: Bar) -> Outcome:
    """Evaluate everything; what can fail at once fails before the work.

    Raises:
        ConfigError: a clip has no truth beside it, or pycocotools is not installed.
        DataError: a data set or truth that cannot be read.
        ModelError: a network that cannot be used.
        SourceError: a clip that cannot be read.
    """
    for clip in task.clips:
        require_truth(clip)
    for_stills = inference.load_network(task.stills_model) if task.stills else None
    datasets = [load_dataset(path, for_stills.labels) for path in task.stills] if for_stills else []
    own = [*(dataset.name for dataset in datasets), *(clip.stem for clip in task.clips)]
    names = iter(distinct_names(list(zip(own, [*task.stills, *task.clips], strict=True))))
    stills = [_stills(next(names), dataset, for_stills, task, bar) for dataset in datasets] if for_stills else []
    for_clips = inference.load_network(task.clips_model) if task.clips else None
    clips = [_clip(next(names), clip, for_clips, task, bar) for clip in task.clips] if for_clips else []
    return Outcome(
        for_stills.describe() if for_stills else "", for_clips.describe() if for_clips else "", stills, clips
    )


def _stills(name: str, dataset: Dataset, network: Network, task: Task, bar: Bar) -> StillsPart:
    advance = bar(name, len(dataset.pictures) * (1 + len(task.kinds) * len(task.strengths)))
    result = score(network, dataset, advance)
    if not task.kinds:
        return StillsPart(name, result, task.threshold)
    from streamseg.evaluation.robustness import stress  # here: only after score() has said that pycocotools is needed

    return StillsPart(name, result, task.threshold, stress(network, result, task.kinds, task.strengths, advance))


def _clip(name: str, clip: Path, network: Network, task: Task, bar: Bar) -> ClipPart:
    frames: list[ClipFrame] = []

    def keep(judged: JudgedFrame) -> None:
        if task.frames:
            frames.append(frame_of(judged))

    return ClipPart(name, evaluate_clip(clip, network, task.clips_model, bar(name, None), keep), frames)
