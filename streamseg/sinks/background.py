"""One thread that does jobs in order behind a bounded queue: work leaves the caller's path, back-pressure stays."""

import queue
import threading
import weakref
from collections.abc import Callable

_ROOM = 32  # jobs that may wait; put() blocks beyond it


class Background:
    """Runs jobs one after the other; the first that fails ends the work, and what it raised goes to the caller.

    One that is forgotten without close() does what it was given, and its thread ends.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str):
        self._work = _Work()
        self._told = False
        self._thread = threading.Thread(target=self._work.run, name=name, daemon=True)
        self._thread.start()
        weakref.finalize(self, self._work.jobs.put, None)

    def put(self, job: Callable[[], None]) -> None:
        """Hand over a job, waiting while the queue is full; raises what an earlier job raised."""
        self._raise_error()
        self._work.jobs.put(job)

    def wait(self) -> None:
        """Until every job is done and forgotten; raises what one raised."""
        self._work.jobs.join()
        self._raise_error()

    def leave(self) -> None:
        """Wait until the job at hand is done; those behind it are for somebody else to do."""
        self._work.left = True
        self._work.jobs.put(None)
        self._thread.join()

    def close(self) -> None:
        """Wait until every job is done and the thread has ended; raises what a job raised, unless put() did."""
        self._work.jobs.put(None)
        self._thread.join()
        if not self._told:
            self._raise_error()

    def _raise_error(self) -> None:
        if self._work.error is not None:
            self._told = True
            raise self._work.error


class _Work:
    """What the thread knows: its jobs, never the Background, which would live as long as the thread."""

    def __init__(self) -> None:
        self.jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(_ROOM)
        self.error: Exception | None = None
        self.left = False

    def run(self) -> None:
        while self._do(self.jobs.get()):
            self.jobs.task_done()

    def _do(self, job: Callable[[], None] | None) -> bool:
        """Do a job, and keep nothing of it; False where there is none."""
        if job is None:
            return False
        if (
            self.error is None and not self.left
        ):  # else the queue is emptied all the same, or callers would wait for ever
            try:
                job()
            except Exception as error:
                self.error = error
        return True
