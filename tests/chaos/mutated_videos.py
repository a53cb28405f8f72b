"""Read a thousand mutated video files: python tests/chaos/mutated_videos.py --help. `make chaos` calls it.

Each must end in frames or in one of our errors, in bounded time and memory, and the process that reads must live on.
A file that does anything else is kept, and named.
"""

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.capture.mutations import Reader, mutate, write_bases


def main(arguments: Sequence[str] | None = None) -> int:
    """Mutate and read; 1 if any file did what none may do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000, help="default 1000")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    asked = parser.parse_args(arguments)
    folder, chance, kinds = Path(tempfile.mkdtemp(prefix="mutated-")), random.Random(asked.seed), Counter[str]()
    bases = [(path.name, path.read_bytes()) for path in write_bases(folder)]
    with Reader() as reader:
        for number in range(asked.files):
            name, content = bases[number % len(bases)]
            path = folder / f"{number}-{name}"
            path.write_bytes(mutate(content, chance))
            outcome = reader.read(path)
            kinds[outcome.kind] += 1
            if outcome.kind in ("frames", "refused"):
                path.unlink()
            else:
                print(f"{path}: {outcome.kind}: {outcome.told}", flush=True)
            if number % 100 == 99:
                print(number + 1, dict(kinds), flush=True)
    return int(bool(kinds.keys() - {"frames", "refused"}))


if __name__ == "__main__":
    sys.exit(main())
