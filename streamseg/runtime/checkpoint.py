"""How far a recorded stream has come, in a file: all that a later run of the same needs to go on with it.

It is taken while no frame is in flight, so that the states of all stages, the places of all sinks and the accounts
belong to the same frame. A run that goes on restores them, and is where a successor of dead workers would be.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import msgspec

from streamseg.accounts import Counts
from streamseg.capture.redact import is_url
from streamseg.config import Config, StreamConfig
from streamseg.errors import ConfigError
from streamseg.provenance import LEFT_OUT, model_sha256, shown_source
from streamseg.runtime.ledger import Committed
from streamseg.sinks.disk import sink_errors, write_atomic
from streamseg.sinks.outdir import CHECKPOINT

RELEASE = 1
MOST_BYTES = 1 << 30
_CHANGE_NO_RESULT: dict[str, Any] = {
    "streams": True,
    "jobs": True,
    "runtime": True,
    "web": True,
    "model": {"name", "sha256"},
    "capture": LEFT_OUT["capture"] - {"threads"} | {"wait"},  # what stands in for damage may differ with threads
    "output": {"dir", "overwrite", "resume", "disk_free_mb", "keep_hours", "keep_gb"},
}
_BEGIN_ANEW = "give --overwrite instead of --resume to begin anew, or another --out"


class Checkpoint(msgspec.Struct, frozen=True, array_like=True):
    """How far a stream has come.

    settings: of everything that results depend on, a digest by key. file: size (bytes) and time of change (ns) of the
    source, if it is a file. states: what each stage, sink and capture go on with; of a stream that is done, none.
    ended: how the run ended for the stream; None: it was cut off.
    """

    release: int
    version: str
    settings: dict[str, str]
    file: tuple[int, int] | None
    counts: Counts
    states: dict[str, Committed]
    ended: Literal["done", "stopped", "failed"] | None = None

    def write(self, folder: Path) -> None:
        """Into a stream's folder, as a whole or not at all; SinkError where it cannot be written."""
        write_atomic(folder / CHECKPOINT, msgspec.msgpack.encode(self))

    @classmethod
    def read(cls, folder: Path) -> "Checkpoint | None":
        """Of a stream's folder; None where there is none.

        Raises:
            ConfigError: it is damaged, or of another release.
        """
        path = folder / CHECKPOINT
        with sink_errors(path):
            if path.is_symlink() or not path.is_file():
                return None
            whole = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
        try:
            release = msgspec.msgpack.decode(whole)[0]
            found = msgspec.msgpack.decode(whole, type=cls) if release == RELEASE else None
        except (msgspec.MsgspecError, ValueError, TypeError, LookupError, RecursionError) as error:
            raise ConfigError(f"{path}: is damaged ({error}); {_BEGIN_ANEW}") from None
        if found is None:
            told = release if isinstance(release, int) else f"{str(release)[:20]!r}"
            raise ConfigError(f"{path}: is of release {told}, {RELEASE} is known; {_BEGIN_ANEW}")
        return found

    def check(self, version: str, settings: dict[str, str], file: tuple[int, int] | None, *, name: str) -> None:
        """ConfigError if results of a run like this would not fit those that are there."""
        if self.version != version:
            before = " ".join(self.version.split())[:20]
            raise ConfigError(f"{name}: was begun by streamseg {before}, this is {version}; {_BEGIN_ANEW}")
        if self.file != file:
            raise ConfigError(f"{name}: the source has changed since; {_BEGIN_ANEW}")
        other = sorted(key for key in self.settings | settings if self.settings.get(key) != settings.get(key))
        if other:
            told = ", ".join(key if key in settings else repr(key)[:80] for key in other[:8])
            raise ConfigError(f"{name}: was begun with other settings of {told}; {_BEGIN_ANEW}")


def settings_of(config: Config, stream: StreamConfig) -> dict[str, str]:
    """A digest by key of all that a stream's results depend on; keys as in the YAML, without secrets in them."""
    sections = config.model_dump(mode="json", exclude=_CHANGE_NO_RESULT)
    keys = {f"{name}.{key}": value for name, section in sections.items() for key, value in _items(section)}
    keys |= {
        f"streams.{key}": value for key, value in _items(stream.model_dump(mode="json", exclude=LEFT_OUT["stream"]))
    }
    keys |= {"model.name": model_sha256(config.model), "streams.source": shown_source(stream.source)}
    return {key: hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest() for key, value in keys.items()}


def file_of(source: str) -> tuple[int, int] | None:
    """Size and time of change of a source that is a file."""
    path = Path(source)
    try:
        stat = path.stat() if not is_url(source) and path.is_file() else None
    except OSError:
        return None
    return (stat.st_size, stat.st_mtime_ns) if stat else None


def _items(section: Any) -> list[tuple[str, Any]]:
    return list(section.items()) if isinstance(section, dict) else [("", section)]
