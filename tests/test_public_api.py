"""What `import streamseg` promises."""

import builtins
import contextlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import streamseg
from streamseg import errors
from streamseg.config import Config
from tests.blobs import BlobNetwork, write_mp4

_ROOT = Path(__file__).resolve().parent.parent


def _tree(error: type[Exception]) -> list[type[Exception]]:
    return [kind for child in error.__subclasses__() for kind in (child, *_tree(child))]


def test_all_is_sorted_and_importable() -> None:
    assert streamseg.__all__ == sorted(streamseg.__all__)
    assert all(hasattr(streamseg, name) for name in streamseg.__all__)


def test_the_version_is_the_package_s() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert streamseg.__version__ == project["version"]


@pytest.mark.parametrize("error", _tree(errors.StreamsegError), ids=lambda error: error.__name__)
def test_every_error_is_also_a_builtin_one(error: type[Exception]) -> None:
    own = {errors.StreamsegError, Exception, BaseException, object}
    ancestors = [kind for kind in error.__mro__ if kind not in own and kind.__module__ == "builtins"]
    assert ancestors, f"{error.__name__} is no builtin error"
    assert all(hasattr(builtins, kind.__name__) for kind in ancestors)


def test_the_errors_docstring_draws_the_tree() -> None:
    drawn = errors.__doc__ or ""
    assert [kind.__name__ for kind in _tree(errors.StreamsegError) if kind.__name__ not in drawn] == []


def test_import_is_light() -> None:
    heavy = "{'torch', 'openvino', 'onnxruntime', 'av', 'scipy', 'supervision'}"
    code = f"import sys, streamseg; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_ROOT)
    assert done.stdout.strip() == "[]"


def test_open_yields_an_extraction_for_every_frame(tmp_path: Path) -> None:
    source = write_mp4(tmp_path / "street.mp4", 10)
    extractions = list(streamseg.open(source, network=BlobNetwork()))
    assert [extraction.frame.seq for extraction in extractions] == list(range(10))
    assert [track.label for track in extractions[-1].tracks] == ["disc", "square"]
    assert {track.state for track in extractions[-1].tracks} == {"active"}
    assert extractions[0].frame.stream == "street"


def test_open_cuts_objects_out(tmp_path: Path) -> None:
    source = write_mp4(tmp_path / "street.mp4", 8)
    cutouts = [c for e in streamseg.open(str(source), network=BlobNetwork(), every="all") for c in e.cutouts]
    due = [cutout for cutout in cutouts if cutout.purpose == "due"]
    assert {cutout.track.label for cutout in due} == {"disc", "square"}
    assert all(cutout.rgba.shape[2] == 4 and cutout.rgba[..., 3].max() == 255 for cutout in due)
    assert not any(e.cutouts for e in streamseg.open(source, network=BlobNetwork(), every="none"))


def test_options_change_what_is_found(tmp_path: Path) -> None:
    source = write_mp4(tmp_path / "street.mp4", 10)
    network = BlobNetwork()
    squares = list(streamseg.open(source, network=network, classes=["square"], max_frames=5, name="gate"))
    assert {track.label for extraction in squares for track in extraction.tracks} == {"square"}
    assert (len(squares), squares[0].frame.stream) == (5, "gate")
    assert not any(e.tracks for e in streamseg.open(source, network=network, score=0.95))
    late = list(streamseg.open(source, network=network, start=0.2, end=0.32))
    assert [round(extraction.frame.pts_ns / 1e9, 2) for extraction in late] == [0.2, 0.24, 0.28]


def test_options_are_laid_over_a_config(tmp_path: Path) -> None:
    source = write_mp4(tmp_path / "street.mp4", 10)
    config = Config.model_validate({"capture": {"max_frames": 3}, "streams": [{"source": "other.mp4"}]})
    assert len(list(streamseg.open(source, config=config, network=BlobNetwork()))) == 3
    assert len(list(streamseg.open(source, config=config, network=BlobNetwork(), max_frames=4))) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scroe": 0.4}, r"unknown option scroe; allowed are classes, .*, score"),
        ({"score": 1.4}, r"model\.score: .*less than or equal to 1 \(got 1\.4\)"),
        ({"region": (0, 0)}, r"streams\[0\]\.region"),
        ({"classes": ["unicorn"]}, r"unicorn.*allowed are disc, square"),
    ],
)
def test_wrong_options_are_named_at_once(options: dict[str, object], message: str) -> None:
    with pytest.raises(errors.ConfigError, match=message):
        streamseg.open("street.mp4", network=BlobNetwork(), **options)


def test_a_folder_of_videos_is_more_than_one_source(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_mp4(tmp_path / name, 2)
    with pytest.raises(errors.ConfigError, match="2 streams"):
        streamseg.open(tmp_path, network=BlobNetwork())


def test_a_missing_source_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.mp4"):
        next(streamseg.open(tmp_path / "missing.mp4", network=BlobNetwork()))


def test_closing_ends_the_reading(tmp_path: Path) -> None:
    source = write_mp4(tmp_path / "street.mp4", 10)
    with contextlib.closing(streamseg.open(source, network=BlobNetwork())) as extractions:
        assert next(extractions).frame.seq == 0
    assert list(extractions) == []
