"""`clock`: virtual time, and how to let it pass."""

from __future__ import annotations

import click

from mailtrap.cli.groups import Commands
from mailtrap.cli.rules import duration
from mailtrap.cli.sandboxes import connect, url_option
from mailtrap.cli.terminal import print_json, say

_json = click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")


@click.group(cls=Commands, invoke_without_command=True, short_help="Show virtual time, or let it pass.")
@_json
@url_option
@click.pass_context
def clock(context: click.Context, as_json: bool, url: str | None) -> None:
    """Show virtual time: what the sandbox goes by for deliveries, greylisting and retention."""
    if context.invoked_subcommand is not None:
        return
    with connect(url) as client:
        answer = client.clock()
    if as_json:
        print_json(answer)
        return
    click.echo(answer["now"])
    if answer["ahead"]:
        say(f"{_span(answer['ahead'])} ahead of real time.")
    if answer["due"]:
        say(f"Something happens next at {answer['due']}.")


@clock.command(short_help="Let time pass at once.")
@click.argument("time", type=duration)
@_json
@url_option
def advance(time: float, as_json: bool, url: str | None) -> None:
    """Let so much time pass at once: 30s, 5m, 2h, 5d.

    Everything due by then happens, each at its own virtual time: retries, notices, expiries, ends of greylisting.
    """
    with connect(url, timeout=600) as client:
        answer = client.advance(time)
    if as_json:
        print_json(answer)
        return
    click.echo(answer["now"])
    came = [f"{count} {outcome}" for outcome, count in sorted(answer["outcomes"].items()) if count]
    came += [
        f"{answer[name]} {name[: None if answer[name] > 1 else -1]}" for name in ("attempts", "notices") if answer[name]
    ]
    if came:
        say(", ".join(came) + ".")


def _span(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.4g} {unit}"
    return f"{seconds:.4g} s"
