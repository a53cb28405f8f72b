"""Where a run that serves HTTP tells this user how to reach it: by a file of theirs alone, by a line on a terminal."""

import json
import os
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from streamseg.errors import ConfigError


@dataclass(frozen=True, slots=True)
class RunningRun:
    """A run that can be asked: its process, URL, token (empty: none is needed), and where its results go."""

    pid: int
    url: str
    token: str
    out: str

    @property
    def link(self) -> str:
        """The page, signed in: what stands behind # is not sent to any server, nor written into its log."""
        return f"{self.url}/#token={self.token}" if self.token else f"{self.url}/"


def url_of(host: str, port: int) -> str:
    """A server's address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def show_link(link: str) -> None:
    """Tell the person at the terminal where the page is; where there is none, `streamseg ctl page` does."""
    if sys.stderr.isatty():
        sys.stderr.write(f"page: {link}\n")


def folder() -> Path:
    """The folder of these files, of mode 0700; made where it is missing.

    Raises:
        ConfigError: it is somebody else's, or others may look into it.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    path = Path(runtime) / "streamseg" if runtime else Path(tempfile.gettempdir()) / f"streamseg-{os.getuid()}"
    with suppress(FileExistsError):
        path.mkdir(mode=0o700, parents=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(f"{path}: must be a folder of this user's, of mode 0700; remove it, or set XDG_RUNTIME_DIR")
    return path


def write(run: RunningRun) -> Path:
    """Tell of a run, until the file is removed."""
    path = folder() / f"{run.pid}.json"
    fresh = path.with_suffix(".new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    fresh.touch(mode=0o600, exist_ok=False)
    fresh.write_text(json.dumps(asdict(run)), encoding="utf-8")
    fresh.replace(path)
    return path


def find(pid: int | None = None) -> RunningRun:
    """The only run that can be asked just now, or the one of that process.

    Raises:
        ConfigError: there is none, or there are several.
    """
    runs = [run for run in map(_read, sorted(folder().glob("*.json"))) if run is not None and pid in (None, run.pid)]
    if len(runs) == 1:
        return runs[0]
    if not runs:
        which = "no run" if pid is None else f"--pid {pid}: no run of that process"
        raise ConfigError(f"{which} of this user's serves HTTP; begin one with: streamseg run --serve ...")
    told = ", ".join(f"{run.pid} ({run.out})" for run in runs)
    raise ConfigError(f"several runs; choose one with --pid: {told}")


def _read(path: Path) -> RunningRun | None:
    """What a file tells; one whose run was killed is removed."""
    try:
        run = RunningRun(**json.loads(path.read_text(encoding="utf-8")))
        os.kill(run.pid, 0)
    except (OSError, ValueError, TypeError):
        path.unlink(missing_ok=True)
        return None
    return run
