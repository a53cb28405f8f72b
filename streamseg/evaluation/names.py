"""What data sets and clips are called in tables and files: short names, no two alike."""

from collections.abc import Sequence
from pathlib import Path


def distinct_names(wanted: Sequence[tuple[str, Path]]) -> list[str]:
    """A name for each of (its own name, its path), no path twice.

    Its own where no other has it; else its file's, with as many of the folders above as it takes.
    """
    paths = [path.absolute() for _, path in wanted]
    names = [name for name, _ in wanted]
    for depth in range(1, max((len(path.parts) for path in paths), default=0)):
        alike = [i for i, name in enumerate(names) if names.count(name) > 1]
        for i in alike:
            names[i] = _longer(paths[i], depth, [paths[j] for j in alike if wanted[j][0] == wanted[i][0]])
    return names


def _longer(path: Path, depth: int, others: Sequence[Path]) -> str:
    if len({other.name for other in others}) == len(others):
        return path.stem if len({other.stem for other in others}) == len(others) else path.name
    return "/".join([*path.parts[-depth - 1 : -1], path.stem])
