"""Logging for the command line: key=value lines, or rich ones on a terminal; no credentials in either."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

from rich.console import Console
from rich.logging import RichHandler

from streamseg.capture.redact import redact

Form = Literal["auto", "lines", "json"]

_HANDLER = "streamseg command line"
_PAIR = re.compile(r"""(?<![^\s])([a-z_0-9]+)=('[^']*'|"[^"]*"|\S*)""")


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


class JsonFormatter(KeyValueFormatter):
    """A JSON object a line: time, level, logger, message, and the message's own key=value pairs as fields."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        line = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
            "fields": {key: value.strip("'\"") for key, value in _PAIR.findall(message)},
        }
        if record.exc_info or record.exc_text:
            line["traceback"] = record.exc_text or self.formatException(record.exc_info)  # type: ignore[arg-type]
        return json.dumps(line, ensure_ascii=False)


def configure(verbosity: int, form: Form = "auto") -> None:
    """Send streamseg's log to stderr, from warnings (0), from info (1) or all of it (2 and more).

    Without a terminal info is shown at 0 too: there the log is the progress display. Calling it again replaces what
    the last call set up.

    Args:
        verbosity: how much.
        form: auto: rich on a terminal, else lines of key=value; json: a JSON object a line, wherever it goes.
    """
    terminal = sys.stderr.isatty() and form == "auto"
    handler: logging.Handler
    if terminal:
        handler = RichHandler(console=Console(stderr=True), show_path=False)
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter() if form == "json" else KeyValueFormatter())
    handler.name = _HANDLER
    handler.addFilter(RedactCredentials())
    levels = (logging.WARNING if terminal else logging.INFO, logging.INFO, logging.DEBUG)
    logger = logging.getLogger("streamseg")
    for old in [known for known in logger.handlers if known.name == _HANDLER]:
        logger.removeHandler(old)
    logger.addHandler(handler)
    logger.setLevel(levels[min(verbosity, 2)])
