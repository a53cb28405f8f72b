"""Help that reads in groups: options under headings, examples at the end."""

from typing import Any

import click


class GroupedOption(click.Option):
    """An option listed under the heading `group` of its command's help."""

    def __init__(self, *names: Any, group: str = "Options", **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.group = group


class _WithExamples(click.Command):
    """A command whose help ends in examples, one (command line, what it does) a row."""

    def __init__(self, *names: Any, examples: tuple[tuple[str, str], ...] = (), **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            for line, purpose in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")
                formatter.write(f"{'':{formatter.current_indent + 4}}{purpose}\n")


class ExamplesGroup(_WithExamples, click.Group):
    """A group of commands with examples of its own, which lists them in the order they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


class ExamplesCommand(_WithExamples):
    """A command whose help groups its options and ends in examples."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            row = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            if row is not None:
                groups.setdefault(getattr(option, "group", "Options"), []).append(row)
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
