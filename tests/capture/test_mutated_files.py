"""Whatever a file holds: frames or one of our errors, in bounded time and memory (see also tests/chaos)."""

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.capture.mutations import BASES, Reader, mutate, write_bases

FILES = 66


@pytest.mark.timeout(300)
def test_mutated_files(tmp_path: Path) -> None:
    chance, kinds = random.Random(1), Counter[str]()
    bases = [(path.name, path.read_bytes()) for path in write_bases(tmp_path)]
    with Reader() as reader:
        for name, _ in bases:
            assert reader.read(tmp_path / name).kind == "frames", name
        for number in range(FILES):
            name, content = bases[number % len(bases)]
            path = tmp_path / f"mutated-{name}"
            path.write_bytes(mutate(content, chance))
            outcome = reader.read(path)
            assert outcome.kind in ("frames", "refused"), (number, name, outcome)
            kinds[outcome.kind] += 1
    assert len(bases) == len(BASES) and min(kinds["frames"], kinds["refused"]) >= FILES // 10, kinds
