"""The keeper: a worker process that removes old results, now and then, beside those that write new ones."""

import logging
import threading
import time

from streamseg.config import Config
from streamseg.errors import SinkError
from streamseg.index import Index, index_url
from streamseg.runtime.line import Line
from streamseg.runtime.messages import AtWork, Begin
from streamseg.sinks.clock_steps import ClockSteps
from streamseg.sinks.retention import Retention

log = logging.getLogger(__name__)

_EVERY_S = 60.0
_MOST_OF_TIME = 0.05


def host(line: Line, begin: Begin) -> None:
    """Sweep until the line ends: once a minute, or so seldom that it takes at most a twentieth of the time."""
    config = Config.model_validate_json(begin.config)
    output, over = config.output, threading.Event()
    index = Index(index_url(output.dir, config.index.url)) if config.is_indexed else None
    retention = Retention(output, index)
    line.report(AtWork())
    steps, wait_s = ClockSteps(), 0.0
    while not over.wait(wait_s):
        began_s = time.monotonic()
        try:
            now_ns = time.time_ns()
            steps.look(now_ns, time.clock_gettime_ns(time.CLOCK_BOOTTIME))
            removed = retention.sweep(now_ns, steps.written_ns)
        except (OSError, SinkError) as error:
            log.warning("results cannot be swept folder=%s error=%s", output.dir, error)
        else:
            if removed.files:
                told = removed.files, removed.size / 1e6, removed.left / 1e6
                log.info("old results removed files=%d mb=%.1f left_mb=%.1f", *told)
        wait_s = max(_EVERY_S, (time.monotonic() - began_s) / _MOST_OF_TIME)
