"""`inboxes`: piles of messages, one for a test or a person each."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mailtrap.cli.groups import Commands
from mailtrap.cli.sandboxes import connect, url_option
from mailtrap.cli.terminal import line, print_json, say
from mailtrap.client import Json

_json = click.option("--json", "as_json", is_flag=True, help="Print what the API answers.")


@click.group(cls=Commands, invoke_without_command=True, short_help="Keep mail apart: list, add, remove inboxes.")
@click.pass_context
def inboxes(context: click.Context) -> None:
    """Keep mail apart. A client that logs in with a user name finds its mail in the inbox of that name.

    So does mail for `x+NAME@…` and `x@NAME.test`, once there is that inbox, and mail with `X-Mail-Inbox: NAME`.
    Without a COMMAND it lists the inboxes.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@inboxes.command("list")
@_json
@url_option
def list_(as_json: bool, url: str | None) -> None:
    """List the inboxes: name, messages, unread ones, rules and limits."""
    with connect(url) as client:
        answer = client.inboxes()
    if as_json:
        print_json(answer)
        return
    for inbox in answer["inboxes"]:
        click.echo("\t".join((inbox["name"], str(inbox["messages"]), str(inbox["unseen"]), _in_words(inbox))).rstrip())


def _in_words(inbox: Json) -> str:
    """`to a@b.test, helo ci-*, ttl 60s`"""
    words = [f"to {line(address)}" for address in inbox["addresses"]]
    words += [f"{kind} {line(inbox[kind])}" for kind in ("listener", "helo", "peer") if inbox[kind]]
    words += ["has a token"] if inbox["has_token"] else []
    words += [f"{name} {inbox[key]:g}s" for name, key in (("ttl", "ttl"), ("age", "max_age")) if inbox[key]]
    words += [f"at most {inbox['max_messages']}"] if inbox["max_messages"] else []
    return ", ".join(words)


@inboxes.command(short_help="Make an inbox.")
@click.argument("name", required=False)
@click.option("--token", is_flag=True, help="Make a token that opens this inbox alone, and print it.")
@click.option("--ttl", type=click.FloatRange(0), metavar="SECONDS", help="Remove it after so long without mail.")
@click.option("--max-messages", type=click.IntRange(0), metavar="N", help="Beyond so many the oldest go.")
@click.option("--max-age", type=click.FloatRange(0), metavar="SECONDS", help="Older messages go.")
@click.option("--address", "addresses", multiple=True, metavar="ADDRESS", help="Its recipient; @DOMAIN for all of it.")
@click.option("--helo", metavar="PATTERN", help="Clients that say this in EHLO; * is any run of characters.")
@click.option("--peer", metavar="PATTERN", help="Clients from this address.")
@click.option("--listener", metavar="PATTERN", help="Mail that comes this way: smtp, smtps, http.")
@_json
@url_option
def add(
    name: str | None,
    token: bool,
    ttl: float | None,
    max_messages: int | None,
    max_age: float | None,
    addresses: Sequence[str],
    helo: str | None,
    peer: str | None,
    listener: str | None,
    as_json: bool,
    url: str | None,
) -> None:
    """Make an inbox and print its name; without NAME it is given one."""
    wishes = {
        "ttl": ttl,
        "max_messages": max_messages,
        "max_age": max_age,
        "addresses": list(addresses) or None,
        "helo": helo,
        "peer": peer,
        "listener": listener,
    }
    with connect(url) as client:
        made = client.add_inbox(name, token=token, **{key: value for key, value in wishes.items() if value is not None})
    if as_json:
        print_json(made)
        return
    click.echo(made["name"] if not made["token"] else f"{made['name']}\t{made['token']}")


@inboxes.command(short_help="Remove inboxes with their messages.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_json
@url_option
def remove(names: Sequence[str], as_json: bool, url: str | None) -> None:
    """Remove inboxes with their messages and rules. What is in another one too stays there."""
    with connect(url) as client:
        answers = [client.remove_inbox(name) for name in names]
    if as_json:
        print_json({"count": sum([answer["count"] for answer in answers])})
        return
    for name, answer in zip(names, answers, strict=True):
        say(f"Removed {line(name)} with {answer['count']} messages.")
