"""How long networks take for one view: python tests/bench/networks.py s m --view 448x768.

They take turns on the same views of the built-in street, so that what else the machine does hits all alike. Printed
are medians of a view by the clock and in CPU time, decoding included, and the ratio of the latter to the first one's.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from streamseg.capture import open_source
from streamseg.config import CaptureConfig, ModelConfig, StreamConfig
from streamseg.inference import load_network
from streamseg.preprocess import Preprocessor
from streamseg.records import Sample
from streamseg.stages import Network

STREET = StreamConfig(source="synthetic://street?seconds=2&size=1280x720&fps=10&seed=20", name="street")
WARM_UP = 0.2
"""The share of rounds, the first ones, that do not count."""


def views(model: ModelConfig) -> list[Sample]:
    """What a network sees of the street."""
    preprocess = Preprocessor.of(STREET, model, model.view, motion=True)
    with closing(open_source(STREET, CaptureConfig())) as source:
        source.open()
        return [preprocess(frame) for frame in source]


def median_ms(networks: Sequence[Network], samples: Sequence[Sample], rounds: int) -> list[tuple[float, float]]:
    """Milliseconds of one view for each, by the clock and of all threads."""
    spent: list[list[tuple[float, float]]] = [[] for _ in networks]
    for turn in range(rounds):
        for network, times in zip(networks, spent, strict=True):
            began_s, cpu_s = time.perf_counter(), time.process_time()
            network([samples[turn % len(samples)]])
            times.append((time.perf_counter() - began_s, time.process_time() - cpu_s))
    medians = (1000 * np.median(times[int(WARM_UP * rounds) :], axis=0) for times in spent)
    return [(float(wall), float(cpu)) for wall, cpu in medians]


def main(arguments: Sequence[str] | None = None) -> None:
    """A table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="NAME|FILE", help="shipped networks or files of weights")
    parser.add_argument("--view", default="448x768", metavar="HxW", help="default 448x768")
    parser.add_argument("--runner", default="auto", choices=["auto", "openvino", "torch", "onnx"])
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda; default auto")
    parser.add_argument("--threads", type=int, default=2, help="on a CPU; default 2")
    parser.add_argument("--rounds", type=int, default=200, help="default 200")
    asked = parser.parse_args(arguments)
    height, width = map(int, asked.view.split("x"))
    common = ModelConfig(view=(height, width), runner=asked.runner, device=asked.device, threads=asked.threads)
    networks = [load_network(common.model_copy(update={"name": name})) for name in asked.networks]
    found = median_ms(networks, views(common), asked.rounds)
    print("| network | ms a view | CPU ms | ratio |\n|---|---|---|---|")
    for network, (wall, cpu) in zip(networks, found, strict=True):
        print(f"| {network.describe()} | {wall:.1f} | {cpu:.1f} | {cpu / found[0][1]:.2f} |")


if __name__ == "__main__":
    main()
