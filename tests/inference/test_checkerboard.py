"""Checkerboards of deconvolutions: none at the start, none after even_out, none in the shipped networks."""

import copy

import numpy as np
import pytest
import torch

from docs.make_checkerboard import DECONVOLUTIONS, in_boxes, look, of_the_mean, of_the_spread, pattern, response, starts
from streamseg.training.even import even_out
from streamseg.weights.format import load_weights
from streamseg.weights.header import find_weights


@pytest.fixture(scope="module", params=["s", "m"])
def shipped(request):
    net, _ = load_weights(find_weights(request.param))
    return net, look(net)


def test_the_measure_sees_a_pattern_and_nothing_else():
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(11.0), indexing="ij")
    board = 5 + (y + x) % 2 * 2
    assert pattern(board[None]).item() == pytest.approx(1)
    assert of_the_mean(board[None, :8, :8]) == pytest.approx(1 / 6)
    assert of_the_spread(board[None, :8, :8]) == pytest.approx(1, rel=0.02)
    assert pattern((y // 4 % 2)[None, :8, :8]).item() == 0


def test_only_our_start_leaves_a_flat_input_flat():
    shares = {name: of_the_mean(response(deconv, torch.rand(64))) for name, deconv in starts().items()}
    assert shares.pop("kernel 4, bilinear (ours)") < 1e-6
    assert min(shares.values()) > 0.5


def test_the_shipped_network_has_none(shipped):
    net, seen = shipped
    for name in DECONVOLUTIONS:
        assert of_the_mean(response(net.get_submodule(name).deconv, seen.flat[name])) < 0.002, name  # kept in fp16
    assert max(of_the_spread(seen.said[name]) for name in DECONVOLUTIONS) < 0.10
    assert len(seen.boxes) >= 5
    assert np.median([of_the_spread(logits) for logits in in_boxes(seen)]) < 0.04
    assert of_the_spread(seen.semantic) < 0.01


def test_what_training_leaves_can_be_evened_out(shipped):
    net, seen = shipped
    net = copy.deepcopy(net)
    with torch.no_grad():
        net.up8.deconv.weight[..., ::2, ::2] *= 2
    assert of_the_mean(response(net.up8.deconv, seen.flat["up8"])) > 0.2
    even_out(net)
    assert of_the_mean(response(net.up8.deconv, seen.flat["up8"])) < 1e-5
