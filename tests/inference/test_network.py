import threading

import numpy as np
import pytest
import torch

from streamseg.config import ModelConfig
from streamseg.errors import ConfigError, ModelError
from streamseg.inference import ir_cache, load_network
from streamseg.preprocess import FitView
from streamseg.records import Color, Frame, Planes


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def sample(seed=0):
    rng = np.random.default_rng(seed)
    planes = Planes(*(rng.integers(16, 235, size, dtype=np.uint8) for size in ((90, 160), (45, 80), (45, 80))))
    return FitView((96, 160))(Frame("t", 0, 0, planes, Color()))


def network(weights, **settings):
    return load_network(ModelConfig(name=str(weights), view=(96, 160), score=0.0, **settings))


def test_torch_and_openvino_agree(small_weights):
    torch_net, vino_net = (network(small_weights, runner=r) for r in ("torch", "openvino"))
    view = sample().view[None]
    for ours, theirs in zip(torch_net._runner(view), vino_net._runner(view), strict=True):
        if np.count_nonzero(ours) == ours.size:
            assert np.abs(ours - theirs).max() < 0.03 * np.abs(ours).max()
        else:  # peaks: bf16 keeps 8 bits, so that a tie between neighbours may move one
            assert np.allclose(*(np.sort(peaks, axis=None)[-20:] for peaks in (ours, theirs)), atol=0.05)


def test_a_batch_gives_each_its_own(small_weights):
    net = network(small_weights, runner="openvino")
    a, b = sample(1), sample(2)
    together, alone = net([a, b]), [net([a])[0], net([b])[0]]
    for one, other in zip(together, alone, strict=True):
        assert abs(len(one) - len(other)) <= max(2, len(other) // 5)


def test_converted_network_is_kept_and_read_again(small_weights, monkeypatch):
    first = network(small_weights, runner="openvino")([sample()])[0]
    assert len(list(ir_cache.cache_dir().glob("*.xml"))) == 1
    monkeypatch.setattr(ir_cache, "_convert", lambda *_: pytest.fail("converted twice"))
    again = network(small_weights, runner="openvino")([sample()])[0]
    assert np.allclose(first.scores, again.scores)


def test_a_spoilt_cache_is_made_anew(small_weights):
    network(small_weights, runner="openvino")
    (kept,) = ir_cache.cache_dir().glob("*.xml")
    kept.write_text("nonsense")
    assert network(small_weights, runner="openvino")([sample()])[0] is not None


def test_threads_may_share_a_network(small_weights):
    net = network(small_weights, runner="openvino")
    wanted = net([sample()])[0].scores
    found = []
    threads = [threading.Thread(target=lambda: found.append(net([sample()])[0].scores)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(np.array_equal(scores, wanted) for scores in found)


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"runner": "onnx"}, ConfigError, "use auto, torch or openvino"),
        ({"runner": "openvino", "device": "cuda"}, ConfigError, "runs on device cpu"),
    ],
)
def test_impossible_choices_are_explained(small_weights, settings, error, says):
    with pytest.raises(error, match=says):
        network(small_weights, **settings)


def test_cuda_without_cuda_is_explained(small_weights):
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ConfigError, match="sees no CUDA device"):
        network(small_weights, device="cuda", runner="torch")


def test_unknown_names_list_what_ships():
    with pytest.raises(ModelError, match="no such file and no shipped network"):
        load_network(ModelConfig(name="nothing"))


def test_text_is_no_weight_file(tmp_path):
    fake = tmp_path / "fake.safetensors"
    fake.write_text("not weights")
    with pytest.raises(ModelError, match="not a streamseg weight file"):
        load_network(ModelConfig(name=str(fake)))
