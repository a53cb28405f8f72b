"""The runner for GPUs, on the CPU, where all is the same but the graphs; and on CUDA where there is one."""

import threading

import numpy as np
import pytest
import torch

from streamseg.inference.folding import fold
from streamseg.inference.graph_runner import GraphRunner
from streamseg.inference.net import Deployed
from streamseg.inference.runners import TorchRunner
from streamseg.weights.format import load_weights

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
VIEW = (64, 96)


def deployed(weights) -> Deployed:
    return Deployed(load_weights(weights)[0]).eval()


def views(count, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (count, *VIEW, 3), np.uint8)


def test_folding_leaves_what_the_network_says(small_weights):
    plain, folded = deployed(small_weights), fold(deployed(small_weights))
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded.modules())
    with torch.inference_mode():
        for one, other in zip(*(net(torch.from_numpy(views(2))) for net in (plain, folded)), strict=True):
            assert torch.allclose(one, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("device", DEVICES)
def test_batches_of_any_size_give_each_view_its_own(small_weights, device):
    wanted = TorchRunner(deployed(small_weights), "cpu", 1)
    runner = GraphRunner(deployed(small_weights), device)
    for count in (1, 3, 5, 2):  # filled up to 1, 4, 8 and 2
        batch = views(count, seed=count)
        for ours, theirs in zip(runner(batch), wanted(batch), strict=True):
            assert ours.shape == theirs.shape and ours.dtype == np.float32
            assert np.allclose(ours, theirs, rtol=1e-3, atol=1e-3) or device == "cuda"


@pytest.mark.parametrize("device", DEVICES)
def test_what_a_thread_was_given_outlasts_the_calls_of_others(small_weights, device):
    runner = GraphRunner(deployed(small_weights), device)
    mine = runner(views(3, seed=1))
    kept = [output.copy() for output in mine]
    other = threading.Thread(target=lambda: runner(views(3, seed=2)))
    other.start()
    other.join()
    assert all(np.array_equal(output, before) for output, before in zip(mine, kept, strict=True))
    assert not np.array_equal(runner(views(3, seed=2))[-1], kept[-1])
