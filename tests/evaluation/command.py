"""`streamseg evaluate` as tests call it."""

from click.testing import CliRunner

from streamseg.commands.evaluate import evaluate


def run_evaluate(*arguments: object) -> str:
    """What the command prints; raises what it raises."""
    result = CliRunner().invoke(evaluate, list(map(str, arguments)), standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.output
