import hashlib
from pathlib import Path

import pytest

from streamseg.config import Config, StreamConfig
from streamseg.errors import ModelError
from streamseg.provenance import Provenance, config_sha256, model_sha256, shown_source
from streamseg.weights.header import find_weights

STREET = {"source": "rtsp://user:secret@10.0.0.7/one", "name": "gate"}


def digest(stream: dict | None = None, **sections: object) -> str:
    return config_sha256(Config.model_validate(sections), StreamConfig.model_validate(STREET | (stream or {})))


def test_what_changes_no_result_changes_no_digest(tmp_path: Path) -> None:
    others: list[dict] = [
        {"output": {"dir": str(tmp_path), "overwrite": True}},
        {"runtime": {"placement": "split", "slots": 9}, "jobs": 3},
        {"capture": {"pace": "realtime", "threads": 1}, "video": {"enabled": False, "privacy_classes": ["person"]}},
        {"clips": {"enabled": True}, "cutouts": {"compression": 9}},
        {"model": {"threads": 7, "name": str(tmp_path / "copy-of-s.safetensors")}},
        {"streams": [STREET, {"source": "other.mp4", "name": "other"}]},
    ]
    assert {digest(**sections) for sections in others} == {digest()}
    assert digest({"source": "rtsp://other:word@10.0.0.8/two", "name": "door"}) == digest()
    assert digest({"score": 0.35}) == digest() == digest(model={"score": 0.35})


@pytest.mark.parametrize(
    "sections",
    [
        {"capture": {"start": 1}},
        {"model": {"score": 0.5}},
        {"model": {"runner": "torch"}},
        {"tracking": {"lost_s": 1}},
        {"cutouts": {"margin": 0.1}},
        {"best_shot": {"weights": {"size": 2}}},
        {"best_shot": {"scorer": "mine:score"}},
        {"clips": {"padding": 0}},
        {"video": {"privacy": "blur"}},
    ],
)
def test_what_changes_results_changes_the_digest(sections: dict) -> None:
    assert digest(**sections) != digest()


def test_whom_privacy_hides_counts_and_how() -> None:
    """Hidden objects are not cut out, and their pixels beside others are destroyed."""
    asked = [{"privacy": look, "privacy_classes": whom} for look in ("blur", "fill") for whom in (None, ["person"])]
    assert len({digest(video=one) for one in asked}) == 4
    hidden = {"privacy": "blur", "privacy_classes": ["person"]}
    assert digest({"classes": ["person"]}, video={"privacy": "blur"}) == digest({"classes": ["person"]}, video=hidden)


def test_a_streams_own_keys_count() -> None:
    zone = {"name": "z", "polygon": [(0, 0), (9, 0), (9, 9)], "kind": "exclude"}
    assert (
        len({digest(more) for more in ({}, {"region": (0, 0, 9, 9)}, {"classes": ["person"]}, {"zones": [zone]})}) == 4
    )


def test_the_models_digest_is_that_of_its_file(tmp_path: Path) -> None:
    shipped = hashlib.sha256(find_weights("s").read_bytes()).hexdigest()
    assert model_sha256(Config().model) == shipped
    (tmp_path / "mine.xml").write_text("layers")
    (tmp_path / "mine.bin").write_bytes(b"weights")
    (tmp_path / "yours.onnx").write_bytes(b"all of it")
    for name, content in (("mine.xml", b"weights"), ("yours.onnx", b"all of it")):
        model = Config.model_validate({"model": {"name": str(tmp_path / name)}}).model
        assert model_sha256(model) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("name", ["none.onnx", "none.xml", "none.safetensors", "none"])
def test_a_model_that_is_not_there_is_an_error_of_ours(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="none"):
        model_sha256(Config.model_validate({"model": {"name": str(tmp_path / name)}}).model)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("/home/me/clips/street.mp4", "street.mp4"),
        ("street.mp4", "street.mp4"),
        ("/home/me/frames/", "frames"),
        ("frames/*.png", "*.png"),
        ("rtsp://me:word@10.0.0.7/one", "rtsp://***@10.0.0.7/one"),
        ("0", "0"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_sources_are_named_without_folders_and_passwords(source: str, shown: str) -> None:
    assert shown_source(source) == shown


def test_it_tells_the_weights_of_the_terms_that_there_are() -> None:
    stream = StreamConfig.model_validate(STREET)
    plain = Provenance.of(Config(), stream, "1", None)
    mine = Provenance.of(Config.model_validate({"best_shot": {"scorer": "a.b:c"}}), stream, "1", None)
    assert list(plain.weights) == ["confidence", "size", "completeness", "sharpness", "exposure"]
    assert list(mine.weights) == [*plain.weights, "scorer"] and (plain.scorer, mine.scorer) == (None, "a.b:c")
