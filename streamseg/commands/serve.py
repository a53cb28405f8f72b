"""`streamseg serve`: the page of what earlier runs found."""

from typing import get_args

import click

from streamseg import logs
from streamseg.commands.flags_to_config import merge
from streamseg.commands.grouped_help import ExamplesCommand
from streamseg.config import Config
from streamseg.config_file import load

_EXAMPLES = (
    ("streamseg serve out", "at http://127.0.0.1:8765; the link to sign in is printed"),
    ("streamseg serve out --port 0", "at any port that is free"),
    ("streamseg run gate=rtsp://10.0.0.7/stream1 --serve", "while a run lasts it serves the same itself"),
)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("out", metavar="DIR", required=False)
@click.option("--config", "file", metavar="FILE", help="YAML whose sections web, index and output count")
@click.option("--host", metavar="ADDRESS", help="listen here; default: 127.0.0.1")
@click.option("--port", metavar="N", type=int, help="at this port; default: 8765; 0: any")
@click.option("--log", type=click.Choice(get_args(logs.Form)), default="auto", help="form of the log")
@click.option("-v", "--verbose", count=True, help="log more; -vv: everything")
def serve(out: str | None, file: str | None, log: logs.Form, verbose: int, **flags: str | int | None) -> int:
    """Show what runs into DIR found: every object, to be searched, looked at and approved.

    DIR (default: streamseg-out) is the output folder of runs with --index or --serve. Nothing is run.
    """
    config = merge(load(file) if file else Config(), {"out": out, "serve": True, **flags})
    from streamseg.serve import serve as serve_results  # takes seconds to import

    logs.configure(verbose, log)
    serve_results(config)
    return 0
