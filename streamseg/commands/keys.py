"""`streamseg keys`: makes a CURVE key pair for endpoints beyond this machine."""

import os

import click

from streamseg.commands.grouped_help import ExamplesCommand
from streamseg.errors import ConfigError

_EXAMPLES = (
    ("streamseg keys gate.key", "the secret key into a file that only you can read; prints the public one"),
    ("streamseg keys", "prints both"),
)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
@click.argument("file", required=False)
def keys(file: str | None) -> None:
    """Make a pair of CURVE keys (ZeroMQ's encryption), 40 characters each.

    Who publishes keeps a secret key (publish.key_env names the environment variable that holds it: export
    STREAMSEG_PUBLISH_KEY=$(cat gate.key)) and tells its public one to subscribers; who subscribes makes a pair as well,
    and its public key goes into publish.subscribers.
    """
    from streamseg.runtime.curve import Keys  # zmq takes a moment

    pair = Keys.new()
    if file is None:
        click.echo(f"public {pair.public.decode()}\nsecret {pair.secret.decode()}")
        return
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as out:
            out.write(pair.secret + b"\n")
    except FileExistsError as error:
        raise ConfigError(f"{file}: exists already; a key is never replaced, give another name") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from error
    click.echo(pair.public.decode())
