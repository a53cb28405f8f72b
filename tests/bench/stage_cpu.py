"""CPU of a run by stage, while it lasts: that of its workers, of capture's threads and main thread apart."""

from collections import Counter
from contextlib import suppress

import psutil

from tests.bench.cameras import cpu_s
from tests.runtime.jobs import Job

STAGES = ("capture", "preprocess", "inference", "tracking", "sinks", "supervisor")
"""In the order of a frame's way. Where capture and preprocess share a process, capture is its threads, which read and
decode a stream each and copy its frames, and preprocess the main thread, which rings the bells as well."""
_ASIDE = ("web", "keeper", "broadcast")


def spent_s(job: Job) -> dict[str, float]:
    """User and system seconds of each stage so far."""
    spent = Counter(dict.fromkeys(STAGES, 0.0))
    spent["supervisor"] = cpu_s(psutil.Process(job.process.pid))
    for name, pid in job.workers().items():
        kind, process = name.rsplit("-", 1)[0], psutil.Process(pid)
        if kind == "capture":
            for thread in process.threads():
                own = thread.id == pid
                spent["preprocess" if own else "capture"] += thread.user_time + thread.system_time
        elif kind not in _ASIDE:
            with suppress(psutil.NoSuchProcess):
                spent[kind if kind in STAGES else "sinks"] += cpu_s(process)
    return dict(spent)


def between_ms(before: dict[str, float], after: dict[str, float], frames: int) -> dict[str, float]:
    """Milliseconds of CPU a frame of each stage."""
    return {stage: 1000 * (after[stage] - before[stage]) / max(1, frames) for stage in STAGES}
