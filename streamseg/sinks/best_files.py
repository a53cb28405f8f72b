"""best.png, best-2.png ... of one track and their sidecars: always the right ones in the right order, each file whole.

Every shot that is kept lies under a hidden name of its own, and under that of its rank as a link to the same file. A
new ranking links the ranks anew and then removes what is no longer in it, so that doing it once more, after a death at
any moment, leads to the same files.
"""

import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamseg.sinks.disk import sink_errors, write_atomic
from streamseg.sinks.sidecar import finished, seq_of

_KINDS = ("png", "json")


class BestFiles:
    """Keeps the files of the tracks of one stream.

    Args:
        part: a temporary file on the same file system; overwritten.
    """

    def __init__(self, part: Path):
        self._part = part

    def store(self, folder: Path, ranking: Sequence[int], seq: int, png: bytes, sidecar: bytes) -> None:
        """A new best shot, of frame seq, for a track's folder; ranking: seqs of all that are kept, best first.

        What ranking names and was never stored (the disk was full) is left out.
        """
        for kind, content in zip(_KINDS, (png, sidecar), strict=True):
            write_atomic(_shot(folder, seq, kind), content, self._part)
        kept = [seq for seq in ranking if _shot(folder, seq, "json").exists()]
        with sink_errors(folder):
            for (rank, seq), kind in itertools.product(enumerate(kept, 1), _KINDS):
                self._link(_shot(folder, seq, kind), best_file(folder, rank, kind))
            for rank in itertools.takewhile(lambda rank: _any(folder, rank), itertools.count(len(kept) + 1)):
                _unlink(best_file(folder, rank, kind) for kind in _KINDS)
            _unlink(set(folder.glob(".shot-*")) - {_shot(folder, seq, kind) for seq in kept for kind in _KINDS})

    def reopen(self, folder: Path) -> None:
        """A track that was finished goes on: its ranks become shots again."""
        with sink_errors(folder):
            if any(folder.glob(".shot-*")):
                return
            for rank in itertools.takewhile(lambda rank: _any(folder, rank), itertools.count(1)):
                content = best_file(folder, rank, "json").read_bytes()
                self._link(best_file(folder, rank, "png"), _shot(folder, seq_of(content), "png"))
                write_atomic(_shot(folder, seq_of(content), "json"), finished(content, final=False), self._part)

    def finish(self, folder: Path) -> None:
        """The track is over: say so in its sidecars, and leave nothing but the ranks."""
        for rank in itertools.takewhile(lambda rank: _any(folder, rank), itertools.count(1)):
            path = best_file(folder, rank, "json")
            with sink_errors(path):
                content = path.read_bytes()
            write_atomic(path, finished(content), self._part)
        with sink_errors(folder):
            _unlink(folder.glob(".shot-*"))

    def _link(self, there: Path, name: Path) -> None:
        """Give a file a second name in place of what had it; a copy where the file system knows no links."""
        if name.exists() and name.samefile(there):
            return
        self._part.unlink(missing_ok=True)
        try:
            os.link(there, self._part)
        except OSError:
            shutil.copyfile(there, self._part)
        self._part.replace(name)


def best_file(folder: Path, rank: int, kind: str) -> Path:
    """Where a track's best shot of a rank (from 1) lies, or its sidecar; kind: png or json."""
    return folder / (f"best.{kind}" if rank == 1 else f"best-{rank}.{kind}")


def _shot(folder: Path, seq: int, kind: str) -> Path:
    return folder / f".shot-{seq}.{kind}"


def _any(folder: Path, rank: int) -> bool:
    return any(best_file(folder, rank, kind).exists() for kind in _KINDS)


def _unlink(paths: Iterator[Path] | set[Path]) -> None:
    for path in list(paths):
        path.unlink(missing_ok=True)
