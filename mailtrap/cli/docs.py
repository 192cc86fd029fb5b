"""The commands as docs/commands.md has them, from the same objects that `--help` is made of."""

from __future__ import annotations

import inspect

import click

from mailtrap.cli import program


def markdown() -> str:
    """A section for each command: usage, what it does, its options."""
    return "\n".join(_children(program, click.Context(program, info_name="mailtrap")))


def _children(group: click.Group, context: click.Context) -> list[str]:
    lines: list[str] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            lines += _section(command, click.Context(command, info_name=name, parent=context))
    return lines


def _section(command: click.Command, context: click.Context) -> list[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"### {context.command_path}", "", "```", usage, "```", ""]
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        verbatim = paragraph.removeprefix("\b\n")
        lines += [" ".join(paragraph.split()), ""] if verbatim == paragraph else ["```", verbatim, "```", ""]
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    if command.name == "serve":
        # Its other flags are the table of settings, which has its own page.
        lines += ["Every setting of [settings.md](settings.md) is a flag. Besides:", ""]
        options = [option for option in options if option.name in ("config", "ready_file", "as_json")]
    if options:
        rows = [_row(option, context) for option in options]
        lines += ["| option | what it does |", "| --- | --- |", *rows, ""]
    return lines + (_children(command, context) if isinstance(command, click.Group) else [])


def _row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context) or (", ".join(option.opts), "")
    names, says = (text.replace("|", "\\|") for text in record)
    return f"| `{names}` | {says} |"
