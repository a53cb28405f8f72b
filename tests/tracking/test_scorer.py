import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streamseg.errors import ConfigError
from streamseg.tracking.scorer import Candidate, Scorer
from tests.tracking.scenes import feed, make_tracker, person

MODULE = """
import numpy as np
seen = []
def left(candidate):
    seen.append(candidate)
    return 1 - candidate.track.box[0] / 320
def never(candidate): return 0
def first_only(candidate): return left(candidate) if candidate.track.box[1] > 60 else 0
def thirds(candidate): return np.float32(1 / 3)
def broken(candidate): return 1 / 0
def two(candidate, more): return 1
def text(candidate): return "1"
def much(candidate): return 1.5
def nan(candidate): return float("nan")
number = 7
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"shots_{request.node.name.partition('[')[0]}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    (tmp_path / f"{name}_bad.py").write_text("raise RuntimeError('no licence')")
    (tmp_path / f"{name}_needs.py").write_text("import nowhere_to_be_found")
    monkeypatch.syspath_prepend(tmp_path)
    yield name


def scored(path: str, **more: float) -> list[float]:
    """Shot scores of one who walks to the right, by a scorer alone."""
    alone = dict.fromkeys(("confidence", "size", "completeness", "sharpness", "exposure"), 0.0)
    out = feed(
        make_tracker(every="best", scorer=path, weights={**alone, **more}, better_by=0, spacing_s=0),
        [[person(200 - 9 * i)] for i in range(12)],
    )
    return [cutout.shot_score for extraction in out for cutout in extraction.cutouts]


@pytest.mark.parametrize("dot", [":", "."])
def test_a_function_of_ones_own_decides(module: str, dot: str) -> None:
    assert scored(f"{module}{dot}left") == pytest.approx([1 - (200 - 9 * i) / 320 for i in range(2, 12)], abs=0.03)


def test_its_term_has_a_name_and_a_weight(module: str) -> None:
    first, *_ = scored(f"{module}:thirds", scorer=2)
    assert first == pytest.approx(1 / 9, abs=1e-6)


def test_what_it_is_given(module: str) -> None:
    scored(f"{module}:left")
    candidate: Candidate = sys.modules[module].seen[3]
    assert list(candidate.terms) == ["confidence", "size", "completeness", "sharpness", "exposure"]
    assert candidate.frame.seq == 5 and candidate.confirmed_s == pytest.approx(0.12)
    assert candidate.rgb.shape[2] == 3 and candidate.rgb.dtype == np.uint8
    assert candidate.mask.shape == candidate.rgb.shape[:2] and candidate.mask.max() == 255


def test_0_means_never(module: str) -> None:
    assert scored(f"{module}:never") == []


def test_one_track_that_never_gets_a_shot_does_not_keep_others_from_better_ones(module: str) -> None:
    tracker = make_tracker(every="best", scorer=f"{module}:first_only", better_by=0)
    out = feed(tracker, [[person(200 - 9 * i), person(20, 20)] for i in range(16)])
    of = [cutout.track.id for extraction in out for cutout in extraction.cutouts]
    assert len(of) > 3 and len(set(of)) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("MODULE_missing:f", r"no module named 'MODULE_missing'; it must be installed, or its folder in PYTHONPATH"),
        ("MODULE_needs:f", r"no module named 'nowhere_to_be_found'"),
        ("MODULE_bad:f", r"its import raised RuntimeError: no licence"),
        ("MODULE:right", r"module MODULE has no 'right'"),
        ("MODULE:number", r"is a int; a function is needed"),
        ("MODULE:two", r"cannot be called with one argument"),
    ],
)
def test_what_cannot_be_used_is_said_at_once(module: str, name: str, message: str) -> None:
    path = name.replace("MODULE", module)
    with pytest.raises(ConfigError, match=message.replace("MODULE", module)) as caught:
        Scorer(path)
    assert f"best_shot.scorer '{path}'" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "raised ZeroDivisionError: division by zero for track 1 in frame 2"),
        ("text", "gave '1' for track 1 in frame 2; a number from 0 to 1 is needed"),
        ("much", "gave 1.5"),
        ("nan", "gave nan"),
    ],
)
def test_what_it_does_wrong_is_said(module: str, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        scored(f"{module}:{name}")
