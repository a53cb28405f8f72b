"""The command `streamseg`: joins the commands and turns errors into one line and an exit status; no logic.

A new command is one file in commands/ and one name in COMMANDS.
"""

import sys
from collections.abc import Sequence

import click

from streamseg.capture.redact import redact
from streamseg.commands.bench import bench
from streamseg.commands.camera import camera
from streamseg.commands.check import check
from streamseg.commands.ctl import ctl
from streamseg.commands.doctor import doctor
from streamseg.commands.evaluate import evaluate
from streamseg.commands.export import export
from streamseg.commands.init import init
from streamseg.commands.keys import keys
from streamseg.commands.render import render
from streamseg.commands.run import run
from streamseg.commands.serve import serve
from streamseg.commands.train import train
from streamseg.errors import ConfigError, ModelError, StreamsegError

# fmt: off
COMMANDS: tuple[click.Command, ...] = (
    run, serve, ctl, check, init, doctor, render, train, evaluate, export, bench, camera, keys,
)
# fmt: on

FAILED, USAGE, INTERRUPTED = 1, 2, 130


class _InOrder(click.Group):
    """Lists its commands in the order they were added: the main job first."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="streamseg", message="%(prog)s %(version)s")
def streamseg() -> None:
    """Lift moving objects out of live video: cut-outs with soft alpha, annotated video, metadata.

    \b
    streamseg run street.mp4                        one file, results in streamseg-out/
    streamseg run 'synthetic://street?seconds=20'   the built-in street, needs no video
    streamseg COMMAND --help                        every option, with examples

    Exit status: 0 all done, 1 some of it failed, 2 bad usage or configuration, 130 interrupted.
    """


for _command in COMMANDS:
    streamseg.add_command(_command)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's own) and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return streamseg.main(arguments, prog_name="streamseg", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.UsageError as error:
        _report(f"{error.format_message()} (see '{error.ctx.command_path if error.ctx else 'streamseg'} --help')")
        return USAGE
    except click.ClickException as error:
        _report(error.format_message())
        return error.exit_code
    except click.Abort:
        _report("interrupted")
        return INTERRUPTED
    except StreamsegError as error:
        _report(str(error))
        return USAGE if isinstance(error, ConfigError | ModelError) else FAILED


def _report(message: str) -> None:
    """One line on stderr for each line of the message, without credentials."""
    for line in redact(message).splitlines():
        click.echo(f"streamseg: error: {line}", err=True)
