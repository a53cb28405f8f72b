"""Every error that streamseg raises for a user, in one tree; each is also the matching builtin.

* StreamsegError
  + ConfigError (ValueError)      a key, flag or value that cannot be used
  + SourceError (OSError)         a source that cannot be opened, or broke
    - SourceNotFound (FileNotFoundError)
    - SourceUnreachable (ConnectionError)
    - SourceRefused (PermissionError)
    - SourceInvalid               it opened, but holds no video that can be decoded
  + ModelError (ValueError)       weights or a network that cannot be used
  + SinkError (OSError)           an output that cannot be written
  + DataError (ValueError)        a data set or record that breaks its format

A message names the value, where it stands, and what is allowed; it is one line.
"""

from collections.abc import Iterator


class StreamsegError(Exception):
    """Base of all errors meant for a user."""


class ConfigError(StreamsegError, ValueError):
    """A key, flag or value that cannot be used."""


class SourceError(StreamsegError, OSError):
    """A source that cannot be opened, or broke while it was read."""


class SourceNotFound(SourceError, FileNotFoundError):
    """The file, device or path on the server does not exist."""


class SourceUnreachable(SourceError, ConnectionError):
    """The host does not answer, or the network failed."""


class SourceRefused(SourceError, PermissionError):
    """The server or the file system refused access."""


class SourceInvalid(SourceError):
    """It was opened, but holds no video that can be decoded."""


class ModelError(StreamsegError, ValueError):
    """Weights or a network that cannot be used."""


class SinkError(StreamsegError, OSError):
    """An output that cannot be written."""


class DataError(StreamsegError, ValueError):
    """A data set or record that breaks its format."""


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it came from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__


def told(error: BaseException | str) -> str:
    """An error in one line: the message of one meant for users, of any other its type, too; then its notes."""
    if isinstance(error, str):
        return error
    message = str(error) if isinstance(error, StreamsegError) else f"{type(error).__name__}: {error}"
    return " ".join("; ".join([message, *getattr(error, "__notes__", ())]).split())
