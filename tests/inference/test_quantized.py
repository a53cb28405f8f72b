"""The int8 form that lies beside a weight file: when it is taken, and when not."""

import shutil
from contextlib import closing

import numpy as np
import pytest

from streamseg.capture import open_source
from streamseg.config import CaptureConfig, ModelConfig, StreamConfig
from streamseg.errors import ConfigError
from streamseg.geometry import box_iou
from streamseg.inference import load_network, quantized
from streamseg.preprocess import Preprocessor
from streamseg.weights.header import SHIPPED

VNNI, HALVES = frozenset({"avx2", "avx512_vnni"}), frozenset({"avx2", "avx512_vnni", "avx512_bf16"})


@pytest.fixture
def copies(tmp_path):
    """The shipped s and its int8 form, in a folder of their own."""
    for file in SHIPPED.glob("s[.-]*"):
        if file.suffix != ".md":
            shutil.copy(file, tmp_path)
    return tmp_path / "s.safetensors"


@pytest.fixture
def gains(monkeypatch):
    """A processor on which int8 pays."""
    monkeypatch.setattr(quantized, "_cpu_flags", lambda: VNNI)


def seen(model):
    """Eight views of a street, a tenth of a second apart."""
    street = StreamConfig(source="synthetic://street?seconds=0.8&size=1280x720&fps=10&seed=20", name="street")
    preprocess = Preprocessor.of(street, model, model.view, motion=True)
    with closing(open_source(street, CaptureConfig())) as source:
        source.open()
        return [preprocess(frame) for frame in source]


@pytest.mark.parametrize(
    "flags, gain",
    [(VNNI, True), ({"avx_vnni", "avx2"}, True), (HALVES, False), ({"avx2", "avx512f"}, False), ((), False)],
)
def test_it_pays_where_the_processor_has_products_of_bytes_and_no_bf16(flags, gain):
    assert quantized.pays(frozenset(flags)) == gain


@pytest.mark.parametrize("view", [(448, 768), (384, 640)])
def test_it_sees_what_the_network_sees_at_any_view(view):
    """Of objects that either is sure of, the other finds nine tenths nearly alike."""
    networks = [load_network(ModelConfig(name="s", precision=way, view=view)) for way in ("full", "int8")]
    assert "int8" in networks[1].describe() and "int8" not in networks[0].describe()
    both = [[network([sample])[0] for sample in seen(ModelConfig(view=view))] for network in networks]
    for these, those in (both, both[::-1]):
        sure = alike = 0
        for mine, others in zip(these, those, strict=True):
            for box in mine.boxes[mine.scores > 0.5]:
                sure += 1
                alike += len(others) > 0 and float(np.max(box_iou(box[None], others.boxes))) > 0.7
        assert sure > 40 and alike > 0.9 * sure


@pytest.mark.usefixtures("gains")
def test_auto_takes_it_where_it_pays(copies, monkeypatch):
    assert "int8" in load_network(ModelConfig(name=str(copies))).describe()
    assert "int8" not in load_network(ModelConfig(name=str(copies), precision="full")).describe()
    assert "int8" not in load_network(ModelConfig(name=str(copies), runner="torch")).describe()
    monkeypatch.setattr(quantized, "_cpu_flags", lambda: HALVES)
    assert "int8" not in load_network(ModelConfig(name=str(copies))).describe()


@pytest.mark.usefixtures("gains")
def test_one_that_was_made_of_other_weights_is_not_taken(copies, caplog):
    other = copies.with_name("mine.safetensors")
    shutil.copy(SHIPPED / "m.safetensors", other)
    for suffix in (".xml", ".bin"):
        copies.with_name(f"s-int8{suffix}").rename(copies.with_name(f"mine-int8{suffix}"))
    assert "int8" not in load_network(ModelConfig(name=str(other))).describe()
    assert "made of other weights" in caplog.text
    with pytest.raises(ConfigError, match=r"mine-int8\.xml was made of other weights; make one with: streamseg export"):
        load_network(ModelConfig(name=str(other), precision="int8"))


@pytest.mark.usefixtures("gains")
def test_a_damaged_one_is_told_and_not_taken(copies, caplog):
    copies.with_name("s-int8.bin").write_bytes(b"\0" * 100)
    assert "int8" not in load_network(ModelConfig(name=str(copies))).describe()
    assert "s-int8" in caplog.text


@pytest.mark.parametrize("settings, told", [
    ({"runner": "torch"}, "runner openvino on device cpu, not torch on cpu"),
    ({"name": "mine.xml"}, "mine.xml has the precision that it has"),
])  # fmt: skip
def test_what_has_no_int8_refuses(settings, told):
    with pytest.raises(ConfigError, match=told):
        load_network(ModelConfig(**{"name": "s", "precision": "int8"} | settings))


def test_asked_for_without_one_says_how_to_make_it(copies):
    copies.with_name("s-int8.xml").unlink()
    with pytest.raises(ConfigError, match=r"there is no .*s-int8\.xml; make one with: streamseg export .* --precision"):
        load_network(ModelConfig(name=str(copies), precision="int8"))
