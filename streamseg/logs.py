"""Logging for the command line: key=value lines, or rich ones on a terminal; no credentials in either."""

import logging
import sys
from datetime import UTC, datetime

from rich.console import Console
from rich.logging import RichHandler

from streamseg.capture.redact import redact

_HANDLER = "streamseg command line"


class RedactCredentials(logging.Filter):
    """Takes user names, passwords and tokens of URLs out of a record, its traceback included."""

    _traceback = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = self._traceback.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


class KeyValueFormatter(logging.Formatter):
    """`time=2026-01-31T12:00:00Z level=info logger=streamseg.run <message>`; messages are key=value themselves."""

    def __init__(self) -> None:
        super().__init__("time=%(asctime)s level=%(level)s logger=%(name)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return datetime.fromtimestamp(record.created, UTC).strftime(datefmt or "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        record.level = record.levelname.lower()
        return super().format(record)


def configure(verbosity: int) -> None:
    """Send streamseg's log to stderr, from warnings (0), from info (1) or all of it (2 and more).

    Without a terminal info is shown at 0 too: there the log is the progress display. Calling it again replaces what
    the last call set up.
    """
    terminal = sys.stderr.isatty()
    handler: logging.Handler
    if terminal:
        handler = RichHandler(console=Console(stderr=True), show_path=False)
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(KeyValueFormatter())
    handler.name = _HANDLER
    handler.addFilter(RedactCredentials())
    levels = (logging.WARNING if terminal else logging.INFO, logging.INFO, logging.DEBUG)
    logger = logging.getLogger("streamseg")
    for old in [known for known in logger.handlers if known.name == _HANDLER]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(levels[min(verbosity, 2)])
