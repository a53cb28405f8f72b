"""`streamseg run`: flags and a YAML become one Config; the main job does the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from streamseg import logs
from streamseg.commands.broadcast_flags import broadcast_flags
from streamseg.commands.delivery_flags import delivery_flags
from streamseg.commands.flag_types import Cadence, DetectEvery, MediaTime, Names
from streamseg.commands.flags_to_config import merge, replace_streams
from streamseg.commands.grouped_help import ExamplesCommand, GroupedOption
from streamseg.commands.look_flags import look_flags
from streamseg.config import Config, ModelConfig
from streamseg.config_file import load

_EXAMPLES = (
    ("streamseg run street.mp4 --out out", "one file"),
    ("streamseg run gate=rtsp://10.0.0.7/stream1 cam2.mp4 0", "three sources of three kinds, the first one named"),
    ("streamseg run archive/ --out out --resume", "go on after a crash or Ctrl-C; what is done stays as it is"),
    ("streamseg run 'synthetic://street?seconds=20&seed=1' --privacy pixelate --draw none", "nobody recognisable"),
)
_Command = TypeVar("_Command", bound=Callable[..., Any])
_RUNNERS: tuple[str, ...] = get_args(ModelConfig.model_fields["runner"].annotation)
_PRECISIONS: tuple[str, ...] = get_args(ModelConfig.model_fields["precision"].annotation)


def _option(*names: str, group: str, **settings: Any) -> Callable[[_Command], _Command]:
    return click.option(*names, cls=GroupedOption, group=group, **settings)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("sources", metavar="SOURCE...", nargs=-1)
@_option("--config", "file", metavar="FILE", help="YAML to start from; flags override it", group="Input")
@_option("--start", metavar="T", type=MediaTime(), help="begin here: seconds or [HH:]MM:SS[.s]", group="Input")
@_option("--end", metavar="T", type=MediaTime(), help="stop here", group="Input")
@_option("--max-frames", metavar="N", type=int, help="at most N frames of each stream", group="Input")
@_option("--rtsp-transport", type=click.Choice(("tcp", "udp")), help="how RTSP servers are to send", group="Input")
@_option("--no-wait", is_flag=True, help="fail where a live SOURCE cannot be reached at the start", group="Input")
@_option("--model", metavar="NAME|FILE", help="a shipped network, or .safetensors or .onnx", group="Network")
@_option("--device", metavar="auto|cpu|cuda|cuda:N", help="where it runs", group="Network")
@_option("--runner", type=click.Choice(_RUNNERS), metavar="|".join(_RUNNERS), help="what runs it", group="Network")
@_option(
    "--precision", type=click.Choice(_PRECISIONS), metavar="|".join(_PRECISIONS), group="Network",
    help="int8 is faster on a CPU, and a little less exact; default: where it gains enough",
)  # fmt: skip
@_option("--classes", metavar="a,b", type=Names(), help="only these classes", group="Network")
@_option("--score", metavar="X", type=float, help="lowest score of an object, 0 to 1", group="Network")
@_option(
    "--detect-every", metavar=DetectEvery.name, type=DetectEvery(), group="Network",
    help="look at one frame of N, or at those that need it; track in between",
)  # fmt: skip
@_option("--out", metavar="DIR", help="where results go; default: streamseg-out", group="Results")
@_option("--overwrite", is_flag=True, help="remove what streamseg wrote in DIR before", group="Results")
@_option("--resume", is_flag=True, help="go on where an earlier run of the same into DIR was cut off", group="Results")
@_option("--no-video", is_flag=True, help="no annotated video", group="Results")
@_option("--cutouts", metavar=Cadence.name, type=Cadence(), help="how often a track is cut out", group="Results")
@_option("--clips", is_flag=True, help="a video of each object by itself, its background transparent", group="Results")
@_option("--index", is_flag=True, help="keep all tracks in a database that can be searched", group="Results")
@_option(
    "--json-summary", metavar="FILE", type=click.Path(path_type=Path), help="a copy of summary.json", group="Results"
)
@look_flags
@broadcast_flags
@delivery_flags
@_option("--realtime", is_flag=True, help="files at the speed of their own clock", group="Running")
@_option("--as-fast-as-possible", is_flag=True, help="files as fast as the machine can", group="Running")
@_option("--jobs", metavar="N", type=int, help="files at a time", group="Running")
@_option("--max-latency", metavar="MS", type=float, help="hold live streams to it, leaving things out", group="Running")
@_option("--single-process", is_flag=True, help="all stages in this process, not each in its own", group="Running")
@_option("--serve", is_flag=True, help="HTTP: the page, API, health, metrics, control; keeps an index", group="Serving")
@_option("--host", metavar="ADDRESS", help="with --serve: listen here; default: 127.0.0.1", group="Serving")
@_option("--port", metavar="N", type=int, help="with --serve: at this port; default: 8765; 0: any", group="Serving")
@_option("--hold", is_flag=True, help="with --serve: go on when all streams are over", group="Serving")
@_option("--log", type=click.Choice(get_args(logs.Form)), default="auto", help="form of the log", group="Running")
@_option("-v", "--verbose", count=True, help="log more; -vv: everything", group="Running")
def run(sources: tuple[str, ...], file: str | None, **flags: Any) -> int:
    """Find, follow and cut out the objects of every SOURCE.

    A SOURCE is a file, a folder or glob (of images: one stream; of videos: one each), an rtsp:// rtmp:// http(s)://
    URL, a camera index or /dev/video*, or synthetic://street?seconds=20&size=1280x720&fps=25&seed=1. Write name=SOURCE
    to name its folder. SOURCEs replace the streams of the YAML.

    Per stream, DIR/<stream>/ holds cutouts/, annotated.mp4 and objects.jsonl; DIR/summary.json tells how it went.
    """
    if flags["realtime"] and flags["as_fast_as_possible"]:
        raise click.UsageError("--realtime and --as-fast-as-possible cannot be given together; choose one")
    config = load(file) if file else Config()
    if flags["hold"] and not (flags["serve"] or config.web.enabled):
        raise click.UsageError("--hold needs --serve")
    if not sources and not config.streams and not flags["hold"]:
        missing = f"no SOURCE, and {file} has no streams" if file else "no SOURCE and no --config"
        raise click.UsageError(f"{missing}; for example: streamseg run street.mp4")
    config = merge(config, flags)
    # what decodes and computes takes seconds to import: not before the command line is known to be right
    from streamseg.capture import parse_source
    from streamseg.run import run as run_streams

    if sources:
        config = replace_streams(config, [parse_source(source) for source in sources])
    logs.configure(flags["verbose"], flags["log"])
    shows_log = flags["verbose"] > 0 or flags["log"] != "auto"
    read = Path(file) if file else None
    return run_streams(config, json_summary=flags["json_summary"], verbose=shows_log, file=read)
