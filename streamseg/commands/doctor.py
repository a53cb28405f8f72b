"""`streamseg doctor`: what this machine has and lacks."""

import click

from streamseg.commands.grouped_help import ExamplesCommand

_EXAMPLES = (
    ("streamseg doctor", "one line for each thing looked at"),
    ("streamseg doctor && streamseg run street.mp4", "run only where the main job can run"),
)


@click.command(cls=ExamplesCommand, examples=_EXAMPLES)
def doctor() -> int:
    """Say what this machine has and lacks, and what to do about it.

    Exit status 0 if the main job can run here, 1 if something that it needs is lacking.
    """
    from streamseg.doctor import examine

    findings = list(examine())
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        click.echo(f"{finding.state:6} {finding.subject:{width}}  {finding.text}")
    missing = [finding.subject for finding in findings if finding.state == "lacks" and finding.needed]
    click.echo(f"the main job cannot run here: {', '.join(missing)}" if missing else "the main job can run here")
    return 1 if missing else 0
