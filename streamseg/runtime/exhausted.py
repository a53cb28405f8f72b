"""Where memory runs out, it is workers that go: they have successors, the supervisor has none.

A worker that is refused memory ends: its successor begins with little, and is given again what was not finished. To go
on would fail frame after frame for a lack that another process may not have.
"""

import errno
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

from streamseg.errors import causes, told

log = logging.getLogger(__name__)

OUT_OF_MEMORY = 71
"""Exit status of such a worker."""
_TOLD_IN_WORDS = (
    "bad_alloc",
    "bad allocation",
    "can't start new thread",
    "can't allocate memory",
    "Insufficient memory",
)
"""Where the error has no type of its own: C++ libraries, OpenCV, threads."""


_MORE_THAN_SUPERVISOR = 300
"""Thousandths of all memory that a worker seems to use beyond what it does, when the kernel chooses whom to kill."""
_MOST_SCORE = 1000


def let_go_first(pid: int) -> None:
    """Have the kernel choose a child of ours, and whom it starts, rather than us."""
    with suppress(OSError, ValueError):  # it is gone already, or a sandbox does not let us
        ours = int(Path("/proc/self/oom_score_adj").read_text())
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(min(_MOST_SCORE, ours + _MORE_THAN_SUPERVISOR)))


def end_if_out_of_memory(error: BaseException) -> None:
    """End the process if that is what an error says, of its own kind or by what caused it; else do nothing."""
    if not any(map(_is_of_memory, causes(error))):
        return
    with suppress(Exception):  # to say so takes memory, too
        log.error("out of memory; the process ends, another takes its place: %s", told(error))
    os._exit(OUT_OF_MEMORY)


def guard_threads() -> None:
    """A thread that ends for want of memory takes the process along, which would be half dead without it."""
    told_by_default = threading.excepthook

    def hook(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value is not None:
            end_if_out_of_memory(ended.exc_value)
        told_by_default(ended)

    threading.excepthook = hook


def _is_of_memory(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, MemoryError) or any(words in str(error) for words in _TOLD_IN_WORDS)
