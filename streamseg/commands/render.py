"""`streamseg render`: what `streamseg run` writes, once more from recorded objects, without the network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from streamseg import logs
from streamseg.commands.flag_types import Cadence, MediaTime, Names
from streamseg.commands.flags_to_config import merge, replace_streams
from streamseg.commands.grouped_help import ExamplesCommand, GroupedOption
from streamseg.commands.look_flags import look_flags
from streamseg.config import Config
from streamseg.config_file import load

_EXAMPLES = (
    ("streamseg render street.mp4 out/street/objects.jsonl --out looks", "everything, as it was"),
    ("streamseg render street.mp4 objects.jsonl --only video --draw labels,outlines", "another look"),
    ("streamseg render street.mp4 objects.jsonl --only video --privacy pixelate --draw none", "people unrecognisable"),
    ("streamseg render gate=gate.mp4 objects.jsonl --config zones.yaml --only events", "with other zones and lines"),
)
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _option(*names: str, group: str, **settings: Any) -> Callable[[_Command], _Command]:
    return click.option(*names, cls=GroupedOption, group=group, **settings)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("video", metavar="VIDEO")
@click.argument("objects", metavar="OBJECTS", type=click.Path(path_type=Path))
@_option("--config", "file", metavar="FILE", help="YAML of the run, or one with other zones", group="Input")
@_option("--end", metavar="T", type=MediaTime(), help="stop here: seconds or [HH:]MM:SS[.s]", group="Input")
@_option("--max-frames", metavar="N", type=int, help="at most N frames", group="Input")
@_option("--classes", metavar="a,b", type=Names(), help="only objects of these classes", group="Input")
@_option("--out", metavar="DIR", help="where results go; default: streamseg-out", group="Results")
@_option("--overwrite", is_flag=True, help="remove what streamseg wrote in DIR before", group="Results")
@_option(
    "--only",
    metavar="a,b",
    type=Names(),
    help="only these of video, cutouts, clips, events, clean_plate",
    group="Results",
)
@_option("--cutouts", metavar=Cadence.name, type=Cadence(), help="how often a track is cut out", group="Results")
@_option("--clips", is_flag=True, help="a video of each object by itself, its background transparent", group="Results")
@look_flags
@_option("--log", type=click.Choice(get_args(logs.Form)), default="auto", help="form of the log", group="Running")
@_option("-v", "--verbose", count=True, help="log more; -vv: everything", group="Running")
def render(video: str, objects: Path, file: str | None, only: list[str] | None, **flags: Any) -> int:
    """Make annotated video, cut-outs, events and the like once more, of VIDEO and of what a run found in it.

    OBJECTS is the objects.jsonl that `streamseg run` wrote for VIDEO (its parts objects-0002.jsonl and so on are found
    beside it; .gz is read, too). The network is not run: looks, zones and lines can be changed in little time.
    """
    config = merge(load(file) if file else Config(), flags)
    # what decodes and computes takes seconds to import: not before the command line is known to be right
    from streamseg.capture import expand, parse_source
    from streamseg.render import kinds_of, stream_of
    from streamseg.render import render as render_stream

    kinds = kinds_of(config, only)
    config = replace_streams(config, expand([stream_of(config, parse_source(video), file)]))
    logs.configure(flags["verbose"], flags["log"])
    return render_stream(config, objects, kinds, verbose=flags["verbose"] > 0 or flags["log"] != "auto")
