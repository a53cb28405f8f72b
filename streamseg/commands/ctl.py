"""`streamseg ctl`: looks at a run that serves HTTP, and controls it."""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from streamseg import control_file
from streamseg.commands.flag_types import Names
from streamseg.commands.grouped_help import ExamplesCommand, ExamplesGroup
from streamseg.config_file import read_yaml
from streamseg.errors import ConfigError, StreamsegError

_TIMEOUT_S = 15.0
_PIPE_WIDTH = 200
_LOOK_EVERY_S = 0.2
_EXAMPLES = (
    ("streamseg ctl list", "the streams of the run of this user"),
    ("streamseg ctl page --open", "its page, in the browser"),
    ("streamseg ctl add gate=rtsp://10.0.0.7/stream1 --classes person", "one more"),
    ("streamseg ctl change gate --score 0.5 --zones zones.yaml", "other settings, from the next frame on"),
    ("STREAMSEG_TOKEN=... streamseg ctl --url http://10.0.0.5:8765 list", "a run on another machine"),
)


@dataclass(frozen=True, slots=True)
class _Api:
    """The HTTP interface of the run with a process id, or at a URL, or of the only run there is."""

    pid: int | None
    url: str | None

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        url, token = self._where()
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{url}/api/v1{path}", data, headers, method=method)  # noqa: S310  # checked
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ConfigError(f"{url}: {_reason(error)}") from None
        except (OSError, ValueError) as error:
            raise StreamsegError(f"{url}: {getattr(error, 'reason', error)}") from None

    def _where(self) -> tuple[str, str]:
        """URL and token."""
        if self.url is None:
            run = control_file.find(self.pid)
            return run.url, run.token
        if urllib.parse.urlsplit(self.url).scheme not in ("http", "https"):
            raise ConfigError(f"--url {self.url}: must begin with http:// or https://")
        return self.url.rstrip("/"), os.environ.get("STREAMSEG_TOKEN", "")


@click.group(cls=ExamplesGroup, examples=_EXAMPLES)
@click.option("--pid", metavar="N", type=int, help="which run, where there are several")
@click.option("--url", metavar="URL", help="where it is served; its token is taken from STREAMSEG_TOKEN")
@click.pass_context
def ctl(context: click.Context, pid: int | None, url: str | None) -> None:
    """Look at a run that was begun with --serve, and control it."""
    context.obj = _Api(pid, url)


def _reason(error: urllib.error.HTTPError) -> str:
    """What the run says of a call that it refuses, in one line."""
    try:
        told = json.load(error)
    except ValueError:
        return f"{error.code} {error.reason}"
    return str(told.get("error"))


@ctl.command(name="list", cls=ExamplesCommand, examples=(("streamseg ctl list --json", "all that is known"),))
@click.option("--json", "as_json", is_flag=True, help="as JSON")
@click.pass_obj
def list_(api: _Api, as_json: bool) -> None:
    """Show every stream: what it does, its rate, what was lost, how late it is."""
    streams = api("GET", "/streams")
    if as_json:
        click.echo(json.dumps(streams, indent=2, ensure_ascii=False))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("stream", "state", "source"):
        table.add_column(heading, overflow="fold")
    for heading in ("frames", "fps", "dropped", "failed", "objects", "p95 ms"):
        table.add_column(heading, justify="right")
    for stream in streams:
        table.add_row(*map(Text, _row(stream)))
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)


def _row(stream: dict[str, Any]) -> list[str]:
    total_ms = stream["latency_ms"].get("total")
    reason = f" ({stream['source_reason']})" if stream["source_reason"] else ""
    return [
        stream["name"],
        stream["state"],
        f"{stream['source_state']}{reason}" if stream["live"] else stream["source"],
        str(stream["emitted"]),
        f"{stream['emitted'] / stream['seconds']:.1f}" if stream["seconds"] else "-",
        str(sum(stream["dropped"].values())),
        str(sum(stream["failed"].values())),
        str(stream["objects"]),
        f"{total_ms['p95']:.1f}" if total_ms else "-",
    ]


@ctl.command(
    cls=ExamplesCommand, examples=(("streamseg ctl page", "print it"), ("streamseg ctl page --open", "show it"))
)
@click.option("--open", "opens", is_flag=True, help="in the browser")
@click.pass_obj
def page(api: _Api, opens: bool) -> None:
    """Print the link to the run's page. Whoever has it may do anything: do not pass it on."""
    link = control_file.find(api.pid).link if api.url is None else f"{api.url.rstrip('/')}/"
    click.echo(link)
    if opens and click.launch(link):
        raise StreamsegError("no browser could be opened")


@ctl.command(cls=ExamplesCommand, examples=(("streamseg ctl add yard=rtsp://10.0.0.9/1 --score 0.5", "named yard"),))
@click.argument("source", metavar="SOURCE")
@click.option("--classes", metavar="a,b", type=Names(), help="only these classes")
@click.option("--score", metavar="X", type=float, help="lowest score of an object, 0 to 1")
@click.option("--zones", metavar="FILE", help="YAML with zones and lines")
@click.pass_obj
def add(api: _Api, /, source: str, **settings: Any) -> None:
    """Add a stream; SOURCE as for `streamseg run`, relative paths from where the run was begun."""
    from streamseg.capture import parse_source

    stream = parse_source(source)
    added = api("POST", "/streams", {"source": stream.source, "name": stream.name, **_settings(settings)})
    click.echo(f"{added['name']}: added")


@ctl.command(cls=ExamplesCommand, examples=(("streamseg ctl remove yard", "its files stay"),))
@click.argument("name", metavar="STREAM")
@click.pass_obj
def remove(api: _Api, name: str) -> None:
    """End a stream: frames in flight are finished, its files closed."""
    api("DELETE", _path(name))
    click.echo(f"{name}: ending")


@ctl.command(cls=ExamplesCommand, examples=(("streamseg ctl pause yard", "no frames of it until further notice"),))
@click.argument("name", metavar="STREAM")
@click.pass_obj
def pause(api: _Api, name: str) -> None:
    """Hand out no frames of a stream: a camera's are dropped and counted, a file waits."""
    api("POST", f"{_path(name)}/pause")
    click.echo(f"{name}: paused")


@ctl.command(cls=ExamplesCommand, examples=(("streamseg ctl resume yard", "after a pause"),))
@click.argument("name", metavar="STREAM")
@click.pass_obj
def resume(api: _Api, name: str) -> None:
    """Go on after a pause."""
    api("POST", f"{_path(name)}/resume")
    click.echo(f"{name}: running")


@ctl.command(cls=ExamplesCommand, examples=(("streamseg ctl change yard --classes person,vehicle", "two classes"),))
@click.argument("name", metavar="STREAM")
@click.option("--classes", metavar="a,b", type=Names(), help="only these classes")
@click.option("--score", metavar="X", type=float, help="lowest score of an object, 0 to 1")
@click.option("--zones", metavar="FILE", help="YAML with all zones and lines it is to have")
@click.pass_obj
def change(api: _Api, /, name: str, **settings: Any) -> None:
    """Change what is looked for in a stream, from the next frame on."""
    given = _settings(settings)
    if not given:
        raise click.UsageError("nothing to change; give --classes, --score or --zones")
    api("PATCH", _path(name), given)
    click.echo(f"{name}: changed {', '.join(given)}")


@ctl.command(cls=ExamplesCommand, examples=(("streamseg ctl model m", "the larger one"),))
@click.argument("name", metavar="NAME|FILE")
@click.pass_obj
def model(api: _Api, name: str) -> None:
    """Have another network take over between two frames; if it cannot be loaded, nothing changes."""
    told = api("PUT", "/model", {"name": name})
    while told["swap"] == "loading":
        time.sleep(_LOOK_EVERY_S)
        told = api("GET", "/model")
    if told["swap"] == "failed":
        raise ConfigError(f"{name}: not taken: {told['error']}")
    click.echo(f"{name}: {told['network']}")


def _path(stream: str) -> str:
    return f"/streams/{urllib.parse.quote(stream, safe='')}"


def _settings(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags that were given, zones and lines out of their file."""
    given = {key: value for key, value in flags.items() if value is not None and key != "zones"}
    return given if flags["zones"] is None else given | read_zones(Path(flags["zones"]))


def read_zones(path: Path) -> dict[str, Any]:
    """What a file of --zones holds: zones, lines or both; ConfigError where it is no such file."""
    document = read_yaml(path)
    known = isinstance(document, dict)
    unknown = sorted(map(str, set(document) - {"zones", "lines"})) if known else [f"a {type(document).__name__}"]
    if unknown or not document:
        raise ConfigError(f"--zones {path}: {', '.join(unknown) or 'empty'}; allowed are zones, lines")
    return dict(document)
