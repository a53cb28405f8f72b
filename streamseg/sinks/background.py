"""One thread that does jobs in order behind a bounded queue: work leaves the caller's path, back-pressure stays."""

import queue
import threading
from collections.abc import Callable

_ROOM = 32  # jobs that may wait; put() blocks beyond it


class Background:
    """Runs jobs one after the other; the first that fails ends the work, and what it raised goes to the caller.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str):
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(_ROOM)
        self._error: Exception | None = None
        self._told = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], None]) -> None:
        """Hand over a job, waiting while the queue is full; raises what an earlier job raised."""
        if self._error is not None:
            self._told = True
            raise self._error
        self._jobs.put(job)

    def wait(self) -> None:
        """Until every job is done and forgotten; raises what one raised."""
        self._jobs.join()
        if self._error is not None:
            self._told = True
            raise self._error

    def close(self) -> None:
        """Wait until every job is done and the thread has ended; raises what a job raised, unless put() did."""
        self._jobs.put(None)
        self._thread.join()
        if self._error is not None and not self._told:
            self._told = True
            raise self._error

    def _run(self) -> None:
        while self._do(self._jobs.get()):
            self._jobs.task_done()

    def _do(self, job: Callable[[], None] | None) -> bool:
        """Do a job, and keep nothing of it; False where there is none."""
        if job is None:
            return False
        if self._error is None:  # else the queue is emptied all the same, or its callers would wait for ever
            try:
                job()
            except Exception as error:
                self._error = error
        return True
